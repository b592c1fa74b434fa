"""The table of sign-ins that wait for their second factor."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlmodel import Field, SQLModel


class ChallengeRow(SQLModel, table=True):
    """Who proved which password a moment ago; the challenge itself is stored as a hash only."""

    __tablename__ = "login_challenges"

    challenge_hash: bytes = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id")
    password_hash: str
    tries: int = 0
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
