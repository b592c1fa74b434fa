"""The tables of sessions, their refresh tokens, and the keys that sign access tokens."""

from datetime import datetime
from uuid import UUID, uuid4

from common import clock
from sqlalchemy import Column, DateTime, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


class SessionRow(SQLModel, table=True):
    """A sign-in and everything that follows from it until it ends; `amr` says how it was proved (RFC 8176)."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("sessions_live", "user_id", postgresql_where=text("ended_at IS NULL")),
        Index("sessions_created", "created_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    user_id: UUID = Field(foreign_key="users.id")
    csrf_hash: str
    amr: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    user_agent: str
    created_at: datetime = Field(default_factory=clock.now, sa_column=Column(DateTime(timezone=True), nullable=False))
    last_seen_at: datetime = Field(default_factory=clock.now, sa_column=Column(DateTime(timezone=True), nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class RefreshTokenRow(SQLModel, table=True):
    """One refresh token of a session's family; only the newest is unused."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (UniqueConstraint("session_id", "generation", name="refresh_tokens_generation"),)

    token_hash: bytes = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.id", ondelete="CASCADE")
    generation: int
    used_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class SigningKeyRow(SQLModel, table=True):
    """A key that signs access tokens from `active_from` on, until a later one does."""

    __tablename__ = "signing_keys"

    kid: str = Field(primary_key=True)
    sealed: bytes
    active_from: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
