"""Write-ahead operations: a write to a backend is stored as an intent first, so that it is finished whatever dies.

begin (transaction) → perform (backend, no transaction) → finish (transaction with event and audit entry) → answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel
from sqlalchemy import CheckConstraint, Column, DateTime, Index, UniqueConstraint, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import Field, SQLModel, col

from common import clock
from common.audit import Access, Actor
from common.errors import BeingWorkedOn, KeyReused, OutcomeUnknown, QuillError, ReplayedError
from common.events import Event
from common.logging import traceparent

PERFORM_SECONDS = 5.0
LEASE = timedelta(seconds=9)
KEY_KEPT = timedelta(hours=24)
MAX_BACKOFF_SECONDS = 60.0


class OperationRow(SQLModel, table=True):
    """One accepted write: INTENT until the backend is known to have it (DONE) or to refuse it (FAILED)."""

    __tablename__ = "operations"
    __table_args__ = (
        UniqueConstraint("caller_id", "idempotency_key", name="operations_key"),
        CheckConstraint("state IN ('INTENT', 'DONE', 'FAILED')", name="operations_state"),
        Index("operations_open", "next_try_at", postgresql_where=text("state = 'INTENT'")),
        Index(
            "operations_keyed",
            "created_at",
            postgresql_where=text("idempotency_key IS NOT NULL AND state <> 'INTENT'"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    kind: str
    caller_id: UUID
    idempotency_key: str | None = None
    request_hash: str | None = None
    target_id: UUID = Field(default_factory=uuid4)
    payload: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    actor: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = "INTENT"
    answer: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    lease_epoch: int = 1
    attempts: int = 1
    lease_until: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    next_try_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))

    def close(self, state: str, answer: Mapping[str, Any]) -> None:
        """Settle the operation; what it carried is forgotten."""
        self.state, self.answer, self.payload = state, dict(answer), None


_ROWS = SQLModel.metadata.tables[OperationRow.__tablename__]
WAITING = select(func.count(), func.min(col(OperationRow.created_at))).where(col(OperationRow.state) == "INTENT")


@dataclass(frozen=True, slots=True)
class Operation[I: BaseModel]:
    """An intent being carried out: the same from the request and from the completer."""

    target_id: UUID
    intent: I
    actor: Actor
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What finishing leaves behind: ids and versions for the stored answer, the facts, the audit entries.

    The ids of facts and entries follow from their places, so what is added later in the life of a kind comes last.
    """

    answer: Mapping[str, Any]
    events: Sequence[Event] = ()
    audit: Sequence[Access] = ()


@dataclass(frozen=True, slots=True)
class Completed[C]:
    """`committed` is what the backend said just now, None when the answer was stored earlier."""

    answer: Mapping[str, Any]
    committed: C | None = None

    @property
    def replayed(self) -> bool:
        """Whether an earlier request did the work."""
        return self.committed is None


async def _nothing(_session: AsyncSession, _operation: Any) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationKind[B, I: BaseModel, C]:
    """What an operation does.

    perform: idempotent backend call for `operation.target_id`; a QuillError below 500 means refused for good. So it
        must hold for earlier attempts too, whose answers were lost: the backend refuses every one of them for the same
        reason, or perform has looked whether one was done.
    finish: in the closing transaction; stores what belongs to it and says what to announce.
    claim: in the opening transaction; raises when something unique is taken.
    release: undoes `claim` when the backend refused.
    """

    name: str
    intent: type[I]
    perform: Callable[[B, Operation[I]], Awaitable[C]]
    finish: Callable[[AsyncSession, Operation[I], C], Awaitable[Outcome]]
    claim: Callable[[AsyncSession, Operation[I]], Awaitable[None]] = field(default=_nothing)
    release: Callable[[AsyncSession, Operation[I]], Awaitable[None]] = field(default=_nothing)


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A caller's key and the hash of method, path and body that it stands for."""

    key: str
    request_hash: str


def operation_of[I: BaseModel](kind: OperationKind[Any, I, Any], row: OperationRow) -> Operation[I]:
    """The typed operation of a stored row whose payload is still there."""
    intent = kind.intent.model_validate(row.payload)
    return Operation(row.target_id, intent, Actor.from_json(row.actor), row.created_at)


async def begin[I: BaseModel](
    session: AsyncSession,
    kind: OperationKind[Any, I, Any],
    intent: I,
    *,
    actor: Actor,
    idempotency: Idempotency | None,
) -> OperationRow:
    """Store the intent, or find the one that this key already stands for and take it over when nobody works on it.

    Raises:
        KeyReused: the key was used for another request.
        BeingWorkedOn: the first request with this key is still running (or its key was forgotten this very moment).
        ReplayedError: that request was refused; the same refusal again.
    """
    now = clock.now()
    values = OperationRow(
        kind=kind.name,
        caller_id=actor.user_id or UUID(int=0),
        idempotency_key=idempotency.key if idempotency else None,
        request_hash=idempotency.request_hash if idempotency else None,
        payload=intent.model_dump(mode="json"),
        actor=actor.to_json() | {"traceparent": traceparent.get()},
        lease_until=now + LEASE,
        next_try_at=now + LEASE,
        created_at=now,
    )
    if idempotency is None:
        session.add(values)
        await session.flush()
    elif not await _insert_unless_known(session, values):
        return await _resume(session, values, now=now)
    await kind.claim(session, operation_of(kind, values))
    return values


