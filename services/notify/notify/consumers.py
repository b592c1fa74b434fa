"""Events that reach notify, each with the use case it asks for."""

from typing import Any

from common.consumer import Consumer, consumes
from common.events import (
    WEBHOOK_FACTS,
    LetterAmended,
    LetterCreated,
    LetterRead,
    LetterWithdrawn,
    SessionRevoked,
    UserLinked,
    UserUnlinked,
    UserUpdated,
)
from common.work import Work

from notify import service
from notify.backend import Backend
from notify.webhooks import service as webhooks


@consumes(LetterCreated, durable="notify-letter-created")
async def on_letter_created(work: Work[Backend], event: LetterCreated) -> None:
    await service.notify_patient(work, event, template="new_letter")


@consumes(LetterAmended, durable="notify-letter-amended")
async def on_letter_amended(work: Work[Backend], event: LetterAmended) -> None:
    await service.notify_patient(work, event, template="amended_letter")


@consumes(LetterWithdrawn, durable="notify-letter-withdrawn")
async def on_letter_withdrawn(work: Work[Backend], event: LetterWithdrawn) -> None:
    await service.notify_patient(work, event, template="amended_letter", withdrawn=True)


@consumes(LetterRead, durable="notify-letter-read")
async def on_letter_read(work: Work[Backend], event: LetterRead) -> None:
    await service.note_reading(work, event)


@consumes(UserUpdated, durable="notify-user-updated")
async def on_user_updated(work: Work[Backend], event: UserUpdated) -> None:
    if event.disabled:
        await service.disable_account(work, user_id=event.user_id)


@consumes(UserLinked, durable="notify-user-linked")
async def on_user_linked(work: Work[Backend], event: UserLinked) -> None:
    await service.change_link(work, event, linked=True)


@consumes(UserUnlinked, durable="notify-user-unlinked")
async def on_user_unlinked(work: Work[Backend], event: UserUnlinked) -> None:
    await service.change_link(work, event, linked=False)


@consumes(SessionRevoked, durable="notify-session-revoked")
async def on_session_revoked(work: Work[Backend], event: SessionRevoked) -> None:
    await service.end_session(work, session_id=event.session_id)


CONSUMERS: tuple[Consumer[Backend, Any], ...] = (
    *(on_letter_created, on_letter_amended, on_letter_withdrawn, on_letter_read),
    *(on_user_updated, on_user_linked, on_user_unlinked, on_session_revoked),
    *(
        consumes(*facts, durable=f"notify-webhooks-{stream.lower()}")(webhooks.tell_webhooks)
        for stream, facts in WEBHOOK_FACTS.items()
    ),
)
