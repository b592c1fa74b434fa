"""Use cases of signing in at the provider. Why it was refused is told to the log, never to the browser."""

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta
from itertools import product
from uuid import uuid4

from common import clock
from common.audit import Access
from common.errors import BackendUnavailable, NotFound
from common.events import UserRegistered
from common.logging import get_logger
from joserfc.errors import JoseError
from sqlalchemy.ext.asyncio import AsyncSession

from auth import throttles
from auth.accounts import repository as accounts
from auth.accounts.models import UserRow
from auth.accounts.policy import name_change
from auth.accounts.service import outdate_tokens
from auth.backend import Work
from auth.errors import SignInRefused
from auth.oidc import policy, repository
from auth.oidc.clients import Provider, in_time
from auth.oidc.models import IdentityRow, StartRow
from auth.oidc.policy import Identity
from auth.oidc.schemas import Answer
from auth.sessions import service as sessions
from auth.sessions.service import Proofs
from auth.sessions.tokens import new_secret
from auth.throttles import Window
from auth.visitor import Visitor

log = get_logger(__name__)

START_LIFE = timedelta(minutes=10)
STARTS_PER_FAILURE = 10
REFUSED = "sign-in at the identity provider refused"


async def begin(work: Work, *, visitor: Visitor) -> tuple[str, str]:
    """Anybody may be sent to the provider; only the same browser can come back, once, within ten minutes.

    Returns:
        Where the browser goes, and the secret that it must bring back.
    """
    provider = _provider(work)
    state, browser, nonce, verifier = (new_secret() for _ in range(4))
    sealed = work.backend.vault.seal(f"{nonce} {verifier}".encode(), context=state)
    row = StartRow(start_hash=_hash(state, browser), sealed=sealed, expires_at=clock.now() + START_LIFE)
    async with work.transaction() as session:
        await throttles.reserve(session, _limit(work, "oidc-start", times=STARTS_PER_FAILURE), visitor.subject)
        session.add(row)
    async with in_time():
        return await provider.authorization_uri(state=state, nonce=nonce, verifier=verifier), browser


async def complete(work: Work, *, answer: Answer, browser: str | None, visitor: Visitor) -> Proofs:
    """Whom the provider vouches for, to the browser that began, gets a session; every refusal looks the same."""
    provider = _provider(work)
    async with work.transaction() as session:
        await throttles.reserve(session, _limit(work, "oidc"), visitor.subject)
        sealed = await repository.take_start(session, _hash(answer.state, browser or ""), now=clock.now())
    try:
        async with in_time():
            identity = await _prove(work, provider, answer, sealed=sealed)
    except (SignInRefused, BackendUnavailable):
        await work.record(visitor.actor, _failed(None))
        raise
    async with work.transaction() as session:
        proofs = await _admit(work, session, identity, visitor=visitor)
    # Not inside: an error would roll back the end of the sessions.
    if proofs is None:
        raise SignInRefused
    return proofs


async def _prove(work: Work, provider: Provider, answer: Answer, *, sealed: bytes | None) -> Identity:
    """Whom the provider vouches for in an answer to a sign-in that this browser began."""
    settings = work.backend.settings
    if sealed is None or answer.code is None or answer.error is not None:
        raise _refusal("no code, or no such sign-in of this browser")
    if answer.iss not in {None, settings.oidc_issuer}:
        raise _refusal("another issuer answers")
    try:
        nonce, verifier = work.backend.vault.open(sealed, context=answer.state).decode().split()
        told = await provider.redeem(answer.code, verifier=verifier)
        keys = await provider.keys_with(policy.key_id(told.id_token))
        return policy.identity_of(policy.read_claims(told, keys, nonce=nonce, settings=settings), settings)
    except (JoseError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise _refusal(f"{type(error).__name__} {getattr(error, 'claim', '')}") from error


async def _admit(work: Work, session: AsyncSession, identity: Identity, *, visitor: Visitor) -> Proofs | None:
    """A session for the identity's account, whose roles follow the provider; who has none left is shown out."""
    settings = work.backend.settings
    issuer = settings.oidc_issuer or ""
    user = await repository.lock_user(session, issuer=issuer, subject=identity.subject)
    if user is not None and not identity.roles:
        await sessions.end_sessions(work, session, user)
    if objection := policy.objection_to(identity, user, settings):
        log.warning(REFUSED, reason=objection)
        work.audit(session, visitor.actor, _failed(user))
        return None
    if user is None:
        user = await _open_account(work, session, identity, visitor=visitor)
        session.add(IdentityRow(issuer=issuer, subject=identity.subject, user_id=user.id))
    elif user.roles != identity.roles:
        change = name_change(user, roles=identity.roles, disabled=False)
        work.audit(session, visitor.actor, Access(action="U", resource=change, resource_id=str(user.id)))
        user.roles = identity.roles
        outdate_tokens(work, session, user)
    await throttles.give_back(session, _limit(work, "oidc"), visitor.subject)
    return await sessions.start_session(work, session, user, visitor=visitor, amr=identity.amr)


async def _open_account(work: Work, session: AsyncSession, identity: Identity, *, visitor: Visitor) -> UserRow:
    """A new account, whatever account has the same name or address: that is somebody else's."""
    user_id = uuid4()
    names = (identity.username, f"{identity.username[:23]}-{secrets.token_hex(4)}")
    addresses = (identity.email, f"{user_id.hex}@oidc.invalid")
    shown, roles = identity.display_name, identity.roles
    for name, address in product(names, filter(None, addresses)):
        user = UserRow(id=user_id, username=name, email=address, display_name=shown, roles=roles)
        if await accounts.add_user(session, user):
            break
    work.announce(session, UserRegistered(user_id=user_id, roles=user.roles))
    work.audit(session, visitor.actor, Access(action="C", resource="user", resource_id=str(user_id)))
    return user


def _provider(work: Work) -> Provider:
    if work.backend.provider is None:
        raise NotFound
    return work.backend.provider


def _limit(work: Work, name: str, *, times: int = 1) -> Window:
    """As for passwords, but counted apart: any site can send browsers here."""
    return replace(work.backend.sign_ins, name=name, tries=times * work.backend.sign_ins.tries)


def _failed(user: UserRow | None) -> Access:
    return Access(action="E", resource="session", resource_id=str(user.id) if user else None, outcome="failed")


def _refusal(reason: str) -> SignInRefused:
    """Reasons are our words; nothing that was sent is in them."""
    log.warning(REFUSED, reason=reason)
    return SignInRefused()


def _hash(state: str, browser: str) -> bytes:
    return hashlib.sha256(f"{state} {browser}".encode()).digest()
