"""Every query of patients' own database: claims of NHS numbers, and the search index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from common.errors import Invalid
from sqlalchemy import ColumnElement, delete, exists, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from patients.errors import NhsNumberTaken
from patients.models import IndexedPatient, IndexedWord, NhsNumberRow

_LAST_CHARACTER = "\U0010ffff"
_WORTH_COUNTING = 2000
_OTHER = aliased(IndexedWord)
_NAMES: tuple[Any, ...] = (col(IndexedPatient.sort_key), col(IndexedPatient.patient_id))
_WORDS: tuple[Any, ...] = (col(IndexedWord.word), col(IndexedWord.sort_key), col(IndexedWord.patient_id))


async def claim_nhs_number(session: AsyncSession, number: str, *, patient_id: UUID) -> None:
    """Reserve a number for as long as an operation runs. Raises NhsNumberTaken when another patient has it or will."""
    claim = insert(NhsNumberRow).values(nhs_number=number, patient_id=patient_id, pending=1)
    claim = claim.on_conflict_do_update(
        index_elements=["nhs_number"],
        set_={"pending": col(NhsNumberRow.pending) + 1},
        where=col(NhsNumberRow.patient_id) == patient_id,
    )
    if await session.scalar(claim.returning(col(NhsNumberRow.pending))) is None:
        raise NhsNumberTaken


async def nhs_number_holder(session: AsyncSession, number: str) -> UUID | None:
    """The patient who has a number that no operation claims."""
    settled = (col(NhsNumberRow.nhs_number) == number) & (col(NhsNumberRow.pending) == 0)
    return await session.scalar(select(col(NhsNumberRow.patient_id)).where(settled))


async def nhs_number_holders(session: AsyncSession, numbers: Sequence[str]) -> Mapping[str, UUID]:
    """Who has these numbers or is about to get them; those that are free are missing."""
    held = select(col(NhsNumberRow.nhs_number), col(NhsNumberRow.patient_id))
    rows = await session.execute(held.where(col(NhsNumberRow.nhs_number).in_(numbers)))
    return {row.nhs_number: row.patient_id for row in rows}


async def release_nhs_number(session: AsyncSession, number: str, *, patient_id: UUID) -> None:
    """Undo one claim; the number is free unless the patient has it or another operation claims it."""
    mine = (col(NhsNumberRow.nhs_number) == number) & (col(NhsNumberRow.patient_id) == patient_id)
    await session.execute(update(NhsNumberRow).where(mine).values(pending=col(NhsNumberRow.pending) - 1))
    await _free_nhs_numbers(session, patient_id)


async def _free_nhs_numbers(session: AsyncSession, patient_id: UUID) -> None:
    """Free what the patient's newest version does not have and no operation claims."""
    has = select(col(IndexedPatient.nhs_number)).where(col(IndexedPatient.patient_id) == patient_id)
    not_had = col(NhsNumberRow.nhs_number).is_distinct_from(has.scalar_subquery())
    mine = (col(NhsNumberRow.patient_id) == patient_id) & (col(NhsNumberRow.pending) == 0)
    await session.execute(delete(NhsNumberRow).where(mine, not_had))


async def index_patient(session: AsyncSession, row: IndexedPatient, *, words: Sequence[IndexedWord]) -> None:
    """Make a version findable, and its NHS number taken; an older version than the known one changes nothing."""
    mine, values = col(IndexedPatient.patient_id) == row.patient_id, row.model_dump()
    newest = insert(IndexedPatient).values(**values)
    newest = newest.on_conflict_do_update(
        index_elements=["patient_id"], set_=values, where=col(IndexedPatient.version) < row.version
    )
    if await session.scalar(newest.returning(col(IndexedPatient.patient_id))) is None:
        await session.execute(update(IndexedPatient).where(mine).values(seen_at=row.seen_at))
        return
    await session.execute(delete(IndexedWord).where(col(IndexedWord.patient_id) == row.patient_id))
    session.add_all(words)
    await session.flush()
    if row.nhs_number is not None:
        has = insert(NhsNumberRow).values(nhs_number=row.nhs_number, patient_id=row.patient_id, pending=0)
        await session.execute(has.on_conflict_do_nothing())
    await _free_nhs_numbers(session, row.patient_id)


