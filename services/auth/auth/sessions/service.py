"""Use cases of sessions: starting, refreshing, signing out, and ending the sessions of an account."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common import clock
from common.audit import Access, Actor
from common.auth import LIFETIME_SECONDS, Caller, hash_csrf
from common.errors import CsrfRefused, NotFound, Unauthenticated
from common.events import SessionRevoked
from common.rest import Page, decode_moment, encode_cursor
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from auth.accounts import repository as accounts
from auth.accounts.models import UserRow
from auth.accounts.schemas import User
from auth.backend import Work
from auth.errors import SessionEnded
from auth.sessions import cookies, policy, repository, tokens
from auth.sessions.models import RefreshTokenRow, SessionRow
from auth.sessions.policy import Presented
from auth.sessions.schemas import OwnSession, Session
from auth.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Proofs:
    """A living session and the plain text of what proves it, which exists only while it is answered."""

    user: UserRow
    row: SessionRow
    refresh_token: str
    csrf_token: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A session's answer, and the refresh token that only its cookie carries."""

    session: Session
    refresh_token: str


async def start_session(
    work: Work, session: AsyncSession, user: UserRow, *, visitor: Visitor, amr: list[str]
) -> Proofs:
    """A new session with its first refresh token and its CSRF token, both of which are stored as hashes only.

    Args:
        amr: how its owner was authenticated (RFC 8176).
    """
    refresh_token, csrf_token = tokens.new_secret(), tokens.new_secret()
    row = SessionRow(user_id=user.id, csrf_hash=hash_csrf(csrf_token), amr=amr, user_agent=visitor.user_agent)
    session.add(row)
    await session.flush()
    token_hash = tokens.hash_secret(refresh_token)
    session.add(RefreshTokenRow(token_hash=token_hash, session_id=row.id, generation=0))
    actor = _actor(user, visitor)
    work.audit(session, actor, Access(action="E", resource="session", resource_id=str(row.id)))
    return Proofs(user, row, refresh_token, csrf_token)


async def refresh(work: Work, *, presented: str | None, csrf_token: str | None, visitor: Visitor) -> Issued:
    """The newest refresh token is exchanged for the next; one that was used before ends its whole family."""
    if presented is None:
        raise Unauthenticated
    await work.backend.keys.signing_key(work.database)  # known before the token is spent, for which nobody could answer
    now = clock.now()
    async with work.transaction() as session:
        row, user = await _find_session(session, presented, csrf_token=csrf_token)
        next_token = None
        if user.active and not policy.is_over(row, roles=user.roles, now=now):
            next_token = await _exchange(work, session, row, presented=presented, now=now)
            if next_token is None:
                reused = Access(action="E", resource="refresh-token", resource_id=str(row.id), outcome="denied")
                work.audit(session, _actor(user, visitor), reused)
        if next_token is None:
            _end(work, session, row, roles=user.roles)
    # Not inside: an error would roll back the end of a family.
    if next_token is None:
        raise SessionEnded(set_cookie=cookies.cleared_cookies(work.backend.settings)[0])
    return await issue(work, Proofs(user, row, next_token, csrf_token or ""))


async def log_out(work: Work, *, presented: str | None, csrf_token: str | None, visitor: Visitor) -> None:
    """The session of a refresh token ends, in every service; ending it again changes nothing."""
    if presented is None:
        raise Unauthenticated
    async with work.transaction() as session:
        row, user = await _find_session(session, presented, csrf_token=csrf_token)
        if _end(work, session, row, roles=user.roles):
            work.audit(session, _actor(user, visitor), _ended(row.id))


async def log_out_everywhere(work: Work, caller: Caller) -> None:
    """Every session of the caller ends, the one that asks too."""
    async with work.transaction() as session:
        user = await find_caller(session, caller, lock=True)
        await end_sessions(work, session, user)
        work.audit(session, caller.actor, _ended(None))


async def list_sessions(work: Work, caller: Caller, *, limit: int, cursor: str | None) -> Page[OwnSession]:
    """Everyone sees their own sessions, as far as they live."""
    before = None if cursor is None else decode_moment(cursor)
    since = policy.living_since(caller.roles, now=clock.now())
    async with work.transaction() as session:
        rows = await repository.list_living(session, caller.user_id, since=since, before=before, limit=limit + 1)
    shown, more = rows[:limit], len(rows) > limit
    next_cursor = encode_cursor(shown[-1].created_at.isoformat(), str(shown[-1].id)) if more else None
    return Page(items=[OwnSession.of(row, asking=caller.session_id) for row in shown], next_cursor=next_cursor)


async def end_session(work: Work, caller: Caller, *, session_id: UUID) -> None:
    """Everyone ends their own sessions; another's looks like one that is absent or over."""
    async with work.transaction() as session:
        row = await repository.lock_session(session, session_id=session_id, user_id=caller.user_id)
        if row is None or policy.is_over(row, roles=caller.roles, now=clock.now()):
            raise NotFound
        _end(work, session, row, roles=caller.roles)
        work.audit(session, caller.actor, _ended(row.id))


