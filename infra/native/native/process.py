"""How one program is started, watched for readiness and ended; nothing about which programs there are."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from native.errors import LaunchError
from native.users import SystemUser

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_INHERITED = (
    "PATH",
    "LD_LIBRARY_PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "SSL_CERT_FILE",
)


@dataclass(frozen=True)
class Command:
    """A program with its arguments; secrets travel in `env`, never in `argv`, which every user can see."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: Path = Path("/")
    user: SystemUser | None = None  # None: as the launcher
    stop_signal: signal.Signals = signal.SIGTERM


@dataclass(frozen=True)
class Program:
    """A server of the fleet: how to run it, when it is ready, and where it stands in the order of stopping."""

    name: str
    command: Command
    port: int
    ready: Callable[[], Awaitable[bool]]
    tier: int = 0  # higher tiers stop first
    url: str = ""
    patience: float = 120.0  # seconds until it must be ready
    grace: float = 15.0  # seconds between the polite stop and SIGKILL
    prepare: Callable[[], None] = lambda: None  # runs before every start, the first and later ones


def base_environment() -> dict[str, str]:
    """What every child may know of the person's environment."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def start_options(command: Command, *, log: Path) -> dict[str, Any]:
    """Options for subprocess: own session, so that the terminal's Ctrl-C reaches only the launcher, output to the log.

    On Linux the child gets its stop signal when the launcher dies, however it dies.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    options: dict[str, Any] = {
        "cwd": command.cwd,
        "env": {**base_environment(), **command.env},
        "stdout": output,
        "stderr": asyncio.subprocess.STDOUT,
        "start_new_session": True,
        "preexec_fn": _die_with_parent(command.stop_signal),
    }
    if command.user is not None:
        options |= {"user": command.user.uid, "group": command.user.gid, "extra_groups": []}
    return options


def _die_with_parent(signum: signal.Signals) -> Callable[[], None] | None:
    if _libc is None:
        return None
    prctl, parent = _libc.prctl, os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signum))
        if os.getppid() != parent:  # it died before the call above
            os.kill(os.getpid(), signal.SIGKILL)

    return arrange


async def spawn(command: Command, *, log: Path, stdin: int = asyncio.subprocess.DEVNULL) -> asyncio.subprocess.Process:
    """Start the program and return at once; a program that is not there raises LaunchError."""
    options = start_options(command, log=log)
    try:
        return await asyncio.create_subprocess_exec(*command.argv, stdin=stdin, **options)
    except OSError as error:
        raise LaunchError(f"{command.argv[0]} cannot be started: {error.strerror}.") from error
    finally:
        os.close(options["stdout"])


async def end(process: asyncio.subprocess.Process, *, command: Command, grace: float) -> None:
    """Stop politely, after `grace` seconds by force; children it left in its process group go with it."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(command.stop_signal)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def run_to_end(command: Command, *, what: str, log: Path, seconds: float, stdin: bytes = b"") -> None:
    """Run a one-shot command; a failure or a time-out raises LaunchError with the end of its log."""
    process = await spawn(command, log=log, stdin=asyncio.subprocess.PIPE)
    try:
        await asyncio.wait_for(process.communicate(stdin), seconds)
    except TimeoutError:
        raise LaunchError(f"{what} took longer than {seconds:.0f} s; see {log}.") from None
    finally:
        await end(process, command=command, grace=5)
    if process.returncode != 0:
        raise LaunchError(f"{what} failed with exit code {process.returncode}; see {log}:\n{tail(log)}")


def tail(log: Path, *, lines: int = 12) -> str:
    """The last lines of a log, for the person who has to find out why."""
    with suppress(FileNotFoundError):
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    return ""
