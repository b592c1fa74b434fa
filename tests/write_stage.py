"""A stage for the write path: workers that stand wherever a process can die, be frozen or lose an answer, until they
are let go on, and a backend to which requests come late."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from common.audit import Access
from common.db import Database
from common.errors import BackendUnavailable, Conflict, Invalid, VersionStale
from common.events import AccessRecorded, PatientCreated, PatientUpdated
from common.operations import Idempotency, Operation, OperationKind, Outcome
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

TABLES = """
    CREATE TABLE claims (name text PRIMARY KEY, target_id uuid NOT NULL);
    CREATE TABLE finished (target_id uuid PRIMARY KEY);
"""


class Worker:
    """What one process does, from one place where it stands to the next.

    told: the request that it carries out, None for the completer.
    target: the id that it chose for what is written, as far as it came to choose one.
    result: what it came to, an error too; None when it died.
    """

    def __init__(self, work: Callable[[], Awaitable[Any]], moved: asyncio.Event, told: "Told | None") -> None:
        self.told, self.place, self.target = told, "", UUID(int=0)
        self.result: Any = None
        self._moved, self._free = moved, False
        self._go: asyncio.Future[None] | None = None
        self._task = asyncio.create_task(self._run(work))

    async def _run(self, work: Callable[[], Awaitable[Any]]) -> None:
        _worker.set(self)
        try:
            self.result = await work()
        except Exception as error:  # noqa: BLE001 - the machine judges it
            self.result = error
        finally:
            self._moved.set()

    @property
    def ended(self) -> bool:
        return self._task.done()

    @property
    def stands(self) -> bool:
        return bool(self.place) and not self.ended

    async def stand(self, place: str) -> None:
        if not self._free:
            self.place, self._go = place, asyncio.get_running_loop().create_future()
            self._moved.set()
            try:
                await self._go
            finally:
                self.place = ""

    def go_on(self, *, error: Exception | None = None, free: bool = False) -> None:
        """Go to the next place, or fail at this one; `free`: stand nowhere any more."""
        assert self._go is not None
        self.place, self._free = "", free
        if error is None:
            self._go.set_result(None)
        else:
            self._go.set_exception(error)

    def crash(self) -> None:
        """Die here: what is not committed is rolled back."""
        self.place = ""
        self._task.cancel()


_worker: ContextVar[Worker | None] = ContextVar("worker", default=None)


async def stand(place: str) -> None:
    if worker := _worker.get():
        await worker.stand(place)


class StagedDatabase(Database):
    """A database in whose transactions workers stand: before the first statement, before the commit and after it."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        await stand("begin")
        async with super().transaction() as session:
            yield session
            await stand("commit")
        await stand("committed")


@dataclass(eq=False)
class Request:
    """A conditional write on its way to the backend; `answer` once it has landed: the version, or why there is none."""

    document: UUID
    base: int
    mark: UUID
    words: str
    answer: int | type[Exception] | None = None


