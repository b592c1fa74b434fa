"""Every query of the letters service's own database."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from letters.models import LetterReceiptRow, PatientEhrRow


async def find_ehr(reading: AsyncConnection, *, patient_id: UUID) -> UUID | None:
    """The patient's EHR, as far as we have met it."""
    return await reading.scalar(select(col(PatientEhrRow.ehr_id)).where(col(PatientEhrRow.patient_id) == patient_id))


async def keep_ehr(session: AsyncSession, *, patient_id: UUID, ehr_id: UUID) -> None:
    """Remember the patient's EHR: the one that the openEHR server has now."""
    row = insert(PatientEhrRow).values(patient_id=patient_id, ehr_id=ehr_id)
    await session.execute(row.on_conflict_do_update(index_elements=["patient_id"], set_={"ehr_id": ehr_id}))


async def find_read_times(
    reading: AsyncConnection | AsyncSession, *, letter_uids: Collection[UUID]
) -> Mapping[UUID, datetime]:
    """When the patient first read each of these letters; unread ones are missing."""
    uid = col(LetterReceiptRow.letter_uid)
    rows = await reading.execute(select(uid, col(LetterReceiptRow.read_at)).where(uid.in_(letter_uids)))
    return {row.letter_uid: row.read_at for row in rows}


async def add_receipt(session: AsyncSession, receipt: LetterReceiptRow) -> bool:
    """Keep that the patient read a letter; False when an earlier reading is already kept."""
    row = insert(LetterReceiptRow).values(**receipt.model_dump()).on_conflict_do_nothing()
    return await session.scalar(row.returning(col(LetterReceiptRow.letter_uid))) is not None
