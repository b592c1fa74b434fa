"""Looks at the processes of a run from outside all the time: whether they are there, and how much memory they take."""

import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from chaos.history import History
from fleet import Fleet

LOOK_SECONDS = 0.5
CONNECT_SECONDS = 0.5


class Watch:
    """What is seen goes into the history, the memory into `memory`: by process and pid, in MiB, from time to time."""

    def __init__(self, fleet: Fleet, history: History, *, names: Sequence[str], weighed: Sequence[str]) -> None:
        """
        Args:
            names: the processes.
            weighed: those of them whose memory counts.
        """
        self._fleet, self._history, self._names, self._weighed = fleet, history, names, weighed
        self.memory: dict[tuple[str, int], list[int]] = {}
        self._away: dict[str, float] = {}

    def run(self, over: threading.Event) -> None:
        """Look until it is over."""
        last = time.monotonic()
        while not over.wait(LOOK_SECONDS):
            now, running = time.monotonic(), self._fleet.processes
            for name in self._names:
                if name in running and _is_there(int(running[name]["port"])):
                    self._back(name)
                else:
                    self._away.setdefault(name, last)
                if name in running and name in self._weighed:
                    self._weigh(name, int(running[name]["pid"]))
            last = now
        for name in tuple(self._away):
            self._back(name)

    def _back(self, name: str) -> None:
        if name in self._away:
            self._history.harm(f"{name} away", (name.partition("-")[0],), began=self._away.pop(name))

    def _weigh(self, name: str, pid: int) -> None:
        with suppress(OSError, StopIteration):
            status = Path(f"/proc/{pid}/status").read_text().splitlines()
            kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
            self.memory.setdefault((name, pid), []).append(kilobytes // 1024)


type Memory = Mapping[tuple[str, int], Sequence[int]]


def _is_there(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=CONNECT_SECONDS):
        return True
    return False
