"""Events that reach notify, each with the use case it asks for."""

from datetime import UTC, datetime

from common.consumer import consumes
from common.events import LetterAmended, LetterCreated, LetterWithdrawn, SessionRevoked, UserLinked, UserUnlinked
from common.work import Work

from notify import service
from notify.models import Template
from notify.policy import LinkChange
from notify.push import Backend


@consumes(LetterCreated, durable="notify-letter-created")
async def on_letter_created(work: Work[Backend], event: LetterCreated) -> None:
    await _tell(work, event, "new_letter")


@consumes(LetterAmended, durable="notify-letter-amended")
async def on_letter_amended(work: Work[Backend], event: LetterAmended) -> None:
    await _tell(work, event, "amended_letter")


@consumes(LetterWithdrawn, durable="notify-letter-withdrawn")
async def on_letter_withdrawn(work: Work[Backend], event: LetterWithdrawn) -> None:
    await _tell(work, event, "amended_letter")


@consumes(UserLinked, durable="notify-user-linked")
async def on_user_linked(work: Work[Backend], event: UserLinked) -> None:
    await _relink(work, event, linked=True)


@consumes(UserUnlinked, durable="notify-user-unlinked")
async def on_user_unlinked(work: Work[Backend], event: UserUnlinked) -> None:
    await _relink(work, event, linked=False)


@consumes(SessionRevoked, durable="notify-session-revoked")
async def on_session_revoked(work: Work[Backend], event: SessionRevoked) -> None:
    await service.end_session(work, session_id=event.session_id)


async def _tell(work: Work[Backend], event: LetterCreated, template: Template) -> None:
    await service.notify_patient(work, patient_id=event.patient_id, template=template, letter_uid=event.letter_uid)


async def _relink(work: Work[Backend], event: UserLinked, *, linked: bool) -> None:
    change = LinkChange(user_id=event.user_id, at=work.cause_at or datetime.now(UTC), linked=linked)
    await service.change_link(work, patient_id=event.patient_id, change=change)


CONSUMERS = (
    on_letter_created,
    on_letter_amended,
    on_letter_withdrawn,
    on_user_linked,
    on_user_unlinked,
    on_session_revoked,
)
