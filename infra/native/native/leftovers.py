"""Ends what an earlier launcher of the same home left behind when it was killed itself."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from native.home import Home, read_json

MARK = "QUILL_PROCESS"  # set in the environment of every server, so that a recycled pid is never taken for ours


def mark(home: Home, name: str) -> dict[str, str]:
    """The environment that makes a process recognisable as server `name` of this home."""
    return {MARK: f"{name}@{home.root}"}


def end_leftovers(home: Home, *, seconds: float = 10.0) -> list[str]:
    """Stop servers recorded in a stale fleet.json that are truly this home's; returns their names."""
    recorded = (read_json(home.fleet) or {}).get("processes", [])
    ours = {entry["pid"]: entry["name"] for entry in recorded if is_ours(home, entry["name"], entry["pid"])}
    for pid, name in ours.items():
        _send(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(is_ours(home, name, pid) for pid, name in ours.items()):
        time.sleep(0.1)
    for pid, name in ours.items():
        if is_ours(home, name, pid):
            _send(pid, signal.SIGKILL)
    home.fleet.unlink(missing_ok=True)
    return list(ours.values())


def is_ours(home: Home, name: str, pid: int) -> bool:
    """Whether the living process `pid` carries this home's mark for server `name`; always False without /proc."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{MARK}={name}@{home.root}".encode() in environment


def _send(pid: int, signum: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signum)
