"""The write path: whatever happens to a worker, an accepted write ends once, with one event."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from common.audit import Access, Actor
from common.db import Database, StorageUnavailable, Together
from common.errors import BackendUnavailable, BeingWorkedOn, Conflict, KeyReused, OutcomeUnknown, ReplayedError
from common.events import PatientCreated
from common.logging import traceparent
from common.operations import Idempotency, Operation, OperationKind, OperationRow, Outcome
from common.outbox import OutboxRow, Relay
from common.work import Work
from nats.aio.client import Client
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from stand_in import ORIGIN

pytestmark = pytest.mark.anyio

ACTOR = Actor(user_id=uuid4(), roles=("clinician",))
KEY = Idempotency("key-1", "hash-1")


class Note(BaseModel):
    text: str


@dataclass
class Shelf:
    """A backend that stores notes by id and can be told to misbehave."""

    notes: dict[UUID, str] = field(default_factory=dict)
    calls: int = 0
    lose_answers: int = 0
    refuse: bool = False
    hold: asyncio.Event | None = None


async def put_note(shelf: Shelf, operation: Operation[Note]) -> int:
    shelf.calls += 1
    refused = shelf.refuse
    if not refused:
        shelf.notes[operation.target_id] = operation.intent.text
    if shelf.hold is not None:
        await shelf.hold.wait()
    if refused:
        raise Conflict
    if shelf.lose_answers:
        shelf.lose_answers -= 1
        raise BackendUnavailable
    return 1


async def announce_note(_session: AsyncSession, operation: Operation[Note], version: int) -> Outcome:
    return Outcome(
        answer={"id": str(operation.target_id), "version": version},
        events=[PatientCreated(patient_id=operation.target_id, version=version)],
        audit=[Access(action="C", resource="note", resource_id=str(operation.target_id))],
    )


PUT_NOTE = OperationKind(name="note.put", intent=Note, perform=put_note, finish=announce_note)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def work(database: Database, shelf: Shelf) -> Work[Shelf]:
    return Work("patients", database, shelf, kinds=(PUT_NOTE,))


async def subjects(work: Work[Shelf]) -> list[str]:
    async with work.database.transaction() as session:
        return list(await session.scalars(select(OutboxRow.subject).order_by(text("seq"))))  # type: ignore[call-overload]


async def rows(work: Work[Shelf]) -> list[OperationRow]:
    async with work.database.transaction() as session:
        return list(await session.scalars(select(OperationRow)))


async def expire_leases(work: Work[Shelf]) -> None:
    async with work.database.transaction() as session:
        await session.execute(text("UPDATE operations SET lease_until = now(), next_try_at = now()"))


async def write(work: Work[Shelf], *, key: Idempotency | None = KEY, words: str = "hello") -> dict[str, object]:
    completed = await work.operation(PUT_NOTE, Note(text=words), actor=ACTOR, idempotency=key)
    return {**completed.answer, "replayed": completed.replayed}


async def test_write_leaves_one_event_one_audit_entry_and_no_payload(work: Work[Shelf], shelf: Shelf) -> None:
    answer = await write(work)
    assert shelf.notes == {UUID(str(answer["id"])): "hello"}
    assert await subjects(work) == [PatientCreated.subject, "quill.audit.v1.access.recorded.patients"]
    (row,) = await rows(work)
    assert (row.state, row.payload, row.answer) == ("DONE", None, {"id": answer["id"], "version": 1})


async def test_same_key_same_request_gives_first_answer_without_second_write(work: Work[Shelf], shelf: Shelf) -> None:
    first = await write(work)
    again = await write(work)
    assert again == first | {"replayed": True}
    assert (shelf.calls, len(await subjects(work))) == (1, 2)
    assert work.answer_headers["Idempotency-Replayed"] == "true"


async def test_same_key_other_request_is_refused(work: Work[Shelf]) -> None:
    await write(work)
    with pytest.raises(KeyReused):
        await write(work, key=Idempotency("key-1", "another"))


async def test_same_key_of_another_caller_is_another_key(work: Work[Shelf], shelf: Shelf) -> None:
    await write(work)
    await work.operation(PUT_NOTE, Note(text="x"), actor=Actor(user_id=uuid4()), idempotency=KEY)
    assert len(shelf.notes) == 2


async def test_key_being_worked_on_is_refused_for_now(work: Work[Shelf], shelf: Shelf) -> None:
    shelf.hold = asyncio.Event()
    running = asyncio.create_task(write(work))
    while not shelf.calls:
        await asyncio.sleep(0.01)
    with pytest.raises(BeingWorkedOn):
        await write(work)
    shelf.hold.set()
    assert (await running)["replayed"] is False


async def test_refusal_of_the_backend_is_stored_and_replayed_without_event(work: Work[Shelf], shelf: Shelf) -> None:
    shelf.refuse = True
    with pytest.raises(Conflict):
        await write(work)
    shelf.refuse = False
    with pytest.raises(ReplayedError) as replayed:
        await write(work)
    assert (replayed.value.status, shelf.calls, await subjects(work)) == (409, 1, [])
    assert (await rows(work))[0].payload is None


async def test_lost_answer_is_unknown_then_completed_once(work: Work[Shelf], shelf: Shelf) -> None:
    shelf.lose_answers = 1
    with pytest.raises(OutcomeUnknown):
        await write(work)
    assert await subjects(work) == []
    await expire_leases(work)
    assert await work.complete_overdue() is True
    assert await work.complete_overdue() is False
    assert (await subjects(work)).count(PatientCreated.subject) == 1
    assert (await write(work))["replayed"] is True
    assert len(shelf.notes) == 1


async def test_retry_takes_an_abandoned_intent_over_at_once(work: Work[Shelf], shelf: Shelf) -> None:
    shelf.lose_answers = 1
    with pytest.raises(OutcomeUnknown):
        await write(work)
    assert (await write(work))["replayed"] is False
    assert (len(shelf.notes), (await subjects(work)).count(PatientCreated.subject)) == (1, 1)


async def test_worker_that_lost_its_lease_cannot_announce_a_second_time(work: Work[Shelf], shelf: Shelf) -> None:
    shelf.hold = asyncio.Event()
    frozen = asyncio.create_task(write(work))
    while not shelf.calls:
        await asyncio.sleep(0.01)
    await expire_leases(work)
    hold, shelf.hold = shelf.hold, None
    assert await work.complete_overdue() is True
    hold.set()
    with pytest.raises(OutcomeUnknown):
        await frozen
    assert (await subjects(work)).count(PatientCreated.subject) == 1


async def test_refusal_that_comes_after_another_worker_took_over_is_told_to_nobody(
    work: Work[Shelf], shelf: Shelf
) -> None:
    shelf.hold, shelf.refuse = asyncio.Event(), True
    frozen = asyncio.create_task(write(work))
    while not shelf.calls:
        await asyncio.sleep(0.01)
    await expire_leases(work)
    hold, shelf.hold, shelf.refuse = shelf.hold, None, False
    assert await work.complete_overdue() is True
    hold.set()
    with pytest.raises(OutcomeUnknown):
        await frozen
    assert (await write(work))["replayed"] is True


async def test_hanging_backend_ends_as_unknown_within_the_deadline(
    work: Work[Shelf], shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.operations.PERFORM_SECONDS", 0.05)
    shelf.hold = asyncio.Event()
    with pytest.raises(OutcomeUnknown):
        await asyncio.wait_for(write(work), 2)


async def test_claim_that_fails_leaves_nothing(work: Work[Shelf], shelf: Shelf) -> None:
    async def taken(_session: AsyncSession, _operation: Operation[Note]) -> None:
        raise Conflict

    kind = OperationKind(name="note.put", intent=Note, perform=put_note, finish=announce_note, claim=taken)
    with pytest.raises(Conflict):
        await work.operation(kind, Note(text="x"), actor=ACTOR, idempotency=KEY)
    assert (await rows(work), shelf.calls) == ([], 0)


async def test_twenty_requests_with_one_key_write_once(work: Work[Shelf], shelf: Shelf) -> None:
    results = await asyncio.gather(*(write(work) for _ in range(20)), return_exceptions=True)
    written = [one for one in results if isinstance(one, dict)]
    assert all(isinstance(one, dict | BeingWorkedOn) for one in results)
    assert len({one["id"] for one in written}) == 1
    assert (len(shelf.notes), (await subjects(work)).count(PatientCreated.subject)) == (1, 1)


async def test_relay_is_woken_by_what_it_has_to_send(database: Database) -> None:
    woken = 0

    class Counted(Relay):
        def wake(self) -> None:
            nonlocal woken
            woken += 1

    work = Work("patients", database, Shelf(), Counted(database, Client(), origin=ORIGIN))
    async with work.transaction() as session:
        await session.execute(text("SELECT 1"))
    assert woken == 0
    async with work.transaction() as session:
        work.announce(session, PatientCreated(patient_id=uuid4(), version=1))
    await work.record(ACTOR, Access(action="R", resource="note"))
    assert woken == 2


class CountedDatabase(Database):
    """Counts transactions, and is away when told so."""

    transactions = 0
    away = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        self.transactions += 1
        if self.away:
            raise StorageUnavailable
        async with super().transaction() as session:
            yield session


@pytest.fixture
async def counted(database: Database) -> AsyncIterator[CountedDatabase]:
    counted = CountedDatabase(database.engine.url.render_as_string(hide_password=False).replace("+asyncpg", ""))
    yield counted
    await counted.close()


async def recorded(database: Database) -> dict[str, str]:
    """The traces of the audit entries that wait in the outbox, by what they are about."""
    async with database.transaction() as session:
        rows = (await session.scalars(select(OutboxRow))).all()
    return {row.body["resource_id"]: row.headers.get("traceparent", "") for row in rows}


async def read(work: Work[Shelf], number: int) -> None:
    """A request that records what it read, in a trace of its own."""
    traceparent.set(f"trace-{number}")
    await work.record(ACTOR, Access(action="R", resource="note", resource_id=str(number)))


async def test_entries_of_concurrent_requests_are_committed_together_each_before_its_answer(
    counted: CountedDatabase,
) -> None:
    work = Work("patients", counted, Shelf())
    async with asyncio.TaskGroup() as requests:
        for number in range(50):
            requests.create_task(read(work, number))
    assert counted.transactions <= 3
    assert await recorded(counted) == {str(number): f"trace-{number}" for number in range(50)}


async def test_entries_that_cannot_be_stored_are_told_to_every_request(counted: CountedDatabase) -> None:
    work = Work("patients", counted, Shelf())
    counted.away = True
    results = await asyncio.gather(*(read(work, number) for number in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [StorageUnavailable] * 5
    counted.away = False
    await read(work, 7)
    assert list(await recorded(counted)) == ["7"]


async def test_what_cannot_be_done_takes_nothing_else_with_it() -> None:
    together, done = Together[int](), list[list[int]]()

    async def do(some: Sequence[int]) -> None:
        await asyncio.sleep(0)
        if 3 in some:
            raise ValueError(3)
        done.append(list(some))

    results = await asyncio.gather(*(together.bring(number, do) for number in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [type(None)] * 3 + [ValueError, type(None)]
    assert done == [[0], [1], [2], [4]]


async def test_what_comes_meanwhile_is_done_next_and_in_its_order() -> None:
    together, done = Together[int](most=3), list[list[int]]()

    async def do(some: Sequence[int]) -> None:
        await asyncio.sleep(0)
        done.append(list(some))

    await asyncio.gather(*(together.bring(number, do) for number in range(7)))
    assert done == [[0, 1, 2], [3, 4, 5], [6]]


async def test_request_that_is_given_up_keeps_no_other_waiting(counted: CountedDatabase) -> None:
    work = Work("patients", counted, Shelf())
    given_up, other = (asyncio.create_task(read(work, number)) for number in (1, 2))
    await asyncio.sleep(0)
    given_up.cancel()
    await other
    assert "2" in await recorded(counted)
