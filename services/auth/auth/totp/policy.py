"""Rules about one-time codes and about who may do without. Pure."""

import hmac
import re
from collections.abc import Collection
from datetime import datetime

import pyotp

from auth.errors import TotpNeeded

ISSUER = "Quill"
PERIOD_SECONDS = 30
RECOVERY_CODES = 10
SIX_DIGITS = re.compile(r"[0-9]{6}")  # pyotp takes full-width digits too


def new_seed() -> str:
    """160 random bits in base32 (RFC 4226 §4)."""
    return pyotp.random_base32(32)


def otpauth_uri(seed: str, *, username: str) -> str:
    """What authenticators read as a QR code; SHA-1, six digits and 30 seconds are their defaults."""
    return pyotp.TOTP(seed).provisioning_uri(name=username, issuer_name=ISSUER)


def matching_step(seed: str, code: str, *, now: datetime) -> int | None:
    """The time step whose code this is: the current one or, for who types slowly, the one before (RFC 6238 §5.2)."""
    if not SIX_DIGITS.fullmatch(code):
        return None
    totp, current = pyotp.TOTP(seed), int(now.timestamp()) // PERIOD_SECONDS
    return next((step for step in (current, current - 1) if hmac.compare_digest(totp.generate_otp(step), code)), None)


def check_may_disable(roles: Collection[str], *, needed_by: Collection[str]) -> None:
    """Who must have a second factor keeps it.

    Raises:
        TotpNeeded: one of the roles must.
    """
    if set(roles) & set(needed_by):
        raise TotpNeeded
