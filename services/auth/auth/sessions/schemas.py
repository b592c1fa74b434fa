"""The shapes of signing in."""

from typing import Annotated, Literal

from common.rest import Body
from pydantic import BaseModel, Field

from auth.accounts.schemas import MAX_EMAIL, Secret, User


class Login(Body):
    """`username` may be the e-mail address. `totp_code` counts only where two-factor sign-in is on."""

    username: Annotated[str, Field(min_length=1, max_length=MAX_EMAIL)]
    password: Secret
    totp_code: Annotated[str, Field(max_length=32)] | None = None


class Session(BaseModel):
    """An access token with what the page needs beside it; the refresh token is in its cookie only."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    csrf_token: str
    user: User
