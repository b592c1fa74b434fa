"""Use cases of accounts. Passwords are hashed while no transaction is open."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from common import clock
from common.audit import Access, Actor
from common.auth import Caller
from common.errors import Invalid, NotFound
from common.events import UserRegistered, UserUpdated
from common.rest import CANONICAL_UUID, Page, decode_cursor, encode_cursor
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from auth import throttles
from auth.accounts import policy, repository
from auth.accounts.models import UserRow
from auth.accounts.schemas import Activate, PasswordChange, Register, UserCreate, UserPatch, normalise_name
from auth.backend import Work
from auth.codes import hash_code, new_code
from auth.errors import AccountTaken, ActivationRefused, PasswordRefused
from auth.sessions import service as sessions
from auth.throttles import OWN_PASSWORD
from auth.visitor import Visitor

ACTIVATION_LIFE = timedelta(hours=72)


async def register(work: Work, *, form: Register, visitor: Visitor) -> UserRow:
    """Anybody may open an account for themselves; it is a patient's, linked to no record."""
    password = form.password.get_secret_value()
    policy.check_password(password, username=form.username, email=form.email)
    with work.backend.passwords.room() as passwords:
        async with work.transaction() as session:
            await throttles.reserve(session, work.backend.registrations, visitor.subject)
        password_hash = await passwords.hash(password)
    user = UserRow(
        username=form.username,
        email=form.email,
        display_name=form.display_name or form.username,
        roles=["patient"],
        password_hash=password_hash,
    )
    async with work.transaction() as session:
        await _add(work, session, user)
        work.audit(session, visitor.actor, Access(action="C", resource="user", resource_id=str(user.id)))
    return user


async def create_user(work: Work, caller: Caller, *, form: UserCreate) -> tuple[UserRow, str]:
    """An administrator prepares an account; whoever is given its code within 72 hours chooses its password."""
    code = new_code()
    user = UserRow(
        username=form.username,
        email=form.email,
        display_name=form.display_name or form.username,
        roles=list(form.roles),
        activation_hash=hash_code(code),
        activation_expires_at=clock.now() + ACTIVATION_LIFE,
    )
    async with work.transaction() as session:
        await _add(work, session, user)
        work.audit(session, caller.actor, Access(action="C", resource="user", resource_id=str(user.id)))
    return user, code


async def _add(work: Work, session: AsyncSession, user: UserRow) -> None:
    if not await repository.add_user(session, user):
        raise AccountTaken
    work.announce(session, UserRegistered(user_id=user.id, roles=user.roles))


async def invite_again(work: Work, *, name: str) -> str | None:
    """Who lost their password, or their code, gets a code to choose a password with and has no session any more; None
    where nobody has the name, or an identity provider's person."""
    code = new_code()
    async with work.transaction() as session:
        user = await repository.find_login(session, normalise_name(name), lock=True)
        if user is None or user.federated:
            return None
        user.password_hash, user.activation_hash = None, hash_code(code)
        user.activation_expires_at = clock.now() + ACTIVATION_LIFE
        await sessions.end_sessions(work, session, user)
        work.audit(session, Actor(user_id=None), Access(action="D", resource="password", resource_id=str(user.id)))
    return code


async def activate(work: Work, *, form: Activate, visitor: Visitor) -> None:
    """A code sets the password of its account, once."""
    code_hash, password = hash_code(form.activation_code), form.password.get_secret_value()
    async with work.transaction() as session:
        user = await repository.find_activation(session, code_hash, now=clock.now())
    if user is None:
        raise ActivationRefused
    policy.check_password(password, username=user.username, email=user.email)
    with work.backend.passwords.room() as passwords:
        password_hash = await passwords.hash(password)
    async with work.transaction() as session:
        if not await repository.activate(session, code_hash, password_hash=password_hash):
            raise ActivationRefused
        work.audit(session, visitor.actor, Access(action="U", resource="password", resource_id=str(user.id)))


async def list_users(work: Work, caller: Caller, *, q: str | None, limit: int, cursor: str | None) -> Page[UserRow]:
    """Administrators see every account, by user name."""
    async with work.transaction() as session:
        after = None if cursor is None else await _last_name(session, cursor)
        rows: Sequence[UserRow] = await repository.list_users(session, q=q, after=after, limit=limit + 1)
        work.audit(session, caller.actor, Access(action="R", resource="user"))
    more = len(rows) > limit
    return Page(items=list(rows[:limit]), next_cursor=encode_cursor(str(rows[limit - 1].id)) if more else None)


