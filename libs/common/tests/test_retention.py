"""What is remembered of an event outlives every copy of it that could still come."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from common import inbox, outbox
from common.db import Database, StorageUnavailable
from common.events import RETENTION, STREAMS, PatientCreated
from common.inbox import AlreadyHandled
from common.outbox import OutboxRow
from common.work import Work, every
from sqlmodel import col, update

pytestmark = pytest.mark.anyio

MAX_AGE = {stream.name: stream.max_age for stream in STREAMS}
AUDIT_KEPT = timedelta(days=365)  # at least; the database's own function sees to it
WEEK = timedelta(days=7)  # of clocks that differ and of housekeeping that comes late

type MoveClock = Callable[[float], None]


@pytest.fixture
def work(database: Database) -> Work[None]:
    return Work("notify", database, None)


async def handle(work: Work[None], event_id: UUID) -> None:
    async with work.caused_by(event_id).transaction():
        pass


async def keep_house(work: Work[None]) -> None:
    async with work.transaction() as session:
        await inbox.forget_old(session)
        await outbox.forget_old(session)


async def is_stored(work: Work[None], event_id: UUID) -> bool:
    async with work.transaction() as session:
        return await session.get(OutboxRow, event_id) is not None


@pytest.mark.parametrize(
    "later",
    [RETENTION, RETENTION + max(MAX_AGE[name] for name in ("AUTH", "PATIENTS", "LETTERS")), MAX_AGE["DLQ"] + RETENTION],
    ids=["published again", "read late after it was published again", "dead letter handed again"],
)
async def test_event_that_comes_on_its_last_day_was_not_forgotten(
    work: Work[None], move_clock: MoveClock, later: timedelta
) -> None:
    event_id = uuid4()
    await handle(work, event_id)
    move_clock((later + WEEK).total_seconds())
    await keep_house(work)
    with pytest.raises(AlreadyHandled):
        await handle(work, event_id)


async def test_event_that_can_come_no_more_is_forgotten(work: Work[None], move_clock: MoveClock) -> None:
    event_id = uuid4()
    await handle(work, event_id)
    move_clock((inbox.KEPT + timedelta(hours=1)).total_seconds())
    await keep_house(work)
    await handle(work, event_id)


async def test_outbox_keeps_what_its_stream_keeps_and_what_was_never_published(
    work: Work[None], move_clock: MoveClock
) -> None:
    async with work.transaction() as session:
        waiting, sent = (work.announce(session, PatientCreated(patient_id=uuid4(), version=1)) for _ in range(2))
        await outbox.store(session)
        published = update(OutboxRow).where(col(OutboxRow.id) == sent)
        await session.execute(published.values(published_at=col(OutboxRow.created_at)))
    move_clock((RETENTION - timedelta(hours=1)).total_seconds())
    await keep_house(work)
    assert await is_stored(work, sent)
    move_clock((RETENTION + timedelta(hours=1)).total_seconds())
    await keep_house(work)
    assert (await is_stored(work, sent), await is_stored(work, waiting)) == (False, True)


def test_audit_entry_is_kept_longer_than_any_copy_of_its_event() -> None:
    assert RETENTION + MAX_AGE["DLQ"] + MAX_AGE["AUDIT"] <= AUDIT_KEPT


async def test_what_is_done_every_so_often_goes_on_after_the_database_was_away(work: Work[None]) -> None:
    seen, enough = list[Work[None]](), asyncio.Event()

    async def act(given: Work[None]) -> None:
        seen.append(given)
        if len(seen) == 1:
            raise StorageUnavailable
        if len(seen) == 3:
            enough.set()

    loop = asyncio.create_task(every(0, act)(work))
    await asyncio.wait([loop, asyncio.create_task(enough.wait())], return_when=asyncio.FIRST_COMPLETED)
    assert loop.cancel()
    assert seen[:3] == [work] * 3
