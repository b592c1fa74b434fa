"""Every query of patients' own database: claims of NHS numbers, and the search index."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from common.errors import Invalid
from sqlalchemy import ColumnElement, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patients.errors import NhsNumberTaken
from patients.models import IndexedPatient, IndexedWord, NhsNumberRow
from patients.names import prefix_range

# --- NHS numbers ---


async def claim_nhs_number(session: AsyncSession, number: str, *, patient_id: UUID) -> None:
    """Reserve a number for one patient, for as long as an operation runs.

    Raises:
        NhsNumberTaken: another patient has it, or is about to.
    """
    claim = insert(NhsNumberRow).values(nhs_number=number, patient_id=patient_id, pending=1, held=False)
    claim = claim.on_conflict_do_update(
        index_elements=["nhs_number"],
        set_={"pending": col(NhsNumberRow.pending) + 1},
        where=col(NhsNumberRow.patient_id) == patient_id,
    )
    if await session.scalar(claim.returning(col(NhsNumberRow.pending))) is None:
        raise NhsNumberTaken


async def release_nhs_number(session: AsyncSession, number: str, *, patient_id: UUID) -> None:
    """Undo one claim; the number is free again unless the patient has it or another operation claims it."""
    mine = (col(NhsNumberRow.nhs_number) == number) & (col(NhsNumberRow.patient_id) == patient_id)
    await session.execute(update(NhsNumberRow).where(mine).values(pending=col(NhsNumberRow.pending) - 1))
    await _drop_free(session, patient_id)


async def hold_nhs_number(session: AsyncSession, number: str | None, *, patient_id: UUID) -> None:
    """Keep the number that the patient's newest version has, and no other one."""
    await session.execute(
        update(NhsNumberRow)
        .where(col(NhsNumberRow.patient_id) == patient_id)
        .values(held=func.coalesce(col(NhsNumberRow.nhs_number) == number, False))
    )
    if number is not None:
        held = insert(NhsNumberRow).values(nhs_number=number, patient_id=patient_id, pending=0, held=True)
        await session.execute(held.on_conflict_do_nothing())
    await _drop_free(session, patient_id)


async def _drop_free(session: AsyncSession, patient_id: UUID) -> None:
    free = (col(NhsNumberRow.pending) == 0) & ~col(NhsNumberRow.held)
    await session.execute(delete(NhsNumberRow).where(col(NhsNumberRow.patient_id) == patient_id, free))


# --- the search index ---


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """A patient's version as the index knows it; `words` are (part of the name, normalised word)."""

    patient_id: UUID
    version: int
    sort_key: str
    name: dict[str, Any]
    birth_date: date | None
    gender: str
    nhs_number: str | None
    active: bool
    words: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What to look for; `prefixes` are (part of the name or None for any, normalised start of a word)."""

    prefixes: Sequence[tuple[str | None, str]] = ()
    birth_date: date | None = None
    gender: str | None = None
    nhs_number: str | None = None


async def index_patient(session: AsyncSession, entry: IndexEntry) -> None:
    """Make a version findable, and its NHS number held; an older version than the known one changes nothing."""
    columns = {name: getattr(entry, name) for name in IndexEntry.__slots__ if name != "words"}
    columns["seen_at"] = datetime.now(UTC)
    newest = insert(IndexedPatient).values(**columns)
    newest = newest.on_conflict_do_update(
        index_elements=["patient_id"], set_=columns, where=col(IndexedPatient.version) < entry.version
    )
    if await session.scalar(newest.returning(col(IndexedPatient.patient_id))) is None:
        await _mark_seen(session, entry.patient_id)
        return
    await session.execute(delete(IndexedWord).where(col(IndexedWord.patient_id) == entry.patient_id))
    if entry.words:
        rows = [{"patient_id": entry.patient_id, "part": part, "word": word} for part, word in entry.words]
        await session.execute(insert(IndexedWord).values(rows))
    await hold_nhs_number(session, entry.nhs_number, patient_id=entry.patient_id)


async def _mark_seen(session: AsyncSession, patient_id: UUID) -> None:
    known = update(IndexedPatient).where(col(IndexedPatient.patient_id) == patient_id)
    await session.execute(known.values(seen_at=datetime.now(UTC)))


async def find_patients(
    session: AsyncSession, criteria: Criteria, *, limit: int, after: UUID | None
) -> Sequence[IndexedPatient]:
    """The next patients that meet all criteria, in the order of their names.

    Args:
        after: the last patient of the page before.

    Raises:
        Invalid: that patient is not known (any more).
    """
    # How many names start like this decides the plan, so it is made for each search (measured with 100,000 patients).
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    position = (col(IndexedPatient.sort_key), col(IndexedPatient.patient_id))
    found = select(IndexedPatient).where(*_conditions(criteria)).order_by(*position).limit(limit)
    if after is not None:
        last = (await session.execute(select(*position).where(col(IndexedPatient.patient_id) == after))).one_or_none()
        if last is None:
            raise Invalid.at("query", "cursor", type="cursor", msg="Not a cursor of this list")
        found = found.where(tuple_(*position) > tuple_(*last))
    return (await session.scalars(found)).all()


def _conditions(criteria: Criteria) -> Iterable[ColumnElement[bool]]:
    for part, prefix in criteria.prefixes:
        first, beyond = prefix_range(prefix)
        matching = select(col(IndexedWord.patient_id)).where(
            col(IndexedWord.word) >= first, col(IndexedWord.word) < beyond
        )
        matching = matching if part is None else matching.where(col(IndexedWord.part) == part)
        yield col(IndexedPatient.patient_id).in_(matching)
    for column, value in (
        (IndexedPatient.birth_date, criteria.birth_date),
        (IndexedPatient.gender, criteria.gender),
        (IndexedPatient.nhs_number, criteria.nhs_number),
    ):
        if value is not None:
            yield col(column) == value


async def unseen_since(session: AsyncSession, moment: datetime) -> Sequence[UUID]:
    """Patients that a rebuild begun at that moment did not meet."""
    return (
        await session.scalars(select(col(IndexedPatient.patient_id)).where(col(IndexedPatient.seen_at) < moment))
    ).all()


async def forget_patient(session: AsyncSession, patient_id: UUID) -> None:
    """Take a patient that the FHIR server no longer has out of the index, and free the NHS number."""
    await session.execute(delete(IndexedPatient).where(col(IndexedPatient.patient_id) == patient_id))
    await hold_nhs_number(session, None, patient_id=patient_id)
