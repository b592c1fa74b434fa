"""The use cases of letters: one function each, steps in words."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import cast
from uuid import UUID

from common import clock
from common.audit import Access
from common.auth import Caller
from common.errors import BackendUnavailable, Invalid
from common.events import LetterRead
from common.logging import get_logger
from common.operations import Idempotency
from common.rest import CANONICAL_UUID, Page, decode_cursor, encode_cursor
from common.work import Work

from letters import policy, repository
from letters.clients import Backends
from letters.errors import EhrGone
from letters.letter import LetterAt, Position, StoredLetter
from letters.models import LetterReceiptRow
from letters.operations import CHANGE_LETTER, CREATE_LETTER, ChangeLetter, Committed, CreateLetter, change_of
from letters.schemas import (
    Letter,
    LetterAmend,
    LetterCreate,
    LetterSummary,
    LetterVersion,
    LetterWithdraw,
    letter_of,
    summary_of,
)

log = get_logger(__name__)

TEMPLATE_RETRY_SECONDS = 3.0
# What openEHR servers write as a time (whether it ever was is asked of datetime) and as a version's number.
SENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})")
VERSION = r"[1-9][0-9]{0,8}"


async def create_letter(
    work: Work[Backends], caller: Caller, *, patient_id: UUID, draft: LetterCreate, key: Idempotency | None
) -> Letter:
    """A letter is acknowledged once it is in the patient's EHR and its announcement is stored.

    While patients is silent, a letter for a patient whose EHR we know is accepted without asking whether the record
    is active: availability goes before an administrative flag.
    """
    policy.check_length(draft.body, *draft.texts.values())
    ehr_id, active, author = await asyncio.gather(
        find_ehr(work, patient_id=patient_id),
        ask_active(work, caller, patient_id=patient_id),
        work.backend.users.author_of(caller),
    )
    if ehr_id is None and active is None:
        raise BackendUnavailable
    intent = CreateLetter(
        patient_id=patient_id,
        ehr_id=ehr_id,
        patient_active=active,
        author=author,
        **draft.model_dump(exclude={"sections"}),
        sections=draft.texts,
    )
    completed = await work.operation(CREATE_LETTER, intent, actor=caller.actor, idempotency=key)
    if completed.committed is not None:
        return letter_of(completed.committed.letter, patient_id=patient_id, read_at=None)
    uid = UUID(completed.answer["letter_uid"])
    return await show_created(work, caller, at=LetterAt(patient_id, uid))


async def show_created(work: Work[Backends], caller: Caller, *, at: LetterAt) -> Letter:
    """A replay is the first answer again: the letter as it was committed, before anybody had read it."""
    _, letter = await find_letter(work, caller, at=at, version=1)
    await work.record(caller.actor, _reading_of(at))
    return letter_of(letter, patient_id=at.patient_id, read_at=None)


def _reading_of(at: LetterAt) -> Access:
    return Access(action="R", resource="letter", resource_id=str(at.uid), patient_id=at.patient_id)


async def amend_letter(
    work: Work[Backends], caller: Caller, *, at: LetterAt, version: int, draft: LetterAmend
) -> Letter:
    """What a letter says is replaced by a next version; the old one stays readable."""
    ehr_id, letter, read_at = await _changeable(work, caller, at=at, version=version)
    author = await work.backend.users.author_of(caller)
    wanted = replace(
        letter,
        status="amended",
        author=author,
        title=draft.title,
        body=draft.body,
        letter_type=draft.letter_type or letter.letter_type,
        sections=letter.sections if draft.sections is None else draft.texts,
    )
    policy.check_length(wanted.body, *wanted.sections.values())
    intent = change_of(wanted, patient_id=at.patient_id, ehr_id=ehr_id, committer=author, reason=draft.reason)
    return await _change(work, caller, intent, read_at=read_at)


async def withdraw_letter(
    work: Work[Backends], caller: Caller, *, at: LetterAt, version: int, draft: LetterWithdraw
) -> Letter:
    """A letter is marked as no longer valid; its text and who answers for it stay as they were."""
    ehr_id, letter, read_at = await _changeable(work, caller, at=at, version=version)
    committer, wanted = await work.backend.users.author_of(caller), replace(letter, status="withdrawn")
    intent = change_of(wanted, patient_id=at.patient_id, ehr_id=ehr_id, committer=committer, reason=draft.reason)
    return await _change(work, caller, intent, read_at=read_at)


async def _changeable(
    work: Work[Backends], caller: Caller, *, at: LetterAt, version: int
) -> tuple[UUID, StoredLetter, datetime | None]:
    """Unlike a new letter a change is not refused for an inactive patient: what is wrong must be put right. When the
    letter was read is asked now, since nothing may fail once it is changed."""
    ehr_id, letter = await find_letter(work, caller, at=at)
    policy.check_takes_change(letter, expected=version)
    read_times = await find_read_times(work, letter_uids=[at.uid])
    return ehr_id, letter, read_times.get(at.uid)


async def _change(work: Work[Backends], caller: Caller, intent: ChangeLetter, *, read_at: datetime | None) -> Letter:
    completed = await work.operation(CHANGE_LETTER, intent, actor=caller.actor, idempotency=None)
    committed = cast(Committed, completed.committed)  # no replay, as there is no key
    return letter_of(committed.letter, patient_id=intent.patient_id, read_at=read_at)


async def find_ehr(work: Work[Backends], *, patient_id: UUID) -> UUID | None:
    """The patient's EHR, as far as we have met it."""
    async with work.database.statement() as connection:
        return await repository.find_ehr(connection, patient_id=patient_id)


