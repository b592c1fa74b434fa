"""A database that is set back to an older dump: what was done meanwhile is done again, and nobody is told twice."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from common import consumer
from common.audit import Access, Actor
from common.consumer import consumes
from common.db import Database
from common.events import AccessRecorded, LetterAmended, LetterCreated
from common.operations import Operation, OperationKind, Outcome
from common.outbox import OutboxRow, Relay
from common.work import Work
from nats.aio.client import Client
from provision.streams import provision
from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel import col, select
from stand_in import ORIGIN

pytestmark = pytest.mark.anyio


class Note(BaseModel):
    text: str


@dataclass
class Shelf:
    """A backend that stores notes by id; our database is dumped before the first one."""

    database: Database
    notes: dict[UUID, str] = field(default_factory=dict)


async def put_note(shelf: Shelf, operation: Operation[Note]) -> UUID:
    if not shelf.notes:
        await execute(shelf.database, "CREATE TABLE dump AS TABLE operations")
    shelf.notes[operation.target_id] = operation.intent.text
    return operation.target_id


async def announce_note(_session: object, operation: Operation[Note], note_id: UUID) -> Outcome:
    ids = {"letter_uid": note_id, "patient_id": note_id, "author_id": note_id}
    facts = [LetterCreated(**ids, version=1), LetterAmended(**ids, version=2), LetterAmended(**ids, version=3)]
    access = Access(action="C", resource="note", resource_id=str(note_id))
    return Outcome(answer={"id": str(note_id)}, events=facts, audit=[access, access])


PUT_NOTE = OperationKind(name="note.put", intent=Note, perform=put_note, finish=announce_note)


@pytest.fixture
def relay(database: Database, client: Client) -> Relay:
    return Relay(database, client, origin=ORIGIN)


@pytest.fixture
def work(database: Database, relay: Relay) -> Work[Shelf]:
    return Work("letters", database, Shelf(database), relay, (PUT_NOTE,))


async def execute(database: Database, *statements: str) -> None:
    async with database.transaction() as session:
        for statement in statements:
            await session.execute(text(statement))


async def write(work: Work[Shelf]) -> UUID:
    written = await work.operation(PUT_NOTE, Note(text="x"), actor=Actor(user_id=uuid4()), idempotency=None)
    return UUID(written.answer["id"])


async def restore(work: Work[Shelf]) -> None:
    """The database is as it was before the first note was put, some time ago."""
    await execute(
        work.database,
        "TRUNCATE operations, outbox",
        "INSERT INTO operations SELECT * FROM dump",
        "UPDATE operations SET lease_until = now(), next_try_at = now()",
    )


async def told(work: Work[Shelf]) -> list[tuple[str, UUID]]:
    async with work.database.transaction() as session:
        rows = await session.scalars(select(OutboxRow).order_by(col(OutboxRow.seq)))
        return [(row.subject, row.id) for row in rows]


async def test_operation_carried_through_again_announces_and_records_under_the_same_ids(work: Work[Shelf]) -> None:
    note_id = await write(work)
    before = await told(work)
    await restore(work)
    assert await told(work) == []
    assert await work.complete_overdue() is True
    assert await told(work) == before
    amended, recorded = LetterAmended.subject, f"{AccessRecorded.subject}.letters"
    assert [subject for subject, _ in before] == [LetterCreated.subject, amended, amended, recorded, recorded]
    assert len({event_id for _, event_id in before}) == 5
    assert set(work.backend.notes) == {note_id}


async def test_operations_announce_under_ids_of_their_own(work: Work[Shelf]) -> None:
    await write(work)
    await write(work)
    assert len({event_id for _, event_id in await told(work)}) == 10


async def test_event_of_an_operation_carried_through_again_is_handled_once(
    work: Work[Shelf], relay: Relay, client: Client
) -> None:
    await provision(client.jetstream())
    handled: list[UUID] = []

    @consumes(LetterCreated, durable="notify-letter-created")
    async def collect(handling: Work[Shelf], event: LetterCreated) -> None:
        async with handling.transaction():
            handled.append(event.letter_uid)

    loops = [asyncio.create_task(relay.run()), asyncio.create_task(consumer.run(collect, work, client))]
    note_id = await write(work)
    await until_handled(handled, note_id)
    await restore(work)
    assert await work.complete_overdue() is True
    await until_handled(handled, await write(work))
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    assert handled.count(note_id) == 1


async def until_handled(handled: list[UUID], note_id: UUID) -> None:
    async with asyncio.timeout(10):
        while note_id not in handled:
            await asyncio.sleep(0.01)
