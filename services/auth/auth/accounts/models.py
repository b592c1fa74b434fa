"""The table of accounts."""

from datetime import datetime
from uuid import UUID, uuid4

from common import clock
from sqlalchemy import CheckConstraint, Column, DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


class UserRow(SQLModel, table=True):
    """An account. Without a password it waits for its activation code, or belongs to an identity provider's person."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("roles <> '{}' AND roles <@ ARRAY['patient', 'clinician', 'admin']", name="users_roles"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    username: str = Field(unique=True)
    email: str = Field(unique=True)
    display_name: str
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    password_hash: str | None = None
    patient_id: UUID | None = Field(default=None, unique=True)
    token_version: int = 1
    totp_enabled: bool = False
    disabled_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    activation_hash: bytes | None = Field(default=None, unique=True)
    activation_expires_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    created_at: datetime = Field(default_factory=clock.now, sa_column=Column(DateTime(timezone=True), nullable=False))

    @property
    def active(self) -> bool:
        """Whether this account may be signed in to at all."""
        return self.disabled_at is None

    @property
    def federated(self) -> bool:
        """Whether an identity provider vouches for it: it never had a password, nor an invitation to choose one."""
        return self.password_hash is None and self.activation_hash is None
