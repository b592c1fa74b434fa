"""Use cases of signing in at the provider. Why it was refused is told to the log, never to the browser."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
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
from auth.accounts.service import outdate_tokens
from auth.backend import Work
from auth.errors import SignInRefused
from auth.oidc import clients, policy, repository, tokens
from auth.oidc.clients import Provider, TokenAnswer
from auth.oidc.models import IdentityRow, StartRow
from auth.oidc.policy import Identity
from auth.sessions import service as sessions
from auth.sessions.service import Proofs
from auth.sessions.tokens import new_secret
from auth.visitor import Visitor

log = get_logger(__name__)

START_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the provider sent the browser back with (RFC 6749 §4.1.2, RFC 9207 §2)."""

    state: str
    code: str | None
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Began:
    """Where the browser goes next, and the secret that it is known by when it comes back."""

    uri: str
    browser: str


async def begin(work: Work, *, visitor: Visitor) -> Began:
    """Anybody may be sent to the provider; only the same browser can come back, once, within ten minutes."""
    provider = _provider(work)
    state, nonce, verifier, browser = (new_secret() for _ in range(4))
    row = StartRow(
        state_hash=_hash(state),
        browser_hash=_hash(browser),
        sealed=work.backend.vault.seal(f"{nonce} {verifier}".encode(), context=state),
        expires_at=clock.now() + START_LIFE,
    )
    async with work.transaction() as session:
        await throttles.reserve(session, work.backend.oidc_starts, visitor.subject)
        repository.add_start(session, row)
    async with clients.in_time():
        return Began(await provider.authorization_uri(state=state, nonce=nonce, verifier=verifier), browser)


async def complete(work: Work, *, answer: Answer, browser: str | None, visitor: Visitor) -> Proofs:
    """Whom the provider vouches for, to the browser that began, gets a session; every refusal looks the same."""
    provider = _provider(work)
    async with work.transaction() as session:
        await throttles.reserve(session, work.backend.oidc_sign_ins, visitor.subject)
        start = await repository.take_start(session, _hash(answer.state))
    try:
        async with clients.in_time():
            identity = await _prove(work, provider, answer, start=start, browser=browser)
    except (SignInRefused, BackendUnavailable):
        await work.record(visitor.actor, Access(action="E", resource="session", outcome="failed"))
        raise
    async with work.transaction() as session:
        proofs = await _admit(work, session, identity, visitor=visitor)
    # Not inside: an error would roll back the end of the sessions.
    if proofs is None:
        raise SignInRefused
    return proofs


async def _prove(
    work: Work, provider: Provider, answer: Answer, *, start: StartRow | None, browser: str | None
) -> Identity:
    """Whom the provider vouches for in its answer to this browser."""
    settings = work.backend.settings
    if start is None or not _is_the_same(start, browser):
        raise _refusal("no such sign-in was begun by this browser")
    if answer.issuer != settings.oidc_issuer and (answer.issuer is not None or await provider.names_itself()):
        raise _refusal("the answer is of another issuer")
    if answer.error is not None or answer.code is None:
        raise _refusal("the provider says no")
    nonce, verifier = work.backend.vault.open(start.sealed, context=answer.state).decode().split()
    redeemed = await provider.redeem(answer.code, verifier=verifier)
    return await _believe(provider, redeemed, nonce=nonce)


async def _believe(provider: Provider, redeemed: TokenAnswer, *, nonce: str) -> Identity:
    try:
        keys = await provider.keys_with(tokens.key_id(redeemed.id_token))
        claims = tokens.read_claims(redeemed, keys=keys, nonce=nonce, settings=provider.settings)
        return policy.identity_of(claims, provider.settings)
    except JoseError as error:
        raise _refusal("id_token", error=error.error, claim=getattr(error, "claim", None)) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _refusal("id_token", error=type(error).__name__) from error


async def _admit(work: Work, session: AsyncSession, identity: Identity, *, visitor: Visitor) -> Proofs | None:
    """A session for the identity's account, whose roles follow the provider: one that has none left is shown out."""
    user = await repository.lock_user(session, issuer=identity.issuer, subject=identity.subject)
    if user is not None and not identity.roles:
        await sessions.end_sessions(work, session, user)
    if not identity.roles or (user is not None and not user.active):
        failed = Access(action="E", resource="session", resource_id=str(user.id) if user else None, outcome="failed")
        work.audit(session, visitor.actor, failed)
        return None
    if user is None:
        user = await _open_account(work, session, identity, visitor=visitor)
    elif user.roles != identity.roles:
        user.roles = identity.roles
        outdate_tokens(work, session, user)
        work.audit(session, visitor.actor, Access(action="U", resource="user", resource_id=str(user.id)))
    await throttles.give_back(session, work.backend.oidc_sign_ins, visitor.subject)
    return await sessions.start_session(work, session, user, visitor=visitor, amr=identity.amr)


async def _open_account(work: Work, session: AsyncSession, identity: Identity, *, visitor: Visitor) -> UserRow:
    """A new account, whatever accounts have the same name or address: those are somebody else's."""
    user_id = uuid4()
    names = (identity.username, f"{identity.username[:23]}-{secrets.token_hex(4)}")
    addresses = (identity.email, f"{user_id.hex}@oidc.invalid")
    for username, email in product(names, filter(None, addresses)):
        user = UserRow(
            id=user_id, username=username, email=email, display_name=identity.display_name, roles=identity.roles
        )
        if await accounts.add_user(session, user):
            break
    repository.add_identity(session, IdentityRow(issuer=identity.issuer, subject=identity.subject, user_id=user_id))
    work.announce(session, UserRegistered(user_id=user_id, roles=user.roles))
    work.audit(session, visitor.actor, Access(action="C", resource="user", resource_id=str(user_id)))
    return user


def _provider(work: Work) -> Provider:
    if work.backend.provider is None:
        raise NotFound
    return work.backend.provider


def _is_the_same(start: StartRow, browser: str | None) -> bool:
    known = hmac.compare_digest(start.browser_hash, _hash(browser or ""))
    return known and clock.now() < start.expires_at


def _refusal(reason: str, **facts: str | None) -> SignInRefused:
    """Reasons are ours; what was sent is in none of them."""
    log.warning("sign-in at the identity provider refused", reason=reason, **facts)
    return SignInRefused()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
