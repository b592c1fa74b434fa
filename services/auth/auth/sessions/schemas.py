"""The shapes of sessions."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel

from auth.accounts.schemas import User
from auth.sessions.models import SessionRow


class Session(BaseModel):
    """An access token and related data for the page; the refresh token is only in its cookie."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    csrf_token: str
    user: User


class OwnSession(BaseModel):
    """An active session, as its owner sees it; `current` marks the session that makes the call."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    user_agent: str
    current: bool

    @classmethod
    def of(cls, row: SessionRow, *, asking: UUID) -> Self:
        """The public side of a row."""
        return cls.model_validate({**row.model_dump(), "current": row.id == asking})
