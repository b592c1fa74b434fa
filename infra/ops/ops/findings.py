"""What a check of `quill doctor` finds, and how checks end when a server does not answer."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

import httpx
from common.errors import QuillError
from sqlalchemy.exc import SQLAlchemyError

from ops.house import ANSWER_SECONDS, Refused

CHECK_SECONDS = 10.0
MOST_SKEW_SECONDS = 2.0
SILENT = "start it, or see its log"


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


type Check = Callable[[], AsyncIterator[Finding]]


def ok(check: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(check, State.OK, found)


def warn(check: str, found: str, advice: str) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(check, State.WARN, found, advice)


def fail(check: str, found: str, advice: str) -> Finding:
    """It has to be mended."""
    return Finding(check, State.FAIL, found, advice)


async def settled(name: str, check: Check) -> list[Finding]:
    """Everything that a check finds; a server that does not answer ends it with a finding of its own.

    It is asked a second time first: on a machine that has too much to do, a server that works can look dead, once.
    """
    found = await _findings(name, check)
    return await _findings(name, check) if any(one.advice == SILENT for one in found) else found


async def _findings(name: str, check: Check) -> list[Finding]:
    found: list[Finding] = []
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            async for one in check():
                found.append(one)
    except Refused as refusal:
        found.append(fail(name, str(refusal), SILENT))
    except (QuillError, SQLAlchemyError, httpx.HTTPError, OSError, TimeoutError, ValueError, LookupError) as error:
        found.append(fail(name, f"does not answer ({type(error).__name__})", SILENT))
    return found


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()  # once: it takes longer than most requests


def open_client(**options: Any) -> httpx.AsyncClient:
    """A client for one check."""
    return httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False, verify=_certificates(), **options)


def clock_problems(check: str, theirs: datetime, *, asked: datetime) -> list[Finding]:
    """A warning where a server's clock is not this machine's.

    Args:
        check: what to call it.
        theirs: the time that the server told.
        asked: this machine's when it was asked, an instant before.
    """
    # Whatever it told between question and answer can be right.
    skew = (theirs - min(max(theirs, asked), datetime.now(UTC))).total_seconds()
    if abs(skew) <= MOST_SKEW_SECONDS:
        return []
    found = f"its clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
    return [warn(check, found, "have both follow a time server (NTP)")]
