"""The tables of sign-ins that are under way at the provider, and of whom it vouches for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlmodel import Field, SQLModel


class StartRow(SQLModel, table=True):
    """A sign-in that a browser began: state and browser as one hash, nonce and PKCE verifier sealed."""

    __tablename__ = "oidc_starts"

    start_hash: bytes = Field(primary_key=True)
    sealed: bytes
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class IdentityRow(SQLModel, table=True):
    """A person as a provider knows them, and their account (OpenID Connect Core §2: `sub` never changes hands)."""

    __tablename__ = "identities"

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", unique=True)
