"""A clean fleet that is started for a measurement, and what its processes take of the processor."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from measuring import Running
from native.errors import LaunchError
from native.home import Home
from native.ports import free_port
from native.process import tail
from native.settings import REPOSITORY

START_SECONDS = 600.0  # a first start builds the FHIR server
STOP_SECONDS = 60.0
OF_MACHINE = {"QUILL_CACHE", "QUILL_JAVA_HOME"}
TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach, gone at the end."""
    made = Path(tempfile.mkdtemp(prefix="quill-bench-"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def clean_fleet(home: Path, **settings: str) -> Iterator[Running]:
    """A fleet with nothing in it but what `make run` puts there, told nothing but these settings.

    Args:
        home: where it keeps its state; its log is beside it.
        settings: by the names of .env.example.

    Raises:
        LaunchError: it does not start, or not stop.
    """
    log = home.with_name(f"{home.name}.log")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUILL_") or name in OF_MACHINE}
    env = {**kept, "QUILL_HOME": str(home), "QUILL_PORT": str(free_port()), **settings}
    with log.open("wb") as output:
        command = [sys.executable, "-m", "native", "run"]
        launcher = subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=output, stderr=output)  # noqa: S603
    try:
        _wait_until_up(launcher, Home(home).accounts, log)
        yield Running(Home(home))
    finally:
        _stop(launcher, log)


def _stop(launcher: subprocess.Popen[bytes], log: Path) -> None:
    launcher.send_signal(signal.SIGTERM)
    try:
        launcher.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise LaunchError(f"the fleet did not stop within {STOP_SECONDS:.0f} s:\n{tail(log)}") from error


def _wait_until_up(launcher: subprocess.Popen[bytes], accounts: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not accounts.exists():
        if launcher.poll() is not None or time.monotonic() > deadline:
            raise LaunchError(f"the fleet did not start:\n{tail(log)}")
        time.sleep(0.1)


def processor_seconds(fleet: Running) -> Mapping[str, float]:
    """By the fleet's names: what each process has taken of the processor so far, with those that it started."""
    spent, parents = dict[int, float](), dict[int, int]()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            parents[int(entry.name)], spent[int(entry.name)] = _parent_and_time(int(entry.name))
    return {name: _of_tree(one["pid"], spent, parents) for name, one in fleet.processes.items()}


def cpu_seconds(pid: int) -> float:
    """The processor time that a process with all its threads has had."""
    return _parent_and_time(pid)[1]


def _parent_and_time(pid: int) -> tuple[int, float]:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICK  # proc_pid_stat(5)


def _of_tree(root: int, spent: Mapping[int, float], parents: Mapping[int, int]) -> float:
    children = (pid for pid, parent in parents.items() if parent == root)
    return spent.get(root, 0.0) + sum(_of_tree(child, spent, parents) for child in children)