async def end_sessions(work: Work, session: AsyncSession, user: UserRow, *, but: UUID | None = None) -> None:
    """End an account's sessions, all or all but one, as part of the caller's work."""
    for row in await repository.end_sessions(session, user_id=user.id, now=clock.now(), but=but):
        _announce_end(work, session, row, roles=user.roles)


async def reprove_session(session: AsyncSession, caller: Caller, *, otp: bool) -> None:
    """From now on the caller's session counts as proved with a one-time code, or without; its next tokens say so.

    Raises:
        Unauthenticated: it has ended.
    """
    row = await repository.lock_session(session, session_id=caller.session_id, user_id=caller.user_id)
    if row is None or row.ended_at is not None:
        raise Unauthenticated("The session has ended")
    row.amr = [*(method for method in row.amr if method != policy.OTP), *[policy.OTP] * otp]


async def find_caller(session: AsyncSession, caller: Caller, *, lock: bool = False) -> UserRow:
    """The caller's own account; `lock` keeps it as it is until the transaction ends.

    Raises:
        Unauthenticated: it was disabled.
    """
    user = await accounts.find_user(session, caller.user_id, lock=lock)
    if user is None or not user.active:
        raise Unauthenticated
    return user


async def get_me(work: Work, caller: Caller) -> User:
    """The caller's account as the database has it; a session that ended is refused, whatever the feed has heard."""
    account = await find_living(work, caller)
    if account is None:
        raise Unauthenticated("The session has ended")
    return User.model_validate(dict(account))


async def get_public_keys(work: Work) -> dict[str, Any]:
    """The JWKS document, for anybody."""
    return await work.backend.keys.public_keys(work.database)


async def find_living(work: Work, caller: Caller) -> RowMapping | None:
    """The caller's account while the session and the token's version live, and with the version its roles."""
    since = policy.living_since(caller.roles, now=clock.now())
    async with work.database.statement() as connection:
        return await repository.find_behind(connection, caller, since=since)


async def _find_session(session: AsyncSession, presented: str, *, csrf_token: str | None) -> tuple[SessionRow, UserRow]:
    row = await repository.lock_session_of(session, tokens.hash_secret(presented))
    if row is None:
        raise SessionEnded
    if csrf_token is None or not hmac.compare_digest(hash_csrf(csrf_token), row.csrf_hash):
        raise CsrfRefused
    user = await accounts.find_user(session, row.user_id)
    if user is None:
        raise SessionEnded
    return row, user


async def _exchange(work: Work, session: AsyncSession, row: SessionRow, *, presented: str, now: datetime) -> str | None:
    """The refresh token to answer with; None when the presented one was used before."""
    token = await repository.get_token(session, tokens.hash_secret(presented))
    head = await repository.get_head(session, row.id)
    verdict = policy.judge_token(token, head, now=now)
    if verdict is Presented.REUSED:
        return None
    keys = work.backend.settings.refresh_keys
    options = tokens.successors(presented, session_id=row.id, generation=token.generation + 1, keys=keys)
    row.last_seen_at = now
    if verdict is Presented.REPEAT:
        return next((option for option in options if tokens.hash_secret(option) == head.token_hash), None)
    token.used_at = clock.now()  # not when its call came in: it may have waited for the database since
    session.add(
        RefreshTokenRow(token_hash=tokens.hash_secret(options[0]), session_id=row.id, generation=token.generation + 1)
    )
    return options[0]


def _end(work: Work, session: AsyncSession, row: SessionRow, *, roles: Collection[str]) -> bool:
    """End a session that is locked; False when it had ended before."""
    if row.ended_at is not None:
        return False
    row.ended_at = clock.now()
    _announce_end(work, session, row, roles=roles)
    return True


def _announce_end(work: Work, session: AsyncSession, row: SessionRow, *, roles: Collection[str]) -> None:
    ends = row.created_at + policy.limits_of(roles).absolute
    work.announce(session, SessionRevoked(session_id=row.id, user_id=row.user_id, expires_at=ends))


async def issue(work: Work, proofs: Proofs) -> Issued:
    """A session's answer, with an access token of this moment."""
    signing = await work.backend.keys.signing_key(work.database)
    issuer = work.backend.settings.public_origin
    answer = Session(
        access_token=tokens.access_token(proofs.user, proofs.row, issuer=issuer, signing=signing),
        token_type="Bearer",  # noqa: S106 - a scheme (RFC 6750)
        expires_in=LIFETIME_SECONDS,
        csrf_token=proofs.csrf_token,
        user=User.of(proofs.user),
    )
    return Issued(answer, proofs.refresh_token)


def _ended(session_id: UUID | None) -> Access:
    return Access(action="D", resource="session", resource_id=str(session_id) if session_id else None)


def _actor(user: UserRow, visitor: Visitor) -> Actor:
    return Actor(user_id=user.id, roles=tuple(user.roles), address=visitor.address, request_id=visitor.request_id)