async def _last_name(session: AsyncSession, cursor: str) -> str:
    """The user name that the page before ended with: it is not in the cursor itself, since that stands in addresses."""
    (user_id,) = decode_cursor(cursor, str)
    user = await repository.find_user(session, UUID(user_id)) if CANONICAL_UUID.fullmatch(user_id) else None
    if user is None:
        raise Invalid.cursor()
    return user.username


async def update_user(work: Work, caller: Caller, *, user_id: UUID, patch: UserPatch) -> UserRow:
    """Roles and state of an account change at once everywhere: its tokens die, a disabled account's sessions too."""
    if patch.roles is not None:
        policy.check_not_own_roles(user_id, by=caller.user_id)
    async with work.transaction() as session:
        admins = await repository.lock_admins(session)
        user = await repository.find_user(session, user_id, lock=True)
        if user is None:
            raise NotFound
        roles: list[str] = [*patch.roles] if patch.roles is not None else user.roles
        disabled = user.disabled_at is not None if patch.disabled is None else patch.disabled
        policy.check_roles_are_ours(user, roles=roles)
        policy.check_admin_stays(user, roles=roles, disabled=disabled, admins=admins)
        change = policy.name_change(user, roles=roles, disabled=disabled)
        work.audit(session, caller.actor, Access(action="U", resource=change, resource_id=str(user_id)))
        await _change(work, session, user, roles=roles, disabled=disabled)
    return user


async def _change(work: Work, session: AsyncSession, user: UserRow, *, roles: list[str], disabled: bool) -> None:
    if (roles, disabled) == (user.roles, user.disabled_at is not None):
        return
    user.roles = roles
    user.disabled_at = (user.disabled_at or clock.now()) if disabled else None
    if disabled:
        await sessions.end_sessions(work, session, user)
    outdate_tokens(work, session, user)


def outdate_tokens(work: Work, session: AsyncSession, user: UserRow) -> None:
    """Refuse the access tokens that the account has; its sessions go on and refresh to new ones."""
    user.token_version += 1
    work.announce(
        session,
        UserUpdated(
            user_id=user.id,
            roles=user.roles,
            disabled=user.disabled_at is not None,
            token_version=user.token_version,
        ),
    )


async def change_password(work: Work, caller: Caller, *, form: PasswordChange) -> None:
    """Whoever knows the current password sets a new one, and every other session ends."""
    new = form.new_password.get_secret_value()
    async with work.transaction() as session:
        user = await sessions.find_caller(session, caller)
    policy.check_password(new, username=user.username, email=user.email, field="new_password")
    changed = Access(action="U", resource="password", resource_id=str(user.id))
    failed = replace(changed, outcome="failed")
    user = await prove_password(work, caller, form.current_password, field="current_password", failed=failed)
    with work.backend.passwords.room() as passwords:
        password_hash = await passwords.hash(new)
    async with work.transaction() as session:
        now = await sessions.find_caller(session, caller, lock=True)
        if now.password_hash != user.password_hash:
            raise _wrong_password("current_password")
        now.password_hash = password_hash
        await sessions.end_sessions(work, session, now, but=caller.session_id)
        work.audit(session, caller.actor, changed)


async def prove_password(
    work: Work, caller: Caller, password: SecretStr, *, failed: Access, field: str = "password"
) -> UserRow:
    """The caller's account, if they know its password; whatever it is asked for, wrong ones count together.

    Args:
        failed: the audit entry of a wrong one.
        field: the body's member that an error points at.

    Raises:
        PasswordRefused: it is wrong.
        TooManyRequests: it was wrong too often.
    """
    with work.backend.passwords.room() as passwords:
        async with work.transaction() as session:
            await throttles.reserve(session, OWN_PASSWORD, str(caller.user_id))
            user = await sessions.find_caller(session, caller)
            policy.check_has_password(user)
        right = await passwords.matches(password.get_secret_value(), user.password_hash)
    if not right:
        await work.record(caller.actor, failed)
        raise _wrong_password(field)
    async with work.transaction() as session:
        await throttles.clear(session, OWN_PASSWORD, str(user.id))
    return user


def _wrong_password(field: str) -> PasswordRefused:
    return PasswordRefused.at("body", field, type="password_wrong", msg="Not the current password")