async def find_read_times(work: Work[Backends], *, letter_uids: Collection[UUID]) -> Mapping[UUID, datetime]:
    """When the patient first read each of these letters."""
    async with work.database.statement() as connection:
        return await repository.find_read_times(connection, letter_uids=letter_uids)


async def ask_active(work: Work[Backends], caller: Caller, *, patient_id: UUID) -> bool | None:
    """Whether the patient is active; None while patients is silent."""
    try:
        return await work.backend.patients.is_active(patient_id, caller=caller)
    except BackendUnavailable:
        return None


async def provision_ehr(work: Work[Backends], *, patient_id: UUID) -> UUID:
    """Every patient has one EHR, and we know which."""
    ehr_id = await work.backend.ehrbase.ensure_ehr(patient_id)
    async with work.transaction() as session:
        await repository.keep_ehr(session, patient_id=patient_id, ehr_id=ehr_id)
    return ehr_id


async def in_ehr[T](
    work: Work[Backends], caller: Caller, *, patient_id: UUID, ask: Callable[[UUID], Awaitable[T]]
) -> tuple[UUID, T]:
    """The EHR of a patient who exists for this caller, and what it answers: patients is asked about those we have not
    met; one that the openEHR server no longer has, as after an older dump was restored, is found or made anew."""
    ehr_id = await find_ehr(work, patient_id=patient_id)
    if ehr_id is None:
        await work.backend.patients.is_active(patient_id, caller=caller)
        ehr_id = await provision_ehr(work, patient_id=patient_id)
    try:
        return ehr_id, await ask(ehr_id)
    except EhrGone:
        ehr_id = await provision_ehr(work, patient_id=patient_id)
        return ehr_id, await ask(ehr_id)


async def find_letter(
    work: Work[Backends], caller: Caller, *, at: LetterAt, version: int | None = None
) -> tuple[UUID, StoredLetter]:
    """A letter, found through its patient's own EHR, and which that is."""
    get = work.backend.ehrbase.get_letter
    return await in_ehr(work, caller, patient_id=at.patient_id, ask=lambda ehr_id: get(ehr_id, at.uid, version=version))


async def list_letters(
    work: Work[Backends], caller: Caller, *, patient_id: UUID, limit: int, cursor: str | None
) -> Page[LetterSummary]:
    """A patient's letters, newest first."""
    after = None if cursor is None else position_of(cursor, system_id=work.backend.ehrbase.system_id)
    ask = partial(work.backend.ehrbase.list_letters, limit=limit + 1, after=after)
    _, found = await in_ehr(work, caller, patient_id=patient_id, ask=ask)
    shown = found[:limit]
    read_times, _ = await asyncio.gather(
        find_read_times(work, letter_uids=[letter.uid for letter, _ in shown]),
        work.record(caller.actor, Access(action="R", resource="letter", patient_id=patient_id)),
    )
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
        raise Invalid.cursor()
    return Position(sent, version_uid)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


async def read_letter(work: Work[Backends], caller: Caller, *, at: LetterAt, version: int | None) -> Letter:
    """A letter is read through its patient's own EHR; the patient's first reading leaves a receipt."""
    _, letter = await find_letter(work, caller, at=at, version=version)
    return letter_of(letter, patient_id=at.patient_id, read_at=await record_reading(work, caller, at=at))


async def print_letter(
    work: Work[Backends], caller: Caller, *, at: LetterAt, version: int | None
) -> tuple[StoredLetter, bytes]:
    """To be given a letter as PDF is to read it; no letter is printed without whom it is about, and no older version
    without what has become of it."""
    (ehr_id, newest), patient = await asyncio.gather(
        find_letter(work, caller, at=at), work.backend.patients.identify(at.patient_id, caller=caller)
    )
    letter = newest if version is None else await work.backend.ehrbase.get_letter(ehr_id, at.uid, version=version)
    pdf = await work.backend.printer.print(letter, patient, newest=newest)
    await record_reading(work, caller, at=at)
    return letter, pdf


async def record_reading(work: Work[Backends], caller: Caller, *, at: LetterAt) -> datetime | None:
    """Each reading is in the audit trail, and the patient's first one is kept and told of; returns when that was."""
    who = {"letter_uid": at.uid, "patient_id": at.patient_id, "user_id": caller.user_id}
    async with work.transaction() as session:
        if policy.leaves_receipt(caller, patient_id=at.patient_id):
            receipt = LetterReceiptRow(**who, read_at=clock.now())
            if await repository.add_receipt(session, receipt):
                work.announce(session, LetterRead(**who))
        read_times = await repository.find_read_times(session, letter_uids=[at.uid])
        work.audit(session, caller.actor, _reading_of(at))
    return read_times.get(at.uid)


async def list_versions(
    work: Work[Backends], caller: Caller, *, at: LetterAt, limit: int, cursor: str | None
) -> Page[LetterVersion]:
    """How a letter came to be what it is, newest first."""
    before = None if cursor is None else decode_cursor(cursor, int)[0]
    ehr_id, _ = await find_letter(work, caller, at=at)  # a deleted one has a history too
    history = await work.backend.ehrbase.list_versions(ehr_id, at.uid)
    found = [one for one in history if before is None or one.version < before]
    await work.record(caller.actor, _reading_of(at))
    items = [
        LetterVersion(version=one.version, author=one.committer, committed_at=one.committed_at, reason=one.reason)
        for one in found[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(items[-1].version) if len(found) > limit else None)


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
