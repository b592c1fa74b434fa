"""Strangers are counted, and what was counted reaches the audit trail."""

import asyncio
from collections.abc import Callable

import pytest
from common import refusals
from common.db import Database
from common.outbox import OutboxRow
from common.work import Work
from sqlalchemy import select

pytestmark = pytest.mark.anyio


@pytest.fixture
def work(database: Database) -> Work[None]:
    return Work("patients", database, None)


async def told(work: Work[None]) -> dict[str | None, str]:
    """By address, how many refusals the audit trail will know of."""
    async with work.database.transaction() as session:
        bodies = [row.body for row in await session.scalars(select(OutboxRow))]
    assert {(body["resource"], body["outcome"], body["actor_id"]) for body in bodies} <= {("anonymous", "denied", None)}
    return {body["address"]: body["resource_id"] for body in bodies}


async def test_refusals_of_a_minute_leave_one_entry_for_each_address(
    work: Work[None], move_clock: Callable[[float], None]
) -> None:
    counting = asyncio.create_task(work.run_strangers())
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1", None):
        work.strangers.count(address)
    await asyncio.sleep(0)
    assert await told(work) == {}
    move_clock(61)
    while not await told(work):
        await asyncio.sleep(0.05)
    assert await told(work) == {"192.0.2.1": "2", "192.0.2.2": "1", None: "1"}
    counting.cancel()


async def test_refusals_are_stored_when_the_service_stops(work: Work[None]) -> None:
    counting = asyncio.create_task(work.run_strangers())
    await asyncio.sleep(0)
    work.strangers.count("192.0.2.1")
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)
    assert await told(work) == {"192.0.2.1": "1"}


async def test_refusals_are_kept_while_the_database_is_away(work: Work[None]) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    absent = Work("patients", away, None, strangers=work.strangers)
    for _ in range(3):
        work.strangers.count("192.0.2.1")
        await absent.record_strangers()
    await work.record_strangers()
    assert await told(work) == {"192.0.2.1": "3"}
    await away.close()


async def test_addresses_beyond_the_limit_are_counted_together(work: Work[None]) -> None:
    for number in range(refusals.MOST_ADDRESSES + 3):
        work.strangers.count(f"192.0.2.{number}")
    work.strangers.count("192.0.2.0")
    counted = work.strangers.take()
    assert (len(counted), counted[None], counted["192.0.2.0"]) == (refusals.MOST_ADDRESSES + 1, 3, 2)
