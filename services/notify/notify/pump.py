"""The loop that the senders share: take what is due, send it outside of any transaction, store what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from common.db import StorageUnavailable
from common.logging import begin_trace, get_logger

log = get_logger(__name__)

POLL_SECONDS = 1.0
STOP_SECONDS = 3.0
GATHER_SECONDS = 0.01  # what ends at about the same time makes room for more than one at a time
STORE_TRIES = 60  # what was sent is sent again if the database stays away for longer


async def run[T](
    take: Callable[[int], Coroutine[Any, Any, Sequence[T]]],
    send: Callable[[T], Coroutine[Any, Any, None]],
    *,
    due: asyncio.Event,
    limit: int,
) -> None:
    """Send until cancelled: at once when something was committed here, within a second what others left.

    Args:
        take: at most so many pieces of work that are due; nobody else has them for a while.
        send: does one of them; what it raises is logged.
        due: set when there may be something to take.
        limit: how many are being sent at once.
    """
    sending = set[asyncio.Task[object]]()
    try:
        while True:
            due.clear()
            free = limit - len(sending)
            taken = await survive(take(free)) or ()
            for one in taken:
                task: asyncio.Task[object] = asyncio.create_task(survive(send(one)))
                sending.add(task)
                task.add_done_callback(sending.discard)
            if len(taken) == free:
                await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(GATHER_SECONDS)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(due.wait(), POLL_SECONDS)
    finally:
        # What was sent already is stored, so that a restart does not send it again.
        late = (await asyncio.wait(sending, timeout=STOP_SECONDS))[1] if sending else set()
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def survive[T](step: Coroutine[Any, Any, T]) -> T | None:
    """Do one step of a loop, a trace of its own, that goes on whatever happens; None when it failed."""
    begin_trace()
    try:
        return await step
    except StorageUnavailable:
        log.warning("sender waits for the database")
    except Exception:
        log.exception("sender failed")
    return None


async def store(attempt: Callable[[], Awaitable[None]]) -> None:
    """Store what came of sending, as soon as the database is there."""
    for _ in range(STORE_TRIES):
        with suppress(StorageUnavailable):
            await attempt()
            return
        await asyncio.sleep(POLL_SECONDS / 2)
