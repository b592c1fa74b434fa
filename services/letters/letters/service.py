"""The use cases of letters: one function each, steps in words."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from common import clock
from common.audit import Access
from common.auth import Caller
from common.errors import BackendUnavailable, Invalid
from common.events import LetterCreated, LetterRead
from common.logging import get_logger
from common.operations import Idempotency, Operation, OperationKind, Outcome
from common.rest import CANONICAL_UUID, Page, decode_cursor, encode_cursor
from common.work import Work
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from letters import policy, repository
from letters.clients import Backends
from letters.letter import Author, LetterType, Position, StoredLetter
from letters.models import LetterReceiptRow
from letters.schemas import Letter, LetterCreate, LetterSummary, letter_of, summary_of

log = get_logger(__name__)

TEMPLATE_RETRY_SECONDS = 3.0
# What openEHR servers write as a time (whether it ever was is asked of datetime) and as a version's number.
SENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})")
VERSION = r"[1-9][0-9]{0,8}"


class CreateLetter(BaseModel):
    """A letter to be committed.

    ehr_id: None when the patient's EHR was not known yet.
    patient_active: as patients said; None when it was silent.
    """

    patient_id: UUID
    ehr_id: UUID | None
    patient_active: bool | None
    author: Author
    title: str
    body: str
    letter_type: LetterType


@dataclass(frozen=True, slots=True)
class Committed:
    """A letter that is in the record, and where."""

    ehr_id: UUID
    letter: StoredLetter


async def check_accepted(_session: AsyncSession, operation: Operation[CreateLetter]) -> None:
    """A new letter needs an active patient; decided once, so that a replay is answered whatever changed since."""
    policy.check_takes_letters(patient_active=operation.intent.patient_active)


async def commit_letter(backends: Backends, operation: Operation[CreateLetter]) -> Committed:
    """Idempotent: the letter's uid is the operation's target id, its sending time that of the acceptance."""
    intent = operation.intent
    letter = StoredLetter(
        uid=operation.target_id,
        version=1,
        title=intent.title,
        letter_type=intent.letter_type,
        author=intent.author,
        sent_at=operation.created_at,
        body=intent.body,
    )
    ehr_id = intent.ehr_id or await backends.ehrbase.ensure_ehr(intent.patient_id)
    await backends.ehrbase.commit_letter(ehr_id, letter)
    return Committed(ehr_id, letter)


async def announce_letter(session: AsyncSession, operation: Operation[CreateLetter], committed: Committed) -> Outcome:
    """The letter is told of and audited in the transaction that closes its operation."""
    patient_id, letter = operation.intent.patient_id, committed.letter
    await repository.keep_ehr(session, patient_id=patient_id, ehr_id=committed.ehr_id)
    created = LetterCreated(
        letter_uid=letter.uid, patient_id=patient_id, version=letter.version, author_id=letter.author.id
    )
    access = Access(action="C", resource="letter", resource_id=str(letter.uid), patient_id=patient_id)
    return Outcome(answer={"letter_uid": str(letter.uid)}, events=[created], audit=[access])


CREATE_LETTER = OperationKind(
    name="letter.create", intent=CreateLetter, perform=commit_letter, finish=announce_letter, claim=check_accepted
)


async def create_letter(
    work: Work[Backends], caller: Caller, *, patient_id: UUID, draft: LetterCreate, key: Idempotency | None
) -> Letter:
    """A letter is acknowledged once it is in the patient's EHR and its announcement is stored.

    While patients is silent, a letter for a patient whose EHR we know is accepted without asking whether the record
    is active: availability goes before an administrative flag.
    """
    ehr_id = await find_ehr(work, patient_id=patient_id)
    active, author = await asyncio.gather(
        ask_active(work, caller, patient_id=patient_id, known=ehr_id is not None),
        work.backend.users.author_of(caller),
    )
    intent = CreateLetter(
        patient_id=patient_id, ehr_id=ehr_id, patient_active=active, author=author, **draft.model_dump()
    )
    completed = await work.operation(CREATE_LETTER, intent, actor=caller.actor, idempotency=key)
    if completed.committed is not None:
        return letter_of(completed.committed.letter, patient_id=patient_id, read_at=None)
    uid = UUID(completed.answer["letter_uid"])
    return await show_created(work, caller, patient_id=patient_id, uid=uid)


async def show_created(work: Work[Backends], caller: Caller, *, patient_id: UUID, uid: UUID) -> Letter:
    """A replay is the first answer again: the letter as it was committed, before anybody had read it."""
    ehr_id = await ehr_of(work, caller, patient_id=patient_id)
    letter = await work.backend.ehrbase.get_letter(ehr_id, uid, version=1)
    access = Access(action="R", resource="letter", resource_id=str(uid), patient_id=patient_id)
    await work.record(caller.actor, access)
    return letter_of(letter, patient_id=patient_id, read_at=None)


async def find_ehr(work: Work[Backends], *, patient_id: UUID) -> UUID | None:
    """The patient's EHR, as far as we have met it."""
    async with work.database.transaction() as session:
        return await repository.find_ehr(session, patient_id=patient_id)


