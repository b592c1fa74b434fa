"""Use cases of the audit trail: keeping it, proving it, looking into it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from common import outbox
from common.audit import Access, Noted
from common.auth import Caller
from common.db import Database
from common.events import AUDIT_SOURCES, AccessRecorded
from common.rest import Page, decode_moment, encode_cursor
from sqlalchemy.ext.asyncio import AsyncSession

from auth.audit import repository
from auth.audit.chain import Fault, Link, Walk, genesis
from auth.audit.repository import Named
from auth.audit.schemas import AuditEntry, AuditQuery, OwnAuditEntry
from auth.backend import Work

SOURCES = ("auth", *AUDIT_SOURCES)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along a source's chain has shown: from where it went to where, and the first thing that is wrong."""

    source: str
    pruned: Link
    head: Link
    fault: Fault | None


async def keep(session: AsyncSession, source: str, entries: Noted) -> None:
    """Auth's own entries are stored in its trail at once, and after all else, since that locks the chain."""
    await outbox.store(session)
    await repository.append(session, source, entries)


async def store(work: Work, entry: AccessRecorded, *, source: str) -> None:
    """An entry that another service recorded is stored once, after those that it recorded before.

    Its own id remembers that it was handled, for as long as it is kept; it needs no row in the inbox.
    """
    async with work.database.transaction() as session:
        await repository.append(session, source, [(work.cause or uuid4(), entry, "")])


async def prune(work: Work, *, days: int) -> None:
    """Entries older than so many days go, from the oldest up to the first that is younger; a year's always stay."""
    await work.little_by_little(partial(repository.prune, days=days))


async def verify(database: Database, source: str, *, noted: Link | None = None) -> Verdict:
    """Every entry of a chain follows from the one before it, and the last one is the chain's head.

    Args:
        noted: a head that was seen earlier; the chain must still lead through it.
    """
    async with database.transaction() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        row = await repository.find_chain(session, source)
        if row is None:
            return Verdict(source, genesis(source), genesis(source), Fault(0, "missing"))
        start, head = Link(row.pruned_position, row.pruned_hash), Link(row.position, row.hash)
        walk = Walk(start, head, noted=noted)
        async for entry in repository.stream_entries(session, source):
            if fault := walk.step(entry):
                break
        else:
            fault = walk.end()
    return Verdict(source, start, head, fault)


async def list_entries(work: Work, caller: Caller, *, query: AuditQuery) -> Page[AuditEntry]:
    """Administrators see everything, and that they looked is in the trail as well."""
    rows, next_cursor = await _look(work, caller, query)
    return Page(items=[AuditEntry.of(*row) for row in rows], next_cursor=next_cursor)


async def list_my_entries(work: Work, caller: Caller, *, limit: int, cursor: str | None) -> Page[OwnAuditEntry]:
    """Patients see who did what with their record; who has none sees nothing."""
    if caller.patient_id is None:
        await work.record(caller.actor, Access(action="R", resource="audit"))
        return Page(items=[])
    rows, next_cursor = await _look(work, caller, AuditQuery(patient_id=caller.patient_id, limit=limit, cursor=cursor))
    return Page(items=[OwnAuditEntry.of(*row) for row in rows], next_cursor=next_cursor)


async def _look(work: Work, caller: Caller, query: AuditQuery) -> tuple[Sequence[Named], str | None]:
    """A page of entries and the cursor of the next."""
    exact = {"patient_id": query.patient_id, "actor_id": query.user_id, "action": query.action}
    before = None if query.cursor is None else decode_moment(query.cursor)
    async with work.transaction() as session:
        found = await repository.list_entries(
            session, exact, between=(query.since, query.until), before=before, limit=query.limit + 1
        )
        work.audit(session, caller.actor, Access(action="R", resource="audit", patient_id=query.patient_id))
    shown = found[: query.limit]
    last = shown[-1][0] if len(found) > query.limit else None
    return shown, None if last is None else encode_cursor(last.at.isoformat(), str(last.id))