@dataclass(frozen=True, slots=True)
class Prefix:
    """The normalised start of a word, of the family name, of a given name, or of any."""

    start: str
    part: Literal["family", "given"] | None = None

    def matches(self, word: type[IndexedWord]) -> ColumnElement[bool]:
        """Whether a word starts like this and belongs to that part."""
        start = (col(word.word) >= self.start) & (col(word.word) < self.start + _LAST_CHARACTER)
        belongs = {"family": col(word.in_family), "given": col(word.in_given)}
        return start & belongs[self.part] if self.part else start


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search. `leading` is the place of the prefix whose words gave the order, -1 if names did."""

    patients: Sequence[IndexedPatient]
    leading: int


async def find_patients(
    session: AsyncSession,
    prefixes: Sequence[Prefix],
    exact: Mapping[str, object],
    *,
    limit: int,
    after: tuple[UUID, int] | None,
) -> Found:
    """The next patients with a word for each prefix and these values (None for any): best match first, then by name.

    An index gives the order, so that a page costs the same however many patients match (measured with 100,000).
    `after` is the last patient of the page before and what led it; Invalid when that is not known (any more).
    """
    known = {name: value for name, value in exact.items() if value is not None}
    leading = after[1] if after else await _rarest(session, [] if known.keys() - {"gender"} else prefixes)
    found, order = select(IndexedPatient), _NAMES
    if 0 <= leading < len(prefixes):
        prefix, order = prefixes[leading], _WORDS
        better = exists().where(col(_OTHER.patient_id) == col(IndexedWord.patient_id), prefix.matches(_OTHER))
        found = found.join(IndexedWord).where(
            prefix.matches(IndexedWord), ~better.where(col(_OTHER.word) < col(IndexedWord.word))
        )
    for place, prefix in enumerate(prefixes):
        if place != leading:
            same = col(_OTHER.patient_id) == col(IndexedPatient.patient_id)
            found = found.where(exists().where(same, prefix.matches(_OTHER)))
    found = found.where(*(col(getattr(IndexedPatient, name)) == value for name, value in known.items()))
    if after is not None:
        last = found.where(col(IndexedPatient.patient_id) == after[0]).with_only_columns(*order)
        position = (await session.execute(last)).one_or_none()
        if position is None:
            raise Invalid.at("query", "cursor", type="cursor", msg="Not a cursor of this list")
        found = found.where(tuple_(*order) > tuple_(*position))
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    return Found((await session.scalars(found.order_by(*order).limit(limit))).all(), leading)


async def _rarest(session: AsyncSession, prefixes: Sequence[Prefix]) -> int:
    """The place of the prefix that fewest words match, as far as it is worth counting; -1 if there is none."""
    counts = []
    for prefix in prefixes:
        some = select(col(IndexedWord.word)).where(prefix.matches(IndexedWord)).limit(_WORTH_COUNTING)
        counts.append(await session.scalar(select(func.count()).select_from(some.subquery())) or 0)
    return counts.index(min(counts)) if counts else -1


async def known_patients(session: AsyncSession, patient_ids: Sequence[UUID]) -> Mapping[UUID, IndexedPatient]:
    """Those of these patients that are in the index."""
    known = select(IndexedPatient).where(col(IndexedPatient.patient_id).in_(patient_ids))
    return {row.patient_id: row for row in await session.scalars(known)}


async def unseen_since(session: AsyncSession, moment: datetime) -> Sequence[UUID]:
    """Patients that a rebuild begun at that moment did not meet."""
    unseen = select(col(IndexedPatient.patient_id)).where(col(IndexedPatient.seen_at) < moment)
    return (await session.scalars(unseen)).all()


async def forget_patient(session: AsyncSession, patient_id: UUID) -> None:
    """Take a patient that the FHIR server no longer has out of the index, and free the NHS number."""
    await session.execute(delete(IndexedPatient).where(col(IndexedPatient.patient_id) == patient_id))
    await _free_nhs_numbers(session, patient_id)