async def _insert_unless_known(session: AsyncSession, row: OperationRow) -> bool:
    statement = insert(OperationRow).values(**row.model_dump()).on_conflict_do_nothing(constraint="operations_key")
    inserted = await session.scalar(statement.returning(col(OperationRow.id)))
    return inserted is not None


async def _resume(session: AsyncSession, wanted: OperationRow, *, now: datetime) -> OperationRow:
    key = {"caller_id": wanted.caller_id, "idempotency_key": wanted.idempotency_key}
    known = (await session.scalars(select(OperationRow).filter_by(**key).with_for_update())).one_or_none()
    if known is None:
        raise BeingWorkedOn
    if known.request_hash != wanted.request_hash:
        raise KeyReused
    if known.state == "FAILED":
        raise ReplayedError.of(known.answer or {})
    if known.state == "INTENT":
        if known.lease_until > now:
            raise BeingWorkedOn
        known.sqlmodel_update(_leased(known, now=now))
    return known


def _leased(row: Any, *, now: datetime) -> dict[str, Any]:
    """What a row becomes whose work somebody takes up; of the table's columns, what an update sets."""
    until = now + LEASE
    again = {"lease_epoch": row.lease_epoch + 1, "attempts": row.attempts + 1}
    return {**again, "lease_until": until, "next_try_at": until}


async def take_overdue(connection: AsyncConnection) -> OperationRow | None:
    """Lease one intent that its request did not finish, by one statement; other replicas skip it."""
    now = clock.now()
    overdue = (
        select(col(OperationRow.id))
        .where(
            col(OperationRow.state) == "INTENT",
            col(OperationRow.next_try_at) < now,
            col(OperationRow.lease_until) < now,
        )
        .order_by(col(OperationRow.next_try_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    lease = update(_ROWS).where(_ROWS.c.id == overdue.scalar_subquery()).values(**_leased(_ROWS.c, now=now))
    taken = (await connection.execute(lease.returning(_ROWS))).one_or_none()
    return OperationRow(**taken._asdict()) if taken else None


async def perform[B, I: BaseModel, C](kind: OperationKind[B, I, C], backend: B, operation: Operation[I]) -> C:
    """Call the backend within the deadline.

    Raises:
        OutcomeUnknown: it did not answer, or not in a way that settles the matter.
        QuillError: it refused for good (below 500).
    """
    try:
        async with asyncio.timeout(PERFORM_SECONDS):
            return await kind.perform(backend, operation)
    except TimeoutError as error:
        raise OutcomeUnknown from error
    except QuillError as error:
        if error.retryable:
            raise OutcomeUnknown from error
        raise


async def hold(session: AsyncSession, row: OperationRow) -> OperationRow:
    """Lock an operation that this worker is about to settle, before anything else is written.

    Raises:
        OutcomeUnknown: another worker took it over meanwhile (its epoch has moved on); that one's outcome counts.
    """
    mine = select(OperationRow).filter_by(id=row.id, lease_epoch=row.lease_epoch, state="INTENT")
    held = (await session.scalars(mine.with_for_update())).one_or_none()
    if held is None:
        raise OutcomeUnknown
    return held


async def give_back(session: AsyncSession, row: OperationRow) -> None:
    """Let go of an intent that did not settle; it is tried again after a growing pause."""
    now = clock.now()
    pause = timedelta(seconds=min(2.0 ** min(row.attempts, 10), MAX_BACKOFF_SECONDS))
    await session.execute(
        update(OperationRow)
        .where(col(OperationRow.id) == row.id, col(OperationRow.lease_epoch) == row.lease_epoch)
        .values(lease_until=now, next_try_at=now + pause)
    )


async def forget_keys(session: AsyncSession) -> bool:
    """Release idempotency keys after 24 hours, a thousand at most; whether there were any.

    Settled operations keep their record.
    """
    old = (
        select(col(OperationRow.id))
        .where(
            col(OperationRow.created_at) < clock.now() - KEY_KEPT,
            col(OperationRow.state) != "INTENT",
            col(OperationRow.idempotency_key).is_not(None),
        )
        .limit(1000)
    )
    release = update(OperationRow).where(col(OperationRow.id).in_(old)).values(idempotency_key=None, request_hash=None)
    return bool((await session.scalars(release.returning(col(OperationRow.id)))).all())
