"""`Work` opens units of work and carries operations through; it is what use cases are given. No query lives here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import MutableHeaders

from common import audit, clock, inbox, metrics, operations, outbox
from common.audit import Access, Actor, Keep, Note, Noted
from common.db import Database, StorageUnavailable, Together
from common.errors import OutcomeUnknown, QuillError
from common.events import AccessRecorded, Event
from common.logging import begin_trace, get_logger
from common.nats import to_its_end
from common.operations import Completed, Idempotency, OperationKind, OperationRow, Outcome
from common.outbox import Relay
from common.refusals import Strangers

log = get_logger(__name__)

COMPLETER_POLL_SECONDS = 1.0
HOUSEKEEPING_SECONDS = 600.0
STRANGERS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Work[B]:
    """One service's database, backend and outbox, seen from a use case. Nothing is open until it is asked for.

    relay: whoever sends what is stored, if it is this process.
    """

    service: str
    database: Database
    backend: B
    relay: Relay | None = None
    kinds: Sequence[OperationKind[B, Any, Any]] = ()
    answer_headers: MutableHeaders = field(default_factory=MutableHeaders)
    cause: UUID | None = None
    cause_at: datetime | None = None
    keep: Keep = audit.send_to_auth
    strangers: Strangers = field(default_factory=Strangers)
    records: Together[Note] = field(default_factory=Together)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One unit of work with its audit entries; reached from an event, it also marks that event as handled.

        Raises:
            inbox.AlreadyHandled: the event that caused this work was handled before.
            StorageUnavailable: the database is away.
        """
        async with self.database.transaction() as session:
            if self.cause is not None:
                await inbox.mark(session, self.cause)
            yield session
            if entries := audit.noted(session):
                await self.keep(session, self.service, entries)
            await outbox.store(session)
        if self.relay is not None and outbox.stored(session):
            self.relay.wake()

    def caused_by(self, event_id: UUID, *, at: datetime | None = None) -> "Work[B]":
        """The same work, on behalf of a consumed event that happened at that time."""
        return replace(self, cause=event_id, cause_at=at)

    def announce(self, session: AsyncSession, event: Event) -> UUID:
        """Store a fact with the work; returns its id."""
        return outbox.add(session, event, source=self.service)

    def audit(self, session: AsyncSession, actor: Actor, access: Access) -> None:
        """Store an audit entry with the work."""
        audit.note(session, audit.note_of(actor, access))

    async def record(self, actor: Actor, access: Access) -> None:
        """Store an audit entry for work that changed nothing of ours, before it is answered: those of concurrent
        requests in one transaction."""
        await self.records.bring(audit.note_of(actor, access), self._record)

    async def _record(self, entries: Noted) -> None:
        async with self.transaction() as session:
            audit.note(session, *entries)

    async def operation[I: BaseModel, C](
        self, kind: OperationKind[B, I, C], intent: I, *, actor: Actor, idempotency: Idempotency | None
    ) -> Completed[C]:
        """Carry a write through, or give the stored answer of the request that did.

        Raises:
            OutcomeUnknown: accepted, but the backend did not settle it yet; it will be completed.
            QuillError: refused, by the claim or by the backend; nothing stays claimed.
        """
        row: OperationRow | None = None
        try:
            async with self.transaction() as session:
                row = await operations.begin(session, kind, intent, actor=actor, idempotency=idempotency)
            return self._replay(row) if row.state == "DONE" else await self._carry_through(kind, row)
        except StorageUnavailable as error:
            if row is None:
                raise
            raise OutcomeUnknown from error  # the intent may be stored, whatever became of the rest

    def _replay[C](self, row: OperationRow) -> Completed[C]:
        self.answer_headers["Idempotency-Replayed"] = "true"
        return Completed(answer=row.answer or {})

    async def _carry_through[I: BaseModel, C](self, kind: OperationKind[B, I, C], row: OperationRow) -> Completed[C]:
        operation = operations.operation_of(kind, row)
        try:
            committed = await operations.perform(kind, self.backend, operation)
        except OutcomeUnknown:
            async with self.database.transaction() as session:
                await operations.give_back(session, row)
            metrics.operations.labels(kind.name, "unknown").inc()
            raise
        except QuillError as refusal:
            async with self.transaction() as session:
                held = await operations.hold(session, row)
                await kind.release(session, operation)
                held.close("FAILED", refusal.problem)
            metrics.operations.labels(kind.name, "refused").inc()
            raise
        async with self.transaction() as session:
            held = await operations.hold(session, row)
            outcome = await kind.finish(session, operation, committed)
            held.close("DONE", outcome.answer)
            self._publish(session, row, outcome)
        metrics.operations.labels(kind.name, "done").inc()
        return Completed(answer=outcome.answer, committed=committed)

    def _publish(self, session: AsyncSession, row: OperationRow, outcome: Outcome) -> None:
        # Ids follow from the operation's: one that is carried through again, after its database was restored from an
        # older dump, announces nothing that consumers and the audit trail do not recognise.
        for place, event in enumerate(outcome.events):
            outbox.add(session, event, source=self.service, event_id=uuid5(row.id, f"{event.subject} {place}"))
        for place, access in enumerate(outcome.audit):
            entry_id = uuid5(row.id, f"{AccessRecorded.subject} {place}")
            audit.note(session, audit.note_of(Actor.from_json(row.actor), access, entry_id=entry_id))

    async def complete_overdue(self) -> bool:
        """Take one intent that its request left behind through to its end; False when there is none."""
        async with self.database.statement() as connection:
            row = await operations.take_overdue(connection)
        if row is None:
            return False
        kind = next(kind for kind in self.kinds if kind.name == row.kind)
        begin_trace(row.actor.get("traceparent"), request=row.actor["request_id"])
        try:
            await self._carry_through(kind, row)
        except QuillError as error:
            log.info("operation not completed", kind=kind.name, operation=str(row.id), problem=error.slug)
        return True

    async def run_completer(self) -> None:
        """Complete what requests left behind, until cancelled."""
        for kind in self.kinds:
            metrics.begin(metrics.operations, kind.name, outcomes=("done", "refused", "unknown"))
        while True:
            try:
                while await asyncio.create_task(self.complete_overdue()):
                    pass
            except StorageUnavailable:
                log.warning("completer waits for the database")
            except Exception:
                log.exception("completer failed on an operation")
            await asyncio.sleep(COMPLETER_POLL_SECONDS)

    async def record_strangers(self) -> None:
        """Store what strangers were refused since the last time."""
        counted = self.strangers.take()
        try:
            async with self.transaction() as session:
                for address, number in counted.items():
                    refused = Access(action="E", resource="anonymous", resource_id=str(number), outcome="denied")
                    self.audit(session, Actor(user_id=None, address=address), refused)
        except StorageUnavailable:
            for address, number in counted.items():
                self.strangers.count(address, number)

    async def run_strangers(self) -> None:
        """Store every minute what strangers were refused, until cancelled, and then the rest."""
        try:
            while True:
                due = clock.monotonic() + STRANGERS_SECONDS
                while clock.monotonic() < due:
                    await asyncio.sleep(1)
                await to_its_end(self.record_strangers())
        finally:
            await self.record_strangers()

    async def forget_the_past(self) -> None:
        """Drop what is past its time: keys, announced events, handled events."""
        for forget in (operations.forget_keys, outbox.forget_old, inbox.forget_old):
            await self.little_by_little(forget)

    async def little_by_little(self, forget: Callable[[AsyncSession], Awaitable[object]]) -> None:
        """Have some rows forgotten, again and again until none are left: all at once could take too long.

        Args:
            forget: drops some; whether there were any.
        """
        while await self._forget_some(forget):
            pass

    async def _forget_some(self, forget: Callable[[AsyncSession], Awaitable[object]]) -> object:
        async with self.database.transaction() as session:
            return await forget(session)


type Loop = Callable[[Work[Any]], Coroutine[Any, Any, None]]


def every(seconds: float, act: Loop) -> Loop:
    """A loop that acts again and again, until cancelled; what fails because the database is away is left for later."""

    async def loop(work: Work[Any]) -> None:
        while True:
            try:
                await act(work)
            except StorageUnavailable:
                log.warning("housekeeping waits for the database")
            await asyncio.sleep(seconds)

    return loop
