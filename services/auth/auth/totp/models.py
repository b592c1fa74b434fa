"""The table of second factors."""

from uuid import UUID

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


class TotpRow(SQLModel, table=True):
    """An account's sealed seed and what is left of its recovery codes; `users.totp_enabled` says whether they count."""

    __tablename__ = "totp"

    user_id: UUID = Field(foreign_key="users.id", primary_key=True)
    sealed: bytes
    last_step: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    recovery_hashes: list[bytes] = Field(default_factory=list, sa_column=Column(ARRAY(LargeBinary), nullable=False))
