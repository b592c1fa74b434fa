"""A fleet that is started for a measurement, and what its processes take of the processor."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from measuring import Running
from native.errors import LaunchError
from native.home import Home
from native.ports import free_port

START_SECONDS, STOP_SECONDS = 900, 120  # the first start builds the FHIR server
TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def own_fleet() -> Iterator[Home]:
    """A fleet without demo data in a folder of its own, which is gone afterwards.

    Raises:
        LaunchError: it does not start.
    """
    folder = tempfile.mkdtemp(prefix="quill-bench-")
    home, port = Home(Path(folder, "home")), free_port()
    Path(folder).chmod(0o711)  # PostgreSQL may run as another user
    environment = os.environ | {"QUILL_HOME": str(home.root), "QUILL_PORT": str(port), "DEMO": "0"}
    command = [sys.executable, "-m", "native", "run"]
    try:
        with Path(folder, "launcher.log").open("w+") as told:
            launcher = subprocess.Popen(command, env=environment, stdout=told, stderr=told)  # noqa: S603
            try:
                _wait_until_up(home, launcher, Path(told.name))
                yield home
            finally:
                launcher.send_signal(signal.SIGTERM)
                launcher.wait(STOP_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_up(home: Home, launcher: subprocess.Popen[bytes], told: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not home.accounts.exists():
        if launcher.poll() is not None or time.monotonic() > deadline:
            raise LaunchError(f"the fleet did not start:\n{told.read_text()[-2000:]}")
        time.sleep(0.2)


def processor_seconds(fleet: Running) -> Mapping[str, float]:
    """By the fleet's names: what each process has taken of the processor so far, with those that it started."""
    spent, parents = dict[int, float](), dict[int, int]()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        pid = int(entry.parent.name)
        parents[pid], spent[pid] = int(fields[1]), sum(map(int, fields[11:15])) / TICK  # proc_pid_stat(5)
    return {name: _of_tree(one["pid"], spent, parents) for name, one in fleet.processes.items()}


def _of_tree(root: int, spent: Mapping[int, float], parents: Mapping[int, int]) -> float:
    children = (pid for pid, parent in parents.items() if parent == root)
    return spent.get(root, 0.0) + sum(_of_tree(child, spent, parents) for child in children)
