"""Tables of the letters service's own database; letters themselves are in openEHR only."""

from datetime import datetime
from uuid import UUID

from common.inbox import InboxRow
from common.operations import OperationRow
from common.outbox import OutboxRow
from sqlalchemy import Column, DateTime
from sqlmodel import Field, SQLModel

__all__ = ["InboxRow", "LetterReceiptRow", "OperationRow", "OutboxRow", "PatientEhrRow"]


class PatientEhrRow(SQLModel, table=True):
    """Which EHR is a patient's."""

    __tablename__ = "patient_ehrs"

    patient_id: UUID = Field(primary_key=True)
    ehr_id: UUID = Field(unique=True)


class LetterReceiptRow(SQLModel, table=True):
    """When a patient first read a letter."""

    __tablename__ = "letter_receipts"

    letter_uid: UUID = Field(primary_key=True)
    patient_id: UUID
    user_id: UUID
    read_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
