"""Rules about sessions: how long they live, and what a presented refresh token means. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from common.policy import OWN, Policy

from auth.sessions.models import RefreshTokenRow, SessionRow

HOLD_SESSION = Policy(name="refresh cookie", by_cookie=True)
OWN_SESSIONS = replace(OWN, enrolling=True)

PASSWORD, OTP = "pwd", "otp"  # authentication methods (RFC 8176 §2)
GRACE = timedelta(seconds=10)
COOKIE_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session may live at all, and unused."""

    absolute: timedelta
    idle: timedelta


PATIENT = Limits(absolute=timedelta(days=7), idle=timedelta(hours=24))
STAFF = Limits(absolute=timedelta(hours=12), idle=timedelta(minutes=30))


def limits_of(roles: Collection[str]) -> Limits:
    """The limits of an account: the tighter ones as soon as it is anything but a patient's."""
    return PATIENT if set(roles) == {"patient"} else STAFF


def is_over(row: SessionRow, *, roles: Collection[str], now: datetime) -> bool:
    """Whether a session has ended, by an act or by its limits."""
    began, seen = living_since(roles, now=now)
    return row.ended_at is not None or row.created_at <= began or row.last_seen_at <= seen


def living_since(roles: Collection[str], *, now: datetime) -> tuple[datetime, datetime]:
    """The times after which a living session has begun, and was seen last."""
    limits = limits_of(roles)
    return now - limits.absolute, now - limits.idle


class Presented(Enum):
    """What presenting a refresh token of a living session asks for."""

    ROTATE = "a new head"
    REPEAT = "the same successor again"
    REUSED = "the end of the family"


def judge_token(token: RefreshTokenRow, head: RefreshTokenRow, *, now: datetime) -> Presented:
    """The unused head rotates. Its direct predecessor is answered alike for ten seconds, since answers get lost.
    Everything else is in two hands.

    Args:
        token: the one that was presented.
        head: the newest of its family.
    """
    if token.used_at is None:
        return Presented.ROTATE
    follows = head.used_at is None and head.generation == token.generation + 1
    return Presented.REPEAT if follows and now - token.used_at <= GRACE else Presented.REUSED
