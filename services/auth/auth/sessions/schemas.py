"""The shapes of sessions."""

from typing import Literal

from pydantic import BaseModel

from auth.accounts.schemas import User


class Session(BaseModel):
    """An access token with what the page needs beside it; the refresh token is in its cookie only."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    csrf_token: str
    user: User
