"""Keeps the fleet's servers alive, tells fleet.json who they are, and stops them in reverse order."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from native.errors import LaunchError
from native.home import Home, write_json
from native.process import Program, end, spawn, tail

_FIRST_PAUSE = 0.2  # seconds before the first restart; doubles up to:
_LONGEST_PAUSE = 5.0
_STEADY = 10.0  # a process that lived this long begins again with the first pause
_MOST_FAILURES = 6  # ends before the first readiness that make the start fail


@dataclass
class _Kept:
    """A program and the process that runs it at the moment."""

    program: Program
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    process: asyncio.subprocess.Process | None = None
    failures: int = 0
    keeper: asyncio.Task[None] | None = None


class Supervisor:
    """Starts programs and restarts those that die until told to stop."""

    def __init__(self, home: Home, *, nats: Callable[[], object], report: Callable[[str], None]) -> None:
        self._home = home
        self._nats = nats
        self._report = report
        self._kept: dict[str, _Kept] = {}

    @property
    def programs(self) -> list[tuple[Program, int]]:
        """What runs now, with the pid of each."""
        return [(kept.program, kept.process.pid) for kept in self._kept.values() if kept.process is not None]

    async def start(self, program: Program) -> int:
        """Start it, wait until it is ready and return its pid; raises LaunchError when it never becomes ready."""
        kept = self._kept[program.name] = _Kept(program)
        kept.keeper = asyncio.create_task(self._keep(kept), name=program.name)
        deadline = time.monotonic() + program.patience
        while kept.process is None or not await program.ready():
            if kept.keeper.done():
                kept.keeper.result()
            if kept.failures >= _MOST_FAILURES or time.monotonic() > deadline:
                log = self._home.log(program.name)
                raise LaunchError(f"{program.name} does not become ready; see {log}:\n{tail(log)}")
            await asyncio.sleep(0.1)
        return kept.process.pid

    async def stop(self) -> None:
        """Stop everything, the highest tier first, programs of one tier together; then remove fleet.json."""
        for tier in sorted({kept.program.tier for kept in self._kept.values()}, reverse=True):
            keepers = [self._release(kept) for kept in self._kept.values() if kept.program.tier == tier]
            await asyncio.gather(*keepers, return_exceptions=True)
        self._home.fleet.unlink(missing_ok=True)

    def kill(self) -> None:
        """End everything at once, for somebody who does not want to wait for `stop`."""
        for kept in self._kept.values():
            kept.stopping.set()
            if kept.process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(kept.process.pid, signal.SIGKILL)

    def _release(self, kept: _Kept) -> asyncio.Task[None]:
        kept.stopping.set()
        assert kept.keeper is not None  # noqa: S101 - set where it is stored
        return kept.keeper

    async def _keep(self, kept: _Kept) -> None:
        """Own one process: start it, wait for its end or the order to stop it, start it again."""
        program, pause = kept.program, _FIRST_PAUSE
        while not kept.stopping.is_set():
            program.prepare()
            kept.process = await spawn(program.command, log=self._home.log(program.name))
            self._publish()
            began = time.monotonic()
            await _either(kept.process.wait(), kept.stopping.wait())
            code = kept.process.returncode
            await end(kept.process, command=program.command, grace=program.grace)
            kept.process = None
            if kept.stopping.is_set():
                return
            self._publish()
            kept.failures += 1
            pause = _FIRST_PAUSE if time.monotonic() - began > _STEADY else pause
            self._report(f"{program.name} ended ({code}); starting it again in {pause:.1f} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(kept.stopping.wait(), pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _publish(self) -> None:
        """Write fleet.json by rename, so that a reader never sees half of it."""
        processes = []
        for program, pid in self.programs:
            entry: dict[str, Any] = {"name": program.name, "pid": pid, "port": program.port}
            processes.append(entry | ({"url": program.url} if program.url else {}))
        write_json(self._home.fleet, {"processes": processes, "nats": self._nats()})


async def _either(*waits: Any) -> None:
    """Return when the first of them is done; the others are given up."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
