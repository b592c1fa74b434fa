"""One run of the fleet from the first lock to the last process: start, wait for a signal, stop."""

import asyncio
import signal
from contextlib import suppress

from native import caddy, demo
from native.errors import LaunchError
from native.fleet import Fleet
from native.home import Home, write_json, write_text
from native.leftovers import end_leftovers
from native.progress import Progress
from native.settings import Settings

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run(settings: Settings, progress: Progress) -> int:
    """Run until a signal comes; returns the exit code: 0 after a clean stop, 1 when the start failed."""
    stop = _stop_event()
    home = Home(settings.home)
    try:
        home.create()
        with home.held():
            for name in end_leftovers(home):
                progress.line(f"ended {name}, left over from a start that was killed")
            home.accounts.unlink(missing_ok=True)
            caddy.check_port(settings.port)
            return await _run_fleet(Fleet(settings, home, progress), home, progress, stop)
    except LaunchError as error:
        progress.text(f"make run: {error}")
        return 1


async def _run_fleet(fleet: Fleet, home: Home, progress: Progress, stop: asyncio.Event) -> int:
    failures: list[str] = []
    try:
        async with progress.shown():
            await _until(stop, _bring_up(fleet, home, progress))
        if not stop.is_set():
            progress.line("all is up; Ctrl-C stops it")
            await stop.wait()
    except* LaunchError as group:
        failures += dict.fromkeys(str(error) for error in _leaves(group))
    finally:
        progress.line("stopping")
        _kill_on_second_signal(fleet)
        home.accounts.unlink(missing_ok=True)
        await fleet.supervisor.stop()
        progress.line("stopped")
    for failure in failures:
        progress.text(f"make run: {failure}")
    return 1 if failures else 0


async def _bring_up(fleet: Fleet, home: Home, progress: Progress) -> None:
    await fleet.start()
    accounts = []
    if fleet.context.settings.demo and not fleet.context.settings.stores_only:
        with progress.step("putting in the demo's patients, letters and accounts"):
            accounts = await demo.seed(fleet.context)
    write_text(home.push_origin, fleet.context.push_origins[-1] + "\n")
    progress.text(f"\n  {fleet.context.settings.origin}")
    for account in accounts:
        progress.text(f"  {account['role']:<10} {account['username']:<10} {account['password']}")
    progress.text("")
    write_json(home.accounts, accounts)  # last: who waits for the fleet waits for this file


async def _until(stop: asyncio.Event, work: "asyncio._CoroutineLike[None]") -> None:
    """Do the work unless the order to stop comes first; then it is cancelled and waited for."""
    task, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not task.done():
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    for signum in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    return stop


def _kill_on_second_signal(fleet: Fleet) -> None:
    """From now on a signal ends everything at once; make and timeout send their one signal twice, hence the second."""
    loop = asyncio.get_running_loop()
    hurry_after = loop.time() + 1.0

    def hurry() -> None:
        if loop.time() > hurry_after:
            fleet.supervisor.kill()

    for signum in _SIGNALS:
        loop.add_signal_handler(signum, hurry)


def _leaves(group: BaseExceptionGroup[LaunchError]) -> list[LaunchError]:
    found: list[LaunchError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
