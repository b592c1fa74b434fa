"""The time as this process sees it. A test may move it, through a port of its own that production refuses."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

_moved = timedelta()


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC) + _moved


def monotonic() -> float:
    """Seconds on a clock that nobody sets, moved like the other, for what grows old in memory."""
    return time.monotonic() + _moved.total_seconds()


def offset() -> timedelta:
    """How far this process's time was moved; SQL that reads the database's clock adds it."""
    return _moved


def move_to(seconds: float) -> None:
    """Be so many seconds ahead of the machine's clock from now on."""
    global _moved
    _moved = timedelta(seconds=seconds)


async def listen(port: int) -> asyncio.Server:
    """Take lines with an offset in seconds on this loopback port; each is answered once it holds.

    Raises:
        OSError: the port is taken.
    """

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        move_to(float(await reader.readline()))
        writer.write(b"moved\n")
        writer.close()

    return await asyncio.start_server(take, "127.0.0.1", port)
