"""Use cases of the second factor, and how its codes are spent."""

from common import clock
from common.audit import Access, AccessOutcome, Action, Actor
from common.auth import Caller
from common.logging import get_logger
from cryptography.exceptions import InvalidTag
from sqlalchemy.ext.asyncio import AsyncSession

from auth import throttles
from auth.accounts import repository as accounts
from auth.accounts.models import UserRow
from auth.accounts.schemas import normalise_name
from auth.accounts.service import prove_password
from auth.backend import Work
from auth.codes import hash_code, new_code
from auth.errors import CodeRefused, TotpAbsent, TotpActive
from auth.sessions import service as sessions
from auth.throttles import TOTP_CHANGE
from auth.totp import policy, repository
from auth.totp.models import TotpRow
from auth.totp.schemas import TotpConfirm, TotpDisable, TotpEnrol, TotpEnrolment

log = get_logger(__name__)


async def enrol(work: Work, caller: Caller, *, form: TotpEnrol) -> TotpEnrolment:
    """Whoever knows the password gets a new seed, which counts for nothing until a code of it is confirmed."""
    await prove_password(work, caller, form.password, failed=_change(caller, "C", "failed"))
    seed = policy.new_seed()
    async with work.transaction() as session:
        user = await sessions.find_caller(session, caller, lock=True)
        if user.totp_enabled:
            raise TotpActive
        sealed = work.backend.vault.seal(seed.encode(), context=str(user.id))
        await repository.replace_totp(session, TotpRow(user_id=user.id, sealed=sealed))
        work.audit(session, caller.actor, _change(caller, "C"))
    return TotpEnrolment(secret=seed, otpauth_uri=policy.otpauth_uri(seed, username=user.username))


async def confirm(work: Work, caller: Caller, *, form: TotpConfirm) -> list[str]:
    """The first right code switches the second factor on; only the session that sent it goes on, as proved by it."""
    codes = [new_code() for _ in range(policy.RECOVERY_CODES)]
    await _reserve(work, caller)
    async with work.transaction() as session:
        user = await sessions.find_caller(session, caller, lock=True)
        row = await repository.find_totp(session, user.id)
        if user.totp_enabled:
            raise TotpActive
        if row is None:
            raise TotpAbsent
        right = await _spend_step(work, session, row, code=form.code)
        if right:
            user.totp_enabled, row.recovery_hashes = True, [hash_code(code) for code in codes]
            await _settle(work, session, caller, user)
            work.audit(session, caller.actor, _change(caller, "U"))
    if not right:
        await work.record(caller.actor, _change(caller, "U", "failed"))
        raise CodeRefused
    return codes


async def disable(work: Work, caller: Caller, *, form: TotpDisable) -> None:
    """Password and a code together switch it off, unless the account's role needs it."""
    policy.check_may_disable(caller.roles, needed_by=work.backend.settings.totp_roles)
    await prove_password(work, caller, form.password, failed=_change(caller, "D", "failed"))
    await _reserve(work, caller)
    async with work.transaction() as session:
        user = await sessions.find_caller(session, caller, lock=True)
        if not user.totp_enabled:
            raise TotpAbsent
        right = await spend_code(work, session, user, code=form.code)
        if right:
            user.totp_enabled = False
            await repository.delete_totp(session, user.id)
            await _settle(work, session, caller, user)
            work.audit(session, caller.actor, _change(caller, "D"))
    if not right:
        await work.record(caller.actor, _change(caller, "D", "failed"))
        raise CodeRefused


async def reset(work: Work, *, name: str) -> bool:
    """Who has lost phone and recovery codes begins anew, without any session; False when there is nothing to lose."""
    async with work.transaction() as session:
        user = await accounts.find_login(session, normalise_name(name), lock=True)
        if user is None or not user.totp_enabled:
            return False
        user.totp_enabled = False
        await repository.delete_totp(session, user.id)
        await sessions.end_sessions(work, session, user)
        work.audit(session, Actor(user_id=None), Access(action="D", resource="totp", resource_id=str(user.id)))
    return True


async def spend_code(work: Work, session: AsyncSession, user: UserRow, *, code: str) -> bool:
    """Whether a code is the second factor of an account that is locked; six digits and recovery codes count once."""
    row = await repository.find_totp(session, user.id)
    if row is None or not user.totp_enabled:
        return False
    if policy.SIX_DIGITS.fullmatch(code):
        return await _spend_step(work, session, row, code=code)
    return await repository.spend_recovery_code(session, user.id, hash_code(code))


async def _spend_step(work: Work, session: AsyncSession, row: TotpRow, *, code: str) -> bool:
    vault, context = work.backend.vault, str(row.user_id)
    try:
        seed = vault.open(row.sealed, context=context)
    except (LookupError, InvalidTag):
        log.error("a seed cannot be opened", user=context)
        return False
    step = policy.matching_step(seed.decode(), code, now=clock.now())
    if step is None:
        return False
    return await repository.spend_step(session, row.user_id, step=step, sealed=vault.seal(seed, context=context))


async def _reserve(work: Work, caller: Caller) -> None:
    async with work.transaction() as session:
        await throttles.reserve(session, TOTP_CHANGE, str(caller.user_id))


async def _settle(work: Work, session: AsyncSession, caller: Caller, user: UserRow) -> None:
    """After a right code its failures are forgotten, and of the account's sessions only the caller's goes on."""
    await throttles.clear(session, TOTP_CHANGE, str(user.id))
    await sessions.end_sessions(work, session, user, but=caller.session_id)
    await sessions.reprove_session(session, caller, otp=user.totp_enabled)


def _change(caller: Caller, action: Action, outcome: AccessOutcome = "ok") -> Access:
    return Access(action=action, resource="totp", resource_id=str(caller.user_id), outcome=outcome)