@dataclass
class Ledger:
    """A backend with versioned documents, of which each version carries the mark of the operation that wrote it.

    Outsiders write to it too, without a mark, and use names that nobody else should use.
    """

    documents: dict[UUID, list[tuple[UUID | None, str]]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    in_flight: list[Request] = field(default_factory=list)

    async def put(self, request: Request) -> int | type[Exception]:
        """The sender may give up or die while its request is in flight; that lands or is lost all the same."""
        self.in_flight.append(request)
        await stand("sent")
        if request in self.in_flight:
            self.land(request)
        if request.answer is None:
            raise BackendUnavailable
        return request.answer

    def land(self, request: Request) -> None:
        self.in_flight.remove(request)
        versions = self.documents.get(request.document, [])
        if request.words.startswith("bad"):
            request.answer = Invalid
        elif len(versions) != request.base:
            request.answer = VersionStale
        else:
            self.documents[request.document] = [*versions, (request.mark, request.words)]
            request.answer = len(versions) + 1

    def lose(self, mark: UUID) -> None:
        """What is assumed where a look goes before a write: an earlier request has landed by then, or never does."""
        self.in_flight = [request for request in self.in_flight if request.mark != mark]

    async def read(self, document: UUID, version: int) -> UUID | None:
        """The mark of a version, if there is that version and it has one."""
        await stand("read")
        versions = self.documents.get(document, [])
        return versions[version - 1][0] if version <= len(versions) else None

    async def names_used(self) -> set[str]:
        await stand("read")
        return self.names


class WriteDocument(BaseModel):
    """The words that take the place of version `base`, 0 for a new document; `name` is one to be used by it alone."""

    document: UUID | None = None
    base: int = 0
    words: str
    name: str | None = None


@dataclass(frozen=True)
class Told:
    """A client's request: what it wants written, and its key."""

    intent: WriteDocument
    key: str | None

    @property
    def idempotency(self) -> Idempotency | None:
        return Idempotency(self.key, self.intent.words) if self.key else None


@dataclass(frozen=True)
class Written:
    document: UUID
    version: int


async def _claim(session: AsyncSession, operation: Operation[WriteDocument]) -> None:
    if worker := _worker.get():
        worker.target = operation.target_id
    if operation.intent.name:
        claim = text("INSERT INTO claims VALUES (:name, :target) ON CONFLICT DO NOTHING RETURNING name")
        values = {"name": operation.intent.name, "target": operation.target_id}
        if await session.scalar(claim, values) is None:
            raise Conflict


async def _release(session: AsyncSession, operation: Operation[WriteDocument]) -> None:
    await session.execute(text("DELETE FROM claims WHERE target_id = :target"), {"target": operation.target_id})


async def _perform(ledger: Ledger, operation: Operation[WriteDocument]) -> Written:
    """As patients writes to its FHIR server."""
    intent, mark = operation.intent, operation.target_id
    document = intent.document or mark
    if intent.name and intent.name in await ledger.names_used():
        if await ledger.read(document, intent.base + 1) == mark:
            return Written(document, intent.base + 1)
        ledger.lose(mark)
        raise Conflict
    answer = await ledger.put(Request(document, intent.base, mark, intent.words))
    if isinstance(answer, int):
        return Written(document, answer)
    if answer is VersionStale and await ledger.read(document, intent.base + 1) == mark:
        return Written(document, intent.base + 1)
    raise answer


async def _finish(session: AsyncSession, operation: Operation[WriteDocument], written: Written) -> Outcome:
    # A row that only one of two can write, as notify's.
    await session.execute(text("INSERT INTO finished VALUES (:target)"), {"target": operation.target_id})
    fact = PatientUpdated if operation.intent.base else PatientCreated
    return Outcome(
        answer={"document": str(written.document), "version": written.version},
        events=[fact(patient_id=written.document, version=written.version)],
        audit=[Access(action="C", resource="document", resource_id=str(operation.target_id))],
    )


WRITE_DOCUMENT = OperationKind(
    name="document.write", intent=WriteDocument, perform=_perform, finish=_finish, claim=_claim, release=_release
)


class Row(NamedTuple):
    """An operation as it is stored."""

    target_id: UUID
    key: str | None
    state: str
    answer: dict[str, Any] | None
    payload: dict[str, Any] | None


@dataclass(frozen=True)
class Stored:
    """What our database holds now."""

    rows: list[Row]
    facts: Counter[tuple[str, int]]
    entries: Counter[str]
    claims: dict[str, UUID]


LOOK = """
    SELECT (SELECT coalesce(json_agg(json_build_array(target_id, idempotency_key, state, answer, payload)), '[]')
            FROM operations),
           (SELECT coalesce(json_agg(outbox), '[]') FROM outbox),
           (SELECT coalesce(json_agg(claims), '[]') FROM claims)
"""


async def look(observer: asyncpg.Connection) -> Stored:
    """What is committed now."""
    operations, told, claims = map(json.loads, await observer.fetchrow(LOOK))
    entries = [row for row in told if row["subject"].startswith(AccessRecorded.subject)]
    facts = [row for row in told if row not in entries]
    return Stored(
        rows=[Row(UUID(target), *rest) for target, *rest in operations],
        facts=Counter((row["body"]["patient_id"], row["body"]["version"]) for row in facts),
        entries=Counter(row["body"]["resource_id"] for row in entries),
        claims={row["name"]: UUID(row["target_id"]) for row in claims},
    )
