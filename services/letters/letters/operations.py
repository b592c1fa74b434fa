"""The writes of letters as operations: what is accepted, committed to the record, and left behind."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.audit import Access
from common.events import LetterAmended, LetterCreated, LetterWithdrawn
from common.operations import Operation, OperationKind, Outcome
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from letters import policy, repository
from letters.clients import Backends
from letters.errors import EhrGone
from letters.letter import Author, LetterType, Section, Status, StoredLetter

SENT = "Letter sent"  # why there is a first version


class LetterText(BaseModel):
    """What a version of a letter says."""

    title: str
    body: str
    letter_type: LetterType
    sections: dict[Section, str] = {}


class CreateLetter(LetterText):
    """A letter to be committed.

    ehr_id: None when the patient's EHR was not known yet.
    patient_active: as patients said; None when it was silent.
    """

    patient_id: UUID
    ehr_id: UUID | None
    patient_active: bool | None
    author: Author


class ChangeLetter(LetterText):
    """A next version of a letter.

    version: its predecessor's.
    author: who answers for its text, which a withdrawal leaves as it is.
    committer: who makes the change, and `reason` why.
    """

    patient_id: UUID
    ehr_id: UUID
    uid: UUID
    version: int
    sent_at: datetime
    author: Author
    status: Status
    committer: Author
    reason: str


def change_of(letter: StoredLetter, *, patient_id: UUID, ehr_id: UUID, committer: Author, reason: str) -> ChangeLetter:
    """The intent to have this letter in the place of its version that is there now."""
    return ChangeLetter(
        patient_id=patient_id,
        ehr_id=ehr_id,
        uid=letter.uid,
        version=letter.version,
        sent_at=letter.sent_at,
        author=letter.author,
        status=letter.status,
        committer=committer,
        reason=reason,
        **_text_of(letter),
    )


@dataclass(frozen=True, slots=True)
class Committed:
    """A letter that is in the record, and where."""

    ehr_id: UUID
    letter: StoredLetter


async def _check_accepted(_session: AsyncSession, operation: Operation[CreateLetter]) -> None:
    """A new letter needs an active patient; decided once, so that a replay is answered whatever changed since."""
    policy.check_takes_letters(patient_active=operation.intent.patient_active)


async def _commit_letter(backends: Backends, operation: Operation[CreateLetter]) -> Committed:
    """Idempotent: the letter's uid is the operation's target id, its sending time that of the acceptance."""
    intent = operation.intent
    letter = StoredLetter(
        uid=operation.target_id,
        version=1,
        author=intent.author,
        sent_at=operation.created_at,
        **_text_of(intent),
    )
    return await _commit(backends, intent, letter, committer=letter.author, reason=SENT)


async def _commit(
    backends: Backends, intent: CreateLetter | ChangeLetter, letter: StoredLetter, *, committer: Author, reason: str
) -> Committed:
    """Into the EHR that we know of or, where the server has no such one, into the one that it has for the patient."""
    if intent.ehr_id is not None:
        with suppress(EhrGone):
            await backends.ehrbase.commit_letter(intent.ehr_id, letter, committer=committer, reason=reason)
            return Committed(intent.ehr_id, letter)
    ehr_id = await backends.ehrbase.ensure_ehr(intent.patient_id)
    await backends.ehrbase.commit_letter(ehr_id, letter, committer=committer, reason=reason)
    return Committed(ehr_id, letter)


def _text_of(text: LetterText | StoredLetter) -> dict[str, Any]:
    return {name: getattr(text, name) for name in LetterText.model_fields}


async def _announce_letter(session: AsyncSession, operation: Operation[CreateLetter], committed: Committed) -> Outcome:
    """The letter is told of and audited in the transaction that closes its operation."""
    patient_id, letter = operation.intent.patient_id, committed.letter
    if committed.ehr_id != operation.intent.ehr_id:
        await repository.keep_ehr(session, patient_id=patient_id, ehr_id=committed.ehr_id)
    created = LetterCreated(
        letter_uid=letter.uid, patient_id=patient_id, version=letter.version, author_id=letter.author.id
    )
    access = Access(action="C", resource="letter", resource_id=str(letter.uid), patient_id=patient_id)
    return Outcome(answer={"letter_uid": str(letter.uid)}, events=[created], audit=[access])


async def _commit_change(backends: Backends, operation: Operation[ChangeLetter]) -> Committed:
    """Idempotent: the time of the acceptance, in the version, tells this change from any other."""
    intent = operation.intent
    letter = StoredLetter(
        uid=intent.uid,
        version=intent.version + 1,
        author=intent.author,
        sent_at=intent.sent_at,
        amended_at=operation.created_at,
        status=intent.status,
        **_text_of(intent),
    )
    return await _commit(backends, intent, letter, committer=intent.committer, reason=intent.reason)


async def _announce_change(_session: AsyncSession, operation: Operation[ChangeLetter], committed: Committed) -> Outcome:
    intent, letter = operation.intent, committed.letter
    fact = LetterAmended if intent.status == "amended" else LetterWithdrawn
    changed = fact(
        letter_uid=letter.uid, patient_id=intent.patient_id, version=letter.version, author_id=intent.committer.id
    )
    access = Access(action="U", resource="letter", resource_id=str(letter.uid), patient_id=intent.patient_id)
    return Outcome(answer={"letter_uid": str(letter.uid), "version": letter.version}, events=[changed], audit=[access])


CREATE_LETTER: OperationKind[Backends, CreateLetter, Committed] = OperationKind(
    name="letter.create", intent=CreateLetter, perform=_commit_letter, finish=_announce_letter, claim=_check_accepted
)
CHANGE_LETTER: OperationKind[Backends, ChangeLetter, Committed] = OperationKind(
    name="letter.change", intent=ChangeLetter, perform=_commit_change, finish=_announce_change
)
