"""Use cases of the audit trail: keeping it, proving it, looking into it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from common.db import Database
from common.events import AUDIT_SOURCES, AccessRecorded
from sqlalchemy.ext.asyncio import AsyncSession

from auth.audit import repository
from auth.audit.chain import Fault, Link, Walk, genesis
from auth.backend import Work

SOURCES = ("auth", *AUDIT_SOURCES)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along a source's chain has shown: from where it went to where, and the first thing that is wrong."""

    source: str
    pruned: Link
    head: Link
    fault: Fault | None


async def keep(session: AsyncSession, source: str, entries: Sequence[AccessRecorded]) -> None:
    """Auth's own entries are stored in its trail at once."""
    await repository.append(session, source, [(uuid4(), entry) for entry in entries])


async def store(work: Work, entry: AccessRecorded, *, source: str) -> None:
    """An entry that another service recorded is stored once, after those that it recorded before."""
    async with work.transaction() as session:
        await repository.append(session, source, [(work.cause or uuid4(), entry)])


async def prune(work: Work, *, days: int) -> None:
    """Entries older than so many days go, from the oldest up to the first that is younger; a year's always stay."""
    pruned = True
    while pruned:
        async with work.transaction() as session:
            pruned = await repository.prune(session, days=days) > 0


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
