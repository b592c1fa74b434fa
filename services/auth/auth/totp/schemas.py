"""The shapes of the second factor in requests and answers."""

from typing import Annotated

from common.rest import Body
from pydantic import BaseModel, Field

from auth.accounts.schemas import Secret

Code = Annotated[str, Field(max_length=32, description="Six digits, or a recovery code")]


class TotpEnrol(Body):
    """The caller's password, so that a session left open is not enough."""

    password: Secret


class TotpEnrolment(BaseModel):
    """The seed in base32, and the content of its QR code; shown only once."""

    secret: str
    otpauth_uri: str


class TotpConfirm(Body):
    """The first code that the authenticator shows."""

    code: Code


class RecoveryCodes(BaseModel):
    """Each works once instead of the six digits; shown only once."""

    recovery_codes: list[str]


class TotpDisable(Body):
    """The caller's password, and a code or a recovery code."""

    password: Secret
    code: Code
