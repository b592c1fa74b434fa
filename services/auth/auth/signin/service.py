"""Use cases of signing in. What is wrong about a try is never said, and every try is counted before it is checked."""

import math
from datetime import timedelta
from uuid import UUID

from common import clock
from common.audit import Access, AccessOutcome
from common.errors import TooManyRequests
from sqlalchemy.ext.asyncio import AsyncSession

from auth import throttles
from auth.accounts import repository as accounts
from auth.accounts.models import UserRow
from auth.accounts.schemas import normalise_name
from auth.backend import Work
from auth.errors import CredentialsRefused, SecondFactorRefused, TotpRequired
from auth.sessions import service as sessions
from auth.sessions import tokens
from auth.sessions.policy import OTP, PASSWORD
from auth.sessions.service import Issued, Proofs
from auth.signin import repository
from auth.signin.models import ChallengeRow
from auth.signin.schemas import Login, LoginCode
from auth.throttles import LOGIN, SECOND_FACTOR
from auth.totp import service as totp
from auth.visitor import Visitor

CHALLENGE_LIFE = timedelta(minutes=5)
CHALLENGE_TRIES = 5


async def log_in(work: Work, *, form: Login, visitor: Visitor) -> Issued:
    """Name and password of an active account start a session, with a code where a second factor is on. A wrong password
    takes the same path and time whoever's it is."""
    name, password = normalise_name(form.username), form.password.get_secret_value()
    async with work.backend.turns.of(name):  # before it takes room, which one account would fill by itself
        with work.backend.passwords.room():
            proved = await _prove_password(work, name=name, password=password, visitor=visitor)
            if form.totp_code:
                await _reserve_code(work, proved.id)
            async with work.transaction() as session:
                entry = await _enter(work, session, proved, form=form, visitor=visitor)
    if entry is None:
        await work.record(visitor.actor, _sign_in(proved.id, "failed"))
        raise CredentialsRefused
    # Not inside: an error would roll back the challenge.
    if isinstance(entry, str):
        raise TotpRequired(members={"challenge": entry})
    return await sessions.issue(work, entry)


async def finish_log_in(work: Work, *, form: LoginCode, visitor: Visitor) -> Issued:
    """Whoever has just proved a password, which is what a challenge says, has five tries at the code."""
    challenge = await _reserve_try(work, tokens.hash_secret(form.challenge), visitor=visitor)
    await _reserve_code(work, challenge.user_id)
    try:
        async with work.transaction() as session:
            user = await _find_unchanged(session, challenge.user_id, password_hash=challenge.password_hash)
            if user is None or not await totp.spend_code(work, session, user, code=form.code):
                raise SecondFactorRefused
            proofs = await _begin(work, session, user, visitor=visitor, amr=[PASSWORD, OTP])
            if not await repository.spend_challenge(session, challenge.challenge_hash):
                raise SecondFactorRefused  # somebody else came in by it meanwhile; our session rolls back
    except SecondFactorRefused:
        await work.record(visitor.actor, _sign_in(challenge.user_id, "failed"))
        raise
    return await sessions.issue(work, proofs)


async def _prove_password(work: Work, *, name: str, password: str, visitor: Visitor) -> UserRow:
    passwords = work.backend.passwords
    async with work.transaction() as session:
        await throttles.reserve(session, work.backend.sign_ins, visitor.subject)
        await throttles.reserve(session, LOGIN, name)
        user = await accounts.find_login(session, name)
    known = user.password_hash if user is not None and user.active else None
    if not await passwords.matches(password, known) or user is None or known is None:
        await work.record(visitor.actor, _sign_in(user.id if user else None, "failed"))
        raise CredentialsRefused
    if passwords.is_outdated(known):
        user.password_hash = new = await passwords.hash(password)
        async with work.transaction() as session:
            stored = await accounts.replace_password(session, user.id, known=known, new=new)
        if stored != new and await passwords.matches(password, stored):  # another sign-in was quicker
            user.password_hash = stored
    return user


async def _enter(
    work: Work, session: AsyncSession, proved: UserRow, *, form: Login, visitor: Visitor
) -> Proofs | str | None:
    """A session, or the challenge for a code that is still missing, or nothing."""
    user = await _find_unchanged(session, proved.id, password_hash=proved.password_hash)
    if user is None:
        return None
    if not user.totp_enabled:
        return await _begin(work, session, user, visitor=visitor, amr=[PASSWORD])
    if not form.totp_code:
        await throttles.give_back(session, work.backend.sign_ins, visitor.subject)
        await throttles.give_back(session, LOGIN, normalise_name(form.username))
        return _challenge(work, session, user, visitor=visitor)
    if await totp.spend_code(work, session, user, code=form.totp_code):
        return await _begin(work, session, user, visitor=visitor, amr=[PASSWORD, OTP])
    return None


async def _find_unchanged(session: AsyncSession, user_id: UUID, *, password_hash: str | None) -> UserRow | None:
    """The account, locked, unless it was disabled or its password changed since it was proved."""
    user = await accounts.find_user(session, user_id, lock=True)
    return user if user is not None and user.active and user.password_hash == password_hash else None


async def _begin(work: Work, session: AsyncSession, user: UserRow, *, visitor: Visitor, amr: list[str]) -> Proofs:
    """The session of somebody who has proved all that was asked; what failed before is forgotten."""
    # In the order in which a try reserves them: the other way round two sign-ins could wait for each other.
    await throttles.give_back(session, work.backend.sign_ins, visitor.subject)
    for name in (user.username, user.email):
        await throttles.clear(session, LOGIN, name)
    await throttles.clear(session, SECOND_FACTOR, str(user.id))
    return await sessions.start_session(work, session, user, visitor=visitor, amr=amr)


def _challenge(work: Work, session: AsyncSession, user: UserRow, *, visitor: Visitor) -> str:
    challenge = tokens.new_secret()
    row = ChallengeRow(
        challenge_hash=tokens.hash_secret(challenge),
        user_id=user.id,
        password_hash=user.password_hash or "",
        expires_at=clock.now() + CHALLENGE_LIFE,
    )
    repository.add_challenge(session, row)
    work.audit(session, visitor.actor, _sign_in(user.id, "denied"))
    return challenge


async def _reserve_try(work: Work, challenge_hash: bytes, *, visitor: Visitor) -> ChallengeRow:
    now = clock.now()
    async with work.transaction() as session:
        await throttles.reserve(session, work.backend.sign_ins, visitor.subject)
        challenge = await repository.reserve_try(session, challenge_hash, tries=CHALLENGE_TRIES, now=now)
        known = challenge or await repository.find_challenge(session, challenge_hash)
    if known is None or known.expires_at <= now:
        await work.record(visitor.actor, _sign_in(known.user_id if known else None, "failed"))
        raise SecondFactorRefused
    if challenge is None:
        raise TooManyRequests(retry_after=str(math.ceil((known.expires_at - now).total_seconds())))
    return challenge


async def _reserve_code(work: Work, user_id: UUID) -> None:
    async with work.transaction() as session:
        await throttles.reserve(session, SECOND_FACTOR, str(user_id))


def _sign_in(user_id: UUID | None, outcome: AccessOutcome) -> Access:
    return Access(action="E", resource="session", resource_id=str(user_id) if user_id else None, outcome=outcome)
