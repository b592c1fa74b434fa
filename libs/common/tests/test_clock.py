"""A test can move a service's time through its port, and only through it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from common import clock
from native.ports import free_port

pytestmark = pytest.mark.anyio
NEARLY = timedelta(seconds=60)


async def order(port: int, line: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(line)
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.usefixtures("move_clock")
async def test_order_moves_both_clocks_and_is_answered_when_it_holds() -> None:
    port, began = free_port(), clock.monotonic()
    async with await clock.listen(port):
        assert await order(port, b"86400\n") == b"moved\n"
    assert abs(clock.now() - datetime.now(UTC) - timedelta(days=1)) < NEARLY
    assert clock.monotonic() - began >= 86400
    assert clock.offset() == timedelta(days=1)


@pytest.mark.usefixtures("move_clock")
async def test_order_replaces_the_one_before_it() -> None:
    port = free_port()
    async with await clock.listen(port):
        await order(port, b"3600\n")
        await order(port, b"60.5\n")
    assert clock.offset() == timedelta(seconds=60.5)
