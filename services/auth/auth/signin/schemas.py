"""The shapes of signing in; its answer is a session's."""

from typing import Annotated

from common.rest import Body
from pydantic import BaseModel, Field

from auth.accounts.schemas import MAX_EMAIL, Secret
from auth.totp.schemas import Code


class Login(Body):
    """`username` may be the e-mail address. `totp_code` is used only if two-factor sign-in is on."""

    username: Annotated[str, Field(min_length=1, max_length=MAX_EMAIL)]
    password: Secret
    totp_code: Code | None = None


class LoginCode(Body):
    """The challenge from the first step of the sign-in, and the code."""

    challenge: Annotated[str, Field(max_length=100)]
    code: Code


class LoginWays(BaseModel):
    """`oidc`: whether staff can also sign in at an identity provider, beginning at /api/auth/oidc/login."""

    oidc: bool
