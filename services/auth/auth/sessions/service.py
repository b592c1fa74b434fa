"""Use cases of sessions: signing in, refreshing, signing out, and ending the sessions of an account."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common import clock
from common.audit import Access, Actor
from common.auth import LIFETIME_SECONDS, Caller, hash_csrf
from common.errors import CsrfRefused, Unauthenticated
from common.events import SessionRevoked
from sqlalchemy.ext.asyncio import AsyncSession

from auth import throttles
from auth.accounts import repository as accounts
from auth.accounts.models import UserRow
from auth.accounts.schemas import User, normalise_name
from auth.backend import Work
from auth.errors import CredentialsRefused, SessionEnded
from auth.sessions import cookies, policy, repository, tokens
from auth.sessions.models import RefreshTokenRow, SessionRow
from auth.sessions.policy import Presented
from auth.sessions.schemas import Login, Session
from auth.throttles import LOGIN
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


async def log_in(work: Work, *, form: Login, visitor: Visitor) -> Issued:
    """Name and password of an active account start a session; every other case takes the same path and time."""
    name, password = normalise_name(form.username), form.password.get_secret_value()
    with work.backend.passwords.room():
        async with work.backend.turns.of(name):
            proofs = await _try_password(work, name=name, password=password, visitor=visitor)
    return await _issue(work, proofs)


async def _try_password(work: Work, *, name: str, password: str, visitor: Visitor) -> Proofs:
    address = throttles.address_subject(visitor.address)
    async with work.transaction() as session:
        await throttles.reserve(session, work.backend.sign_ins, address)
        await throttles.reserve(session, LOGIN, name)
        user = await accounts.find_login(session, name)
    proved = await _prove_password(work, user, password)
    if user is None or proved is None:
        failed = Access(action="E", resource="session", resource_id=str(user.id) if user else None, outcome="failed")
        await work.record(visitor.actor, failed)
        raise CredentialsRefused
    async with work.transaction() as session:
        now = await accounts.find_user(session, user.id, lock=True)
        if now is None or not now.active or now.password_hash != user.password_hash:
            raise CredentialsRefused
        now.password_hash = proved
        # In the order in which a try reserves them: the other way round two sign-ins could wait for each other.
        await throttles.give_back(session, work.backend.sign_ins, address)
        await throttles.clear(session, LOGIN, name)
        return await start_session(work, session, now, visitor=visitor)


async def _prove_password(work: Work, user: UserRow | None, password: str) -> str | None:
    """The hash to store from now on if the password is that of an active account, else None."""
    passwords = work.backend.passwords
    known = user.password_hash if user is not None and user.active else None
    if not await passwords.matches(password, known) or known is None:
        return None
    return await passwords.hash(password) if passwords.is_outdated(known) else known


async def start_session(work: Work, session: AsyncSession, user: UserRow, *, visitor: Visitor) -> Proofs:
    """A new session with its first refresh token and its CSRF token, both of which are stored as hashes only."""
    refresh_token, csrf_token = tokens.new_secret(), tokens.new_secret()
    row = SessionRow(user_id=user.id, csrf_hash=hash_csrf(csrf_token), user_agent=visitor.user_agent)
    session.add(row)
    await session.flush()
    token_hash = tokens.hash_refresh_token(refresh_token)
    session.add(RefreshTokenRow(token_hash=token_hash, session_id=row.id, generation=0))
    actor = _actor(user, visitor)
    work.audit(session, actor, Access(action="E", resource="session", resource_id=str(row.id)))
    return Proofs(user, row, refresh_token, csrf_token)


async def refresh(work: Work, *, presented: str | None, csrf_token: str | None, visitor: Visitor) -> Issued:
    """The newest refresh token is exchanged for the next; one that was used before ends its whole family."""
    if presented is None:
        raise Unauthenticated
    now = clock.now()
    async with work.transaction() as session:
        row, user = await _find_session(session, presented, csrf_token=csrf_token)
        next_token = None
        if user.active and not policy.is_over(row, roles=user.roles, now=now):
            next_token = await _exchange(work, session, row, presented=presented, now=now)
            if next_token is None:
                row.ended_at = now
                _announce_end(work, session, row, user)
                reused = Access(action="E", resource="refresh-token", resource_id=str(row.id), outcome="denied")
                work.audit(session, _actor(user, visitor), reused)
    # Not inside: an error would roll back the end of a family.
    if next_token is None:
        raise SessionEnded(set_cookie=cookies.cleared_cookies(work.backend.settings)[0])
    return await _issue(work, Proofs(user, row, next_token, csrf_token or ""))


async def log_out(work: Work, *, presented: str | None, csrf_token: str | None, visitor: Visitor) -> None:
    """The session of a refresh token ends, in every service; ending it again changes nothing."""
    if presented is None:
        raise Unauthenticated
    async with work.transaction() as session:
        row, user = await _find_session(session, presented, csrf_token=csrf_token)
        if row.ended_at is None:
            row.ended_at = clock.now()
            _announce_end(work, session, row, user)
            access = Access(action="D", resource="session", resource_id=str(row.id))
            work.audit(session, _actor(user, visitor), access)


async def end_sessions(work: Work, session: AsyncSession, user: UserRow, *, but: UUID | None = None) -> None:
    """End an account's sessions, all or all but one, as part of the caller's work."""
    for row in await repository.end_sessions(session, user_id=user.id, now=clock.now(), but=but):
        _announce_end(work, session, row, user)


async def get_me(work: Work, caller: Caller) -> UserRow:
    """The caller's account as the database has it; a session that ended is refused, whatever the feed has heard."""
    user = await find_living(work, caller)
    if user is None:
        raise Unauthenticated("The session has ended")
    return user


async def get_public_keys(work: Work) -> dict[str, Any]:
    """The JWKS document, for anybody."""
    return await work.backend.keys.public_keys(work.database)


async def find_living(work: Work, caller: Caller) -> UserRow | None:
    """The caller's account while the session and the token's version live."""
    async with work.transaction() as session:
        return await repository.find_living(
            session, session_id=caller.session_id, user_id=caller.user_id, token_version=caller.token_version
        )


async def _find_session(session: AsyncSession, presented: str, *, csrf_token: str | None) -> tuple[SessionRow, UserRow]:
    row = await repository.lock_session_of(session, tokens.hash_refresh_token(presented))
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
    token = await repository.get_token(session, tokens.hash_refresh_token(presented))
    head = await repository.get_head(session, row.id)
    verdict = policy.judge_token(token, head, now=now)
    if verdict is Presented.REUSED:
        return None
    keys = work.backend.settings.refresh_keys
    options = tokens.successors(presented, session_id=row.id, generation=token.generation + 1, keys=keys)
    row.last_seen_at = now
    if verdict is Presented.REPEAT:
        return next((option for option in options if tokens.hash_refresh_token(option) == head.token_hash), None)
    token.used_at = now
    session.add(
        RefreshTokenRow(
            token_hash=tokens.hash_refresh_token(options[0]), session_id=row.id, generation=token.generation + 1
        )
    )
    return options[0]


def _announce_end(work: Work, session: AsyncSession, row: SessionRow, user: UserRow) -> None:
    ends = row.created_at + policy.limits_of(user.roles).absolute
    work.announce(session, SessionRevoked(session_id=row.id, user_id=row.user_id, expires_at=ends))


async def _issue(work: Work, proofs: Proofs) -> Issued:
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


def _actor(user: UserRow, visitor: Visitor) -> Actor:
    return Actor(user_id=user.id, roles=tuple(user.roles), address=visitor.address, request_id=visitor.request_id)
