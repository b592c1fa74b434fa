"""Every query of the audit trail."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from common.audit import Noted
from sqlalchemy import func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from auth.accounts.models import UserRow
from auth.audit.chain import Link, next_link
from auth.audit.models import AuditChainRow, AuditEntryRow

READ_AT_ONCE = 1000

# An entry and the name of its actor, if there is such an account.
type Named = tuple[AuditEntryRow, str | None]

_ENTRIES = SQLModel.metadata.tables[AuditEntryRow.__tablename__]
_END = text("SELECT position, hash FROM audit_chains WHERE source = :source FOR UPDATE")
# The chain moves on if and only if the entry is new.
_ADD = text(f"""
    WITH new AS (
        INSERT INTO audit_entries ({", ".join(_ENTRIES.c.keys())}) VALUES (:{", :".join(_ENTRIES.c.keys())})
        ON CONFLICT (id) DO NOTHING RETURNING source, position, hash
    )
    UPDATE audit_chains SET position = new.position, hash = new.hash FROM new WHERE audit_chains.source = new.source
    RETURNING audit_chains.position
""")  # noqa: S608 - names of our columns


async def append(session: AsyncSession, source: str, entries: Noted) -> None:
    """Add entries to the end of their source's chain, under these ids; one that is there already is left out.

    The chain stays locked until the transaction ends, so this comes last in it.
    """
    await session.flush()
    head = Link(*(await session.execute(_END, {"source": source})).one())
    for entry_id, entry, _trace in entries:
        values = {"id": entry_id, "source": source, **entry.model_dump()}
        link = next_link(head, values)
        if await session.scalar(_ADD, {**values, "position": link.position, "hash": link.hash}) is not None:
            head = link


async def list_entries(
    session: AsyncSession,
    exact: Mapping[str, object],
    *,
    between: tuple[datetime | None, datetime | None],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Named]:
    """Entries with the names of their actors, newest first.

    Args:
        exact: columns and their values, None for any.
        between: the first time, and the one after the last.
        before: time and id of the last entry of the page before.
    """
    at, (since, until) = col(AuditEntryRow.at), between
    order = (at, col(AuditEntryRow.id))
    named = select(AuditEntryRow, col(UserRow.display_name)).outerjoin(
        UserRow, col(UserRow.id) == col(AuditEntryRow.actor_id)
    )
    wanted = [getattr(AuditEntryRow, name) == value for name, value in exact.items() if value is not None]
    wanted += [at >= since] if since else []
    wanted += [at < until] if until else []
    wanted += [tuple_(*order) < tuple_(*before)] if before else []
    newest = named.where(*wanted).order_by(*(column.desc() for column in order)).limit(limit)
    return [(entry, name) for entry, name in await session.execute(newest)]


async def prune(session: AsyncSession, *, days: int) -> int:
    """Remove the oldest entries of each chain, two thousand of those that are older than that; how many went."""
    return await session.scalar(select(func.prune_audit(days))) or 0


async def find_chain(session: AsyncSession, source: str) -> AuditChainRow | None:
    """Where a source's chain stands."""
    return await session.get(AuditChainRow, source)


async def stream_entries(session: AsyncSession, source: str) -> AsyncIterator[Mapping[str, Any]]:
    """Every entry of a source in the order of its chain, a thousand at a time."""
    entries = select(_ENTRIES).where(_ENTRIES.c.source == source).order_by(_ENTRIES.c.position)
    async for row in (await session.stream(entries.execution_options(yield_per=READ_AT_ONCE))).mappings():
        yield dict(row)
