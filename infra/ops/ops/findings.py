"""What a check of `quill doctor` finds, and how checks end when a server does not answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import httpx
from common.errors import QuillError
from sqlalchemy.exc import SQLAlchemyError

from ops.house import Refused

CHECK_SECONDS = 10.0
MOST_SKEW_SECONDS = 2.0


class State(StrEnum):
    """How it stands: well, worth a look, or to be mended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    state: State
    found: str
    advice: str = ""


def ok(check: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(check, State.OK, found)


def warn(check: str, found: str, advice: str) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(check, State.WARN, found, advice)


def fail(check: str, found: str, advice: str) -> Finding:
    """It has to be mended."""
    return Finding(check, State.FAIL, found, advice)


async def settled(name: str, findings: AsyncIterator[Finding]) -> list[Finding]:
    """Everything that a check finds; a server that does not answer ends it with a finding of its own."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            found += [one async for one in findings]
    except Refused as refusal:
        found.append(fail(name, str(refusal), "start it, or see its log"))
    except (QuillError, SQLAlchemyError, httpx.HTTPError, OSError, TimeoutError, ValueError, LookupError) as error:
        found.append(fail(name, f"does not answer ({type(error).__name__})", "start it, or see its log"))
    return found


def clock_problems(check: str, theirs: datetime, *, asked: datetime) -> list[Finding]:
    """A warning where a server's clock is not this machine's.

    Args:
        check: what to call it.
        theirs: the time that the server told.
        asked: this machine's when it was asked, an instant before.
    """
    skew = ((theirs - asked) + (theirs - datetime.now(UTC))).total_seconds() / 2
    if abs(skew) <= MOST_SKEW_SECONDS:
        return []
    found = f"its clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
    return [warn(check, found, "have both follow a time server (NTP)")]
