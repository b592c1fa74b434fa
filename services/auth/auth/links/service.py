"""Use cases of patient links: a record is opened to an account by a one-time code and the birth date, never by word."""

from datetime import timedelta
from uuid import UUID

from common import clock
from common.audit import Access
from common.auth import Caller
from common.errors import Invalid, NotFound, TooManyRequests, Unauthenticated
from common.events import UserLinked, UserUnlinked
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from auth import throttles
from auth.accounts import repository as accounts
from auth.accounts.models import UserRow
from auth.accounts.service import outdate_tokens
from auth.backend import Work
from auth.codes import hash_code, new_code
from auth.errors import LinkRefused
from auth.links import clients, policy, repository
from auth.links.models import LinkCodeRow
from auth.links.schemas import LinkCode, LinkCreate, LinkRedeem
from auth.throttles import Window

CODE_LIFE = timedelta(hours=72)
TRIES_PER_CODE = Window("link-code", tries=3, seconds=int(CODE_LIFE.total_seconds()))
TRIES_PER_USER = Window("link-user", tries=5, seconds=3600)


async def create_code(work: Work, caller: Caller, *, form: LinkCreate) -> LinkCode:
    """Staff get a code for a record whose birth date they can state."""
    birth_date = await clients.get_birth_date(work.backend.patients, caller, patient_id=form.patient_id)
    if birth_date != form.birth_date:
        raise Invalid.at("body", "birth_date", type="birth_date", msg="Not the birth date of this record")
    code = new_code()
    row = LinkCodeRow(
        code_hash=hash_code(code),
        patient_id=form.patient_id,
        birth_date_proof=policy.prove_birth_date(birth_date, code=code),
        created_by=caller.user_id,
        expires_at=clock.now() + CODE_LIFE,
    )
    async with work.transaction() as session:
        repository.add_code(session, row)
        work.audit(session, caller.actor, Access(action="C", resource="patient-link", patient_id=form.patient_id))
    return LinkCode(code=code, expires_at=row.expires_at)


async def redeem_code(work: Work, caller: Caller, *, form: LinkRedeem) -> UserRow:
    """A patient with code and birth date gets the record; every refusal looks the same."""
    async with work.transaction() as session:
        await throttles.reserve(session, TRIES_PER_USER, str(caller.user_id))
    try:
        async with work.transaction() as session:
            await throttles.reserve(session, TRIES_PER_CODE, hash_code(form.code).hex())
        async with work.transaction() as session:
            return await _link(work, session, caller, form=form)
    # The unique index decides between two accounts that redeem codes of one patient at once.
    except (LinkRefused, IntegrityError, TooManyRequests) as error:
        raise LinkRefused from error


async def _link(work: Work, session: AsyncSession, caller: Caller, *, form: LinkRedeem) -> UserRow:
    row = await repository.lock_code(session, hash_code(form.code))
    user = await accounts.find_user(session, caller.user_id, lock=True)
    if user is None or user.disabled_at is not None:
        raise Unauthenticated
    proof, now = policy.prove_birth_date(form.birth_date, code=form.code), clock.now()
    if row is None or not policy.opens(row, user, proof=proof, now=now):
        raise LinkRefused
    user.patient_id, row.used_at = row.patient_id, now
    work.announce(session, UserLinked(user_id=user.id, patient_id=row.patient_id))
    work.audit(session, caller.actor, Access(action="U", resource="patient-link", patient_id=row.patient_id))
    return user


async def unlink_patient(work: Work, caller: Caller, *, patient_id: UUID) -> None:
    """An administrator takes a record away from its account; tokens that carry it die, and so do codes handed out."""
    async with work.transaction() as session:
        user = await repository.lock_linked_user(session, patient_id)
        if user is None:
            raise NotFound
        user.patient_id = None
        await repository.void_codes(session, patient_id)
        outdate_tokens(work, session, user)
        work.announce(session, UserUnlinked(user_id=user.id, patient_id=patient_id))
        work.audit(session, caller.actor, Access(action="D", resource="patient-link", patient_id=patient_id))
