"""Which events a service has handled: the other half of exactly-once, written with the work an event caused."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Column, DateTime, Index
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from common import clock
from common.db import delete_some

# An event comes for the last time when a second copy of it among the dead letters (90 days) is handed to its consumer
# again, and is read from the stream on its last day there (30). A month more is for clocks and for late housekeeping.
KEPT = timedelta(days=150)


class AlreadyHandled(Exception):
    """The event was handled before; acknowledge it and do nothing."""


class InboxRow(SQLModel, table=True):
    """An event that was handled."""

    __tablename__ = "inbox"
    __table_args__ = (Index("inbox_handled", "handled_at"),)

    event_id: UUID = Field(primary_key=True)
    handled_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


_MARK = insert(InboxRow.__table__).on_conflict_do_nothing()  # type: ignore[attr-defined]


async def mark(session: AsyncSession, event_id: UUID) -> None:
    """Claim an event for this transaction.

    Raises:
        AlreadyHandled: an earlier transaction handled it.
    """
    marked = await session.execute(_MARK, {"event_id": event_id, "handled_at": clock.now()})
    if not marked.rowcount:  # type: ignore[attr-defined]
        raise AlreadyHandled


async def forget_old(session: AsyncSession) -> bool:
    """Drop what can never be delivered any more, a thousand at most; whether there was any."""
    return await delete_some(session, InboxRow, col(InboxRow.event_id), col(InboxRow.handled_at) < clock.now() - KEPT)
