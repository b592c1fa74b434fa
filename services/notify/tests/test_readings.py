"""Letters that are read by whatever way: what was told of them is read too, whatever order the events come in."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from common import clock
from common.auth import Caller
from common.events import LetterAmended, LetterCreated, LetterRead, NotificationRead, UserLinked
from e2e.push_receiver import PushReceiver
from notify import main
from notify.models import ReadingRow
from notify_door import Door
from notify_stage import Stage
from sqlalchemy import func, select

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


async def read(stage: Stage, reader: Caller, patient_id: UUID, letter_uid: UUID, *, at: datetime | None = None) -> None:
    """Letters tells that the patient has read a letter."""
    await stage.happen(LetterRead(letter_uid=letter_uid, patient_id=patient_id, user_id=reader.user_id), at=at)


async def linked(stage: Stage) -> tuple[Caller, UUID]:
    patient, patient_id = stage.user(), uuid4()
    await stage.link(patient, patient_id, at=clock.now() - 9 * HOUR)
    return patient, patient_id


async def unread(stage: Stage, patient: Caller) -> list[str]:
    return [entry.url for entry in await stage.inbox(patient, unread=True)]


async def test_letter_that_was_read_is_no_news_in_the_inbox_any_more(stage: Stage) -> None:
    patient, patient_id = await linked(stage)
    letter_uid, other_uid = await stage.letter(patient_id), await stage.letter(patient_id)
    await read(stage, patient, patient_id, letter_uid, at=(at := clock.now()))
    assert await unread(stage, patient) == [f"/letters/{other_uid}"]
    (entry,) = [entry for entry in await stage.inbox(patient) if entry.read_at is not None]
    assert (entry.url, entry.state, entry.read_at) == (f"/letters/{letter_uid}", "read", at)
    (fact,) = await stage.announced(NotificationRead)
    assert (fact.notification_id, fact.user_id) == (entry.id, patient.user_id)
    assert fact.cause_event_id == (await stage.row(entry.id)).cause_event_id is not None


async def test_version_that_came_after_the_reading_stays_news(stage: Stage) -> None:
    patient, patient_id = await linked(stage)
    letter_uid, now = await stage.letter(patient_id, at=clock.now() - 3 * HOUR), clock.now()
    amended = LetterAmended(letter_uid=letter_uid, patient_id=patient_id, version=2, author_id=uuid4())
    await stage.happen(amended, at=now - HOUR)
    await read(stage, patient, patient_id, letter_uid, at=now - 2 * HOUR)
    assert [entry.template for entry in await stage.inbox(patient, unread=True)] == ["amended_letter"]


async def test_reading_by_another_than_the_linked_user_reads_nothing_for_them(stage: Stage) -> None:
    patient, patient_id = await linked(stage)
    letter_uid = await stage.letter(patient_id)
    await read(stage, stage.user(), patient_id, letter_uid)
    assert await unread(stage, patient) == [f"/letters/{letter_uid}"]


async def test_letter_that_is_known_after_it_was_read_is_not_pushed(stage: Stage, receiver: PushReceiver) -> None:
    patient, patient_id = await linked(stage)
    phone, letter_uid, created_at = receiver.subscribe(), uuid4(), clock.now() - HOUR
    await stage.register(patient, phone)
    await read(stage, patient, patient_id, letter_uid)
    event = LetterCreated(letter_uid=letter_uid, patient_id=patient_id, version=1, author_id=uuid4())
    async with stage.sending():
        await stage.happen(event, at=created_at)
        await stage.letter(patient_id)
        await stage.pushed(phone)
        await asyncio.sleep(0.2)
    assert len(phone.pushes) == 1
    assert f"/letters/{letter_uid}" not in await unread(stage, patient)


async def test_letter_that_was_read_before_the_link_is_known_is_not_pushed(
    stage: Stage, receiver: PushReceiver
) -> None:
    patient, patient_id, phone = stage.user(), uuid4(), receiver.subscribe()
    await stage.register(patient, phone)
    letter_uid = await stage.letter(patient_id, at=clock.now() - HOUR)
    await read(stage, patient, patient_id, letter_uid)
    async with stage.sending():
        await stage.link(patient, patient_id)
        await asyncio.sleep(0.3)
    assert (await unread(stage, patient), phone.pushes) == ([], [])
    assert len(await stage.inbox(patient)) == 1


async def test_letter_that_was_read_again_after_letters_forgot_it_is_read(stage: Stage) -> None:
    patient, patient_id = await linked(stage)
    letter_uid = uuid4()
    await read(stage, patient, patient_id, letter_uid, at=clock.now() - 2 * HOUR)
    amended = LetterAmended(letter_uid=letter_uid, patient_id=patient_id, version=2, author_id=uuid4())
    await stage.happen(amended, at=clock.now() - HOUR)
    await read(stage, patient, patient_id, letter_uid)
    assert await unread(stage, patient) == []


async def test_reading_is_forgotten_with_the_notifications_of_its_time(
    stage: Stage, move_clock: Callable[[float], None]
) -> None:
    patient, patient_id = await linked(stage)
    await read(stage, patient, patient_id, uuid4())

    async def kept() -> int | None:
        async with stage.work.database.transaction() as session:
            return await session.scalar(select(func.count()).select_from(ReadingRow))

    for moved, expected in ((-HOUR, 1), (HOUR, 0)):
        move_clock((timedelta(days=200) + moved).total_seconds())
        await main.forget_the_past(stage.work, kept=timedelta(days=200))
        assert await kept() == expected


async def test_reading_that_is_announced_over_nats_is_noted(door: Door, stage: Stage) -> None:
    patient, patient_id, letter_uid = door.visitor("patient"), uuid4(), uuid4()
    who = {"letter_uid": letter_uid, "patient_id": patient_id}
    await door.publish(UserLinked(user_id=patient.user_id, patient_id=patient_id), source="auth")
    await door.publish(LetterCreated(**who, version=1, author_id=uuid4()), source="letters")
    await door.publish(LetterRead(**who, user_id=patient.user_id), source="letters")

    async def states() -> list[str]:
        return [one["state"] for one in (await patient("GET", "/notifications")).json()["items"]]

    async with asyncio.timeout(60):
        while await states() != ["read"]:
            await asyncio.sleep(0.05)
    assert (await patient("GET", "/notifications")).json()["unread_count"] == 0
