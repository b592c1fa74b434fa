"""Tables of patients: claimed NHS numbers and the search index. Demographics live in FHIR only."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.inbox import InboxRow
from common.operations import OperationRow
from common.outbox import OutboxRow
from sqlalchemy import Column, DateTime, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

__all__ = ["InboxRow", "IndexedPatient", "IndexedWord", "NhsNumberRow", "OperationRow", "OutboxRow"]


class NhsNumberRow(SQLModel, table=True):
    """A number that a patient has or that running operations, `pending` of them, are about to give them."""

    __tablename__ = "nhs_numbers"
    __table_args__ = (Index("nhs_numbers_patient", "patient_id"),)

    nhs_number: str = Field(primary_key=True)
    patient_id: UUID
    pending: int


class IndexedPatient(SQLModel, table=True):
    """What a list shows of a patient; the newest version wins. `sort_key` is the normalised name."""

    __tablename__ = "indexed_patients"
    __table_args__ = (
        Index("indexed_patients_order", "sort_key", "patient_id"),
        Index("indexed_patients_gender", "gender", "sort_key", "patient_id"),
        Index("indexed_patients_birth_date", "birth_date"),
        Index("indexed_patients_nhs_number", "nhs_number"),
    )

    patient_id: UUID = Field(primary_key=True)
    version: int
    sort_key: str = Field(sa_column=Column(String(collation="C"), nullable=False))
    name: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    birth_date: date | None
    gender: str
    nhs_number: str | None
    active: bool
    seen_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class IndexedWord(SQLModel, table=True):
    """A word of a patient's names, compared byte by byte: one B-tree serves every prefix, and in order."""

    __tablename__ = "indexed_words"
    __table_args__ = (Index("indexed_words_order", "word", "sort_key", "patient_id"),)

    patient_id: UUID = Field(
        sa_column=Column(ForeignKey("indexed_patients.patient_id", ondelete="CASCADE"), primary_key=True)
    )
    word: str = Field(sa_column=Column(String(collation="C"), primary_key=True))
    sort_key: str = Field(sa_column=Column(String(collation="C"), nullable=False))
    in_family: bool
    in_given: bool
