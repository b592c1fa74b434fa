"""The tables of the trail: entries, which the service may add and read only, and where each source's chain stands."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


class AuditChainRow(SQLModel, table=True):
    """The chain of one source: its newest entry, and the last one that went for its age (at first the genesis)."""

    __tablename__ = "audit_chains"

    source: str = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: bytes
    pruned_position: int = Field(sa_column=Column(BigInteger, nullable=False))
    pruned_hash: bytes


class AuditEntryRow(SQLModel, table=True):
    """An entry as its source told it, its place in that source's chain, and the hash that binds it there.

    The id is that of the event that brought it, so that no event ever makes two entries.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("source", "position", name="audit_entries_place"),
        CheckConstraint("action IN ('C', 'R', 'U', 'D', 'E')", name="audit_entries_action"),
        CheckConstraint("outcome IN ('ok', 'denied', 'failed')", name="audit_entries_outcome"),
        Index("audit_entries_time", "at", "id"),
        Index("audit_entries_patient", "patient_id", "at", "id"),
        Index("audit_entries_actor", "actor_id", "at", "id"),
        Index("audit_entries_actions", "action", "at", "id"),
    )

    id: UUID = Field(primary_key=True)
    source: str = Field(foreign_key="audit_chains.source")
    position: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor_id: UUID | None
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    action: str
    resource: str
    resource_id: str | None
    patient_id: UUID | None
    outcome: str
    address: str | None
    request_id: str | None
    hash: bytes
