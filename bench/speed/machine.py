"""What Linux says of a process."""

import os
import platform
from pathlib import Path


def memory_megabytes(pid: int) -> float:
    """What of a process is in memory now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) * 1024 / 1e6


def environment(pid: int) -> dict[str, str]:
    """What a process was told when it was started."""
    told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(entry.decode().split("=", 1) for entry in told if entry)


def arguments(pid: int) -> list[str]:
    """How a process was started."""
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]


def describe() -> str:
    """The machine, in a few words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"{os.process_cpu_count()} cores ({names[0] if names else platform.machine()}), Linux {platform.release()}"
