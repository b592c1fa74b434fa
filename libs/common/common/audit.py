"""Who did what to whose record: an entry is part of the transaction of the work it describes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from common import clock, outbox
from common.events import AccessRecorded
from common.logging import traceparent

type Action = Literal["C", "R", "U", "D", "E"]
type AccessOutcome = Literal["ok", "denied", "failed"]
# Entries with their ids and the traces that they belong to.
type Note = tuple[UUID, AccessRecorded, str]
type Noted = Sequence[Note]
# Keeps what a transaction noted of a source, before what is in its outbox is stored and it commits.
type Keep = Callable[[AsyncSession, str, Noted], Awaitable[None]]

_NOTED = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, as far as an audit entry needs to know; it is stored with an operation that outlives its request."""

    user_id: UUID | None
    roles: tuple[str, ...] = ()
    address: str | None = None
    request_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The members as JSON values."""
        return {
            "user_id": str(self.user_id) if self.user_id else None,
            "roles": list(self.roles),
            "address": self.address,
            "request_id": self.request_id,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Actor":
        """The reverse of `to_json`."""
        user_id = UUID(value["user_id"]) if value["user_id"] else None
        return cls(
            user_id=user_id, roles=tuple(value["roles"]), address=value["address"], request_id=value["request_id"]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What was done: C create, R read, U update, D delete, E execute (IHE BALP)."""

    action: Action
    resource: str
    resource_id: str | None = None
    patient_id: UUID | None = None
    outcome: AccessOutcome = "ok"


def note_of(actor: Actor, access: Access, *, entry_id: UUID | None = None) -> Note:
    """The entry of what is done now.

    Args:
        actor: who acted.
        access: what was done.
        entry_id: when it could be noted again in another life of the database; a fresh one otherwise.
    """
    entry = AccessRecorded(
        at=clock.now(),
        actor_id=actor.user_id,
        roles=list(actor.roles),
        action=access.action,
        resource=access.resource,
        resource_id=access.resource_id,
        patient_id=access.patient_id,
        outcome=access.outcome,
        address=actor.address,
        request_id=actor.request_id,
    )
    return entry_id or uuid4(), entry, traceparent.get()


def note(session: AsyncSession, *entries: Note) -> None:
    """Have entries stored with the session's transaction."""
    session.info.setdefault(_NOTED, []).extend(entries)


def noted(session: AsyncSession) -> Noted:
    """What was noted in this session, in its order; asking again finds nothing."""
    entries: Noted = session.info.pop(_NOTED, [])
    return entries


async def send_to_auth(session: AsyncSession, source: str, entries: Noted) -> None:
    """Keep entries in the outbox, which carries them to auth's trail; what every service but auth does.

    Args:
        source: the service that saw it; the subject ends in it, so that no service can speak for another.
    """
    for entry_id, entry, trace in entries:
        traceparent.set(trace)
        outbox.add(session, entry, source=source, subject=f"{AccessRecorded.subject}.{source}", event_id=entry_id)
