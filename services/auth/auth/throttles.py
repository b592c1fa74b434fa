"""Limits on guessing, kept in PostgreSQL so that replicas share them. A try is reserved before it is checked."""

import asyncio
import hashlib
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from common import clock
from common.db import delete_some
from common.errors import TooManyRequests
from sqlalchemy import Column, DateTime, TextClause, delete, func, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col


class ThrottleRow(SQLModel, table=True):
    """Tries of one kind by one subject; the subject itself is not stored."""

    __tablename__ = "throttles"

    key: str = Field(primary_key=True)
    tries: int
    until: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


@dataclass(frozen=True, slots=True)
class Window:
    """So many tries in a span that begins with the first of them."""

    name: str
    tries: int
    seconds: int


@dataclass(frozen=True, slots=True)
class BackOff:
    """So many tries, then a pause after each further one: it doubles up to `longest`. An hour of peace forgets them."""

    name: str
    tries: int
    pause: int
    longest: int


AT_ONCE = 2
LOGIN = BackOff("login", tries=5, pause=30, longest=900)
OWN_PASSWORD = BackOff("password", tries=5, pause=30, longest=900)
# Of an account, whatever its challenges: who knows a password cannot guess on by signing in again and again.
SECOND_FACTOR = BackOff("second-factor", tries=10, pause=30, longest=900)
TOTP_CHANGE = BackOff("totp", tries=5, pause=30, longest=900)


# One statement each: of a hundred parallel tries only as many pass as are left. The clock is read after the row was
# waited for; PostgreSQL's own now() is when the transaction began, before that of the try it waited for.
def _timed(statement: str) -> TextClause:
    return text(statement.replace("now()", "(clock_timestamp() + CAST(:moved AS interval))"))


_RESERVE_WINDOW = _timed("""
    INSERT INTO throttles AS t (key, tries, until) VALUES (:key, 1, now() + make_interval(secs => :seconds))
    ON CONFLICT (key) DO UPDATE SET
        tries = CASE WHEN t.until <= now() THEN 1 ELSE t.tries + 1 END,
        until = CASE WHEN t.until <= now() THEN excluded.until ELSE t.until END
    WHERE t.until <= now() OR t.tries < :tries
    RETURNING tries
""")
_RESERVE_BACK_OFF = _timed("""
    INSERT INTO throttles AS t (key, tries, until) VALUES (:key, 1, now())
    ON CONFLICT (key) DO UPDATE SET
        tries = CASE WHEN t.until < now() - interval '1 hour' THEN 1 ELSE t.tries + 1 END,
        until = now() + CASE
            WHEN t.until < now() - interval '1 hour' OR t.tries + 1 < :tries THEN interval '0'
            ELSE make_interval(secs => least(:longest, :pause * power(2, least(t.tries + 1 - :tries, 20))))
        END
    WHERE t.until <= now()
    RETURNING tries
""")
_WAIT = _timed("SELECT ceil(extract(epoch FROM until - now())) FROM throttles WHERE key = :key")


class Turns:
    """Tries for one subject go two by two in a process, so that several at once with the right password all get in."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, subject: str) -> AsyncIterator[None]:
        """Wait for a turn."""
        turn = self._turns.setdefault(subject, asyncio.Semaphore(AT_ONCE))
        async with turn:
            yield


async def reserve(session: AsyncSession, limit: Window | BackOff, subject: str) -> None:
    """Count a try before it is checked; commit this before checking.

    Raises:
        TooManyRequests: none is left, with `Retry-After` in seconds.
    """
    row = {"key": _key(limit, subject), "moved": clock.offset()}
    if isinstance(limit, Window):
        values = {**row, "tries": limit.tries, "seconds": limit.seconds}
        reserved = await session.scalar(_RESERVE_WINDOW, values)
    else:
        values = {**row, "tries": limit.tries, "pause": limit.pause, "longest": limit.longest}
        reserved = await session.scalar(_RESERVE_BACK_OFF, values)
    if reserved is None:
        wait = await session.scalar(_WAIT, row)
        raise TooManyRequests(retry_after=str(max(1, int(wait or 1))))


async def give_back(session: AsyncSession, limit: Window | BackOff, subject: str) -> None:
    """Uncount a try that was no failure, and the pause that began with it."""
    row = update(ThrottleRow).where(col(ThrottleRow.key) == _key(limit, subject), col(ThrottleRow.tries) > 0)
    until = ThrottleRow.until if isinstance(limit, Window) else func.clock_timestamp() + clock.offset()
    await session.execute(row.values(tries=ThrottleRow.tries - 1, until=until))


async def clear(session: AsyncSession, limit: BackOff, subject: str) -> None:
    """Forget a subject's failures after it proved itself."""
    await session.execute(delete(ThrottleRow).where(col(ThrottleRow.key) == _key(limit, subject)))


async def forget_past(session: AsyncSession, *, before: datetime) -> bool:
    """Drop some of what no longer limits anybody; whether there was any."""
    return await delete_some(
        session, ThrottleRow, col(ThrottleRow.key), col(ThrottleRow.until) < before.astimezone(UTC)
    )


def address_subject(address: str | None) -> str:
    """Whom an address stands for: itself in IPv4, its /64 network in IPv6, where one subscriber has all of it."""
    try:
        known = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(known) if known.version == 4 else str(ipaddress.ip_network(f"{known}/64", strict=False))


def _key(limit: Window | BackOff, subject: str) -> str:
    # A hash: people type their password into the user name field.
    return f"{limit.name}:{hashlib.sha256(subject.encode()).hexdigest()}"
