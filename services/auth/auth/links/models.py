"""The table of one-time codes that link an account to a patient."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlmodel import Field, SQLModel


class LinkCodeRow(SQLModel, table=True):
    """A code that was handed out. The birth date is not stored, only a proof of it that needs the code."""

    __tablename__ = "link_codes"

    code_hash: bytes = Field(primary_key=True)
    patient_id: UUID
    birth_date_proof: bytes
    created_by: UUID
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
