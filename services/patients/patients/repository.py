"""Every query of patients' own database: claims of NHS numbers, and the search index."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from common.errors import Invalid
from sqlalchemy import ColumnElement, delete, exists, func, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col

from patients.errors import NhsNumberTaken
from patients.models import IndexedPatient, IndexedWord, NhsNumberRow

type Part = Literal["family", "given"] | None  # None is any

# Many rows in one statement: by their classes, rows with and without a null would go apart.
_PATIENTS, _NUMBERS = (SQLModel.metadata.tables[one.__tablename__] for one in (IndexedPatient, NhsNumberRow))
_LAST_CHARACTER = "\U0010ffff"
_WORTH_COUNTING = 2000
_OTHER = aliased(IndexedWord)
_NAMES: tuple[Any, ...] = (col(IndexedPatient.sort_key), col(IndexedPatient.patient_id))
_WORDS: tuple[Any, ...] = (col(IndexedWord.word), col(IndexedWord.sort_key), col(IndexedWord.patient_id))


async def claim_nhs_numbers(session: AsyncSession, numbers: Mapping[str, UUID]) -> None:
    """Reserve numbers for these patients as long as an operation runs. Raises NhsNumberTaken when another patient has
    one of them or will."""
    claim, rows = insert(_NUMBERS), _number_rows(numbers, pending=1)
    claim = claim.on_conflict_do_update(
        index_elements=["nhs_number"],
        set_={"pending": col(NhsNumberRow.pending) + 1},
        where=col(NhsNumberRow.patient_id) == claim.excluded.patient_id,
    )
    if rows and len((await session.scalars(claim.returning(_NUMBERS.c.nhs_number), rows)).all()) < len(rows):
        raise NhsNumberTaken


def _number_rows(numbers: Mapping[str, UUID], *, pending: int) -> list[dict[str, object]]:
    """In an order that keeps two transactions from waiting for each other."""
    return [{"nhs_number": number, "patient_id": one, "pending": pending} for number, one in sorted(numbers.items())]


async def nhs_number_holder(session: AsyncSession, number: str) -> UUID | None:
    """The patient who has a number that no operation claims."""
    settled = (col(NhsNumberRow.nhs_number) == number) & (col(NhsNumberRow.pending) == 0)
    return await session.scalar(select(col(NhsNumberRow.patient_id)).where(settled))


async def nhs_number_holders(session: AsyncSession, numbers: Sequence[str]) -> Mapping[str, UUID]:
    """Who has these numbers or is about to get them; those that are free are missing."""
    held = select(col(NhsNumberRow.nhs_number), col(NhsNumberRow.patient_id))
    rows = await session.execute(held.where(col(NhsNumberRow.nhs_number).in_(numbers)))
    return {row.nhs_number: row.patient_id for row in rows}


async def release_nhs_numbers(session: AsyncSession, numbers: Mapping[str, UUID]) -> None:
    """Undo one claim of each; a number is free unless its patient has it or another operation claims it."""
    mine = tuple_(col(NhsNumberRow.nhs_number), col(NhsNumberRow.patient_id)).in_(sorted(numbers.items()))
    await session.execute(update(NhsNumberRow).where(mine).values(pending=col(NhsNumberRow.pending) - 1))
    await _free_nhs_numbers(session, numbers.values())


async def _free_nhs_numbers(session: AsyncSession, patient_ids: Collection[UUID]) -> None:
    """Free what the newest versions of these patients do not have and no operation claims."""
    same = col(IndexedPatient.patient_id) == col(NhsNumberRow.patient_id)
    had = exists().where(same, col(IndexedPatient.nhs_number) == col(NhsNumberRow.nhs_number))
    theirs = col(NhsNumberRow.patient_id).in_(patient_ids) & (col(NhsNumberRow.pending) == 0)
    await session.execute(delete(NhsNumberRow).where(theirs, ~had))


async def index_patients(
    session: AsyncSession, rows: Sequence[IndexedPatient], *, words: Sequence[IndexedWord], before: datetime | None
) -> None:
    """Make versions of different patients findable, and their NHS numbers taken; one that is older than the known one
    changes nothing, unless that was last seen before that time."""
    if not rows:
        return
    newest, known, seen = insert(_PATIENTS), _PATIENTS.c.patient_id, _PATIENTS.c.seen_at
    newest = newest.on_conflict_do_update(
        index_elements=["patient_id"],
        set_={column.name: newest.excluded[column.name] for column in _PATIENTS.c},
        where=(_PATIENTS.c.version < newest.excluded.version) | (seen < literal(before, seen.type)),
    )
    values = [row.model_dump() for row in sorted(rows, key=lambda row: row.patient_id)]
    stored = set(await session.scalars(newest.returning(known), values))
    if older := [row.patient_id for row in rows if row.patient_id not in stored]:
        await session.execute(update(_PATIENTS).where(known.in_(older)).values(seen_at=rows[0].seen_at))
    await session.execute(delete(IndexedWord).where(col(IndexedWord.patient_id).in_(stored)))
    session.add_all(word for word in words if word.patient_id in stored)
    await session.flush()
    if has := {row.nhs_number: row.patient_id for row in rows if row.nhs_number and row.patient_id in stored}:
        await session.execute(insert(_NUMBERS).on_conflict_do_nothing(), _number_rows(has, pending=0))
    await _free_nhs_numbers(session, stored)


@dataclass(frozen=True, slots=True)
class Prefix:
    """The normalised start of a word, of the family name, of a given name, or of any."""

    start: str
    part: Part

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
            raise Invalid.cursor()
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
    await _free_nhs_numbers(session, [patient_id])