async def ask_active(work: Work[Backends], caller: Caller, *, patient_id: UUID, known: bool) -> bool | None:
    """Whether the patient is active; None when patients is silent about one we know."""
    try:
        return await work.backend.patients.is_active(patient_id, caller=caller)
    except BackendUnavailable:
        if known:
            return None
        raise


async def provision_ehr(work: Work[Backends], *, patient_id: UUID) -> UUID:
    """Every patient has one EHR, and we know which."""
    ehr_id = await work.backend.ehrbase.ensure_ehr(patient_id)
    async with work.transaction() as session:
        await repository.keep_ehr(session, patient_id=patient_id, ehr_id=ehr_id)
    return ehr_id


async def ehr_of(work: Work[Backends], caller: Caller, *, patient_id: UUID) -> UUID:
    """The EHR of a patient who exists for this caller: patients is asked about those we have not met."""
    ehr_id = await find_ehr(work, patient_id=patient_id)
    if ehr_id is None:
        await work.backend.patients.is_active(patient_id, caller=caller)
        ehr_id = await provision_ehr(work, patient_id=patient_id)
    return ehr_id


async def list_letters(
    work: Work[Backends], caller: Caller, *, patient_id: UUID, limit: int, cursor: str | None
) -> Page[LetterSummary]:
    """A patient's letters, newest first."""
    after = None if cursor is None else position_of(cursor, system_id=work.backend.ehrbase.system_id)
    ehr_id = await ehr_of(work, caller, patient_id=patient_id)
    found = await work.backend.ehrbase.list_letters(ehr_id, limit=limit + 1, after=after)
    shown = found[:limit]
    async with work.transaction() as session:
        read_times = await repository.find_read_times(session, letter_uids=[letter.uid for letter, _ in shown])
        work.audit(session, caller.actor, Access(action="R", resource="letter", patient_id=patient_id))
    items = [summary_of(one, patient_id=patient_id, read_at=read_times.get(one.uid)) for one, _ in shown]
    more = len(found) > limit
    return Page(items=items, next_cursor=cursor_of(shown[-1][1]) if more else None)


def cursor_of(position: Position) -> str:
    """The cursor that continues a list after this position."""
    return encode_cursor(position.sent, position.version_uid)


def position_of(cursor: str, *, system_id: str) -> Position:
    """The reverse of `cursor_of`, for the openEHR server of this system id: it fails on what it would not write.

    Raises:
        Invalid: we did not make this cursor.
    """
    sent, version_uid = decode_cursor(cursor, str, str)
    ours = re.fullmatch(f"{CANONICAL_UUID.pattern}::{re.escape(system_id)}::{VERSION}", version_uid)
    if not ours or not SENT.fullmatch(sent) or not _is_time(sent):
        raise Invalid.at("query", "cursor", type="cursor", msg="Not a cursor of this list")
    return Position(sent, version_uid)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


async def read_letter(
    work: Work[Backends], caller: Caller, *, patient_id: UUID, uid: UUID, version: int | None
) -> Letter:
    """A letter is read through its patient's own EHR; the patient's first reading leaves a receipt."""
    ehr_id = await ehr_of(work, caller, patient_id=patient_id)
    letter = await work.backend.ehrbase.get_letter(ehr_id, uid, version=version)
    async with work.transaction() as session:
        if policy.leaves_receipt(caller, patient_id=patient_id):
            await keep_receipt(work, session, caller, patient_id=patient_id, uid=uid)
        read_times = await repository.find_read_times(session, letter_uids=[uid])
        access = Access(action="R", resource="letter", resource_id=str(uid), patient_id=patient_id)
        work.audit(session, caller.actor, access)
    return letter_of(letter, patient_id=patient_id, read_at=read_times.get(uid))


async def keep_receipt(
    work: Work[Backends], session: AsyncSession, caller: Caller, *, patient_id: UUID, uid: UUID
) -> None:
    """The first reading is kept and told of, later ones are not."""
    receipt = LetterReceiptRow(letter_uid=uid, patient_id=patient_id, user_id=caller.user_id, read_at=clock.now())
    if await repository.add_receipt(session, receipt):
        work.announce(session, LetterRead(letter_uid=uid, patient_id=patient_id, user_id=caller.user_id))


async def upload_template(work: Work[Backends]) -> None:
    """The letter template reaches the openEHR server however late that starts."""
    while True:
        try:
            await work.backend.ehrbase.ensure_template()
        except BackendUnavailable:
            log.warning("the openEHR server does not take the letter template yet")
            await asyncio.sleep(TEMPLATE_RETRY_SECONDS)
        else:
            return
