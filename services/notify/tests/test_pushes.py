"""From a fact to the browser: what is pushed, to whom, and what each answer of a push service leads to."""

import asyncio
import base64
import json
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from common.auth import Caller
from common.db import StorageUnavailable
from common.events import (
    LetterAmended,
    LetterCreated,
    LetterWithdrawn,
    NotificationAttempted,
    NotificationFailed,
    NotificationRead,
)
from common.inbox import AlreadyHandled
from e2e.push_receiver import PushReceiver, Reply, Subscriber
from notify import policy, pump, repository, service
from notify.models import DeliveryRow
from notify_stage import Stage
from py_vapid import Vapid02
from sqlalchemy import func, select, text, update

pytestmark = pytest.mark.anyio


async def linked(stage: Stage, *browsers: Subscriber) -> tuple[Caller, UUID]:
    patient, patient_id = stage.user(), uuid4()
    await stage.link(patient, patient_id)
    for browser in browsers:
        await stage.register(patient, browser)
    return patient, patient_id


async def hurry(stage: Stage) -> None:
    async with stage.work.database.transaction() as session:
        await session.execute(update(DeliveryRow).values(due_at=datetime.now(UTC)))
    stage.work.backend.due.set()


async def open_pushes(stage: Stage) -> int:
    async with stage.work.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(DeliveryRow)) or 0


async def test_letter_of_a_linked_patient_is_pushed_to_each_of_their_devices(
    stage: Stage, receiver: PushReceiver
) -> None:
    phone, laptop = receiver.subscribe(), receiver.subscribe()
    patient, patient_id = await linked(stage, phone, laptop)
    async with stage.sending():
        letter_uid = await stage.letter(patient_id)
        (push,), (other,) = await stage.pushed(phone), await stage.pushed(laptop)
        (entry,) = await stage.inbox(patient)
        await stage.until_state(entry.id, "attempted")
    assert entry.url == f"/letters/{letter_uid}"
    assert push.payload == {"notification_id": str(entry.id), "title": "You have a new letter"} == other.payload
    facts = await stage.announced(NotificationAttempted)
    assert [(fact.notification_id, fact.user_id) for fact in facts] == [(entry.id, patient.user_id)]
    assert await open_pushes(stage) == 0


async def test_letter_that_every_push_service_refuses_at_once_has_failed(stage: Stage, receiver: PushReceiver) -> None:
    browsers = [receiver.subscribe(Reply(403)) for _ in range(policy.MAX_DEVICES)]
    patient, patient_id = await linked(stage, *browsers)
    async with stage.sending():
        await stage.letter(patient_id)
        (entry,) = await stage.inbox(patient)
        await stage.until_state(entry.id, "failed")
    assert [fact.notification_id for fact in await stage.announced(NotificationFailed)] == [entry.id]


async def test_push_carries_what_the_standards_ask_for_and_names_nobody(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe()
    patient, patient_id = await linked(stage, phone)
    async with stage.sending():
        letter_uid = await stage.letter(patient_id)
        (push,) = await stage.pushed(phone)
    told = push.headers
    assert (told["ttl"], told["urgency"], told["content-encoding"]) == ("86400", "normal", "aes128gcm")
    assert len(told["topic"]) == 32
    assert Vapid02.verify(told["authorization"])
    token = told["authorization"].removeprefix("vapid t=").split(",")[0]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["aud"] == receiver.origin
    assert time.time() < claims["exp"] <= time.time() + 24 * 3600
    assert told["authorization"].endswith(stage.work.backend.client.public_key)
    everything = json.dumps([dict(told), push.payload])
    assert not [known for known in (letter_uid, patient_id, patient.user_id) if str(known) in everything]
    assert letter_uid.hex not in everything


async def test_pushes_about_one_letter_share_a_topic_and_others_do_not(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe()
    _, patient_id = await linked(stage, phone)
    async with stage.sending():
        letter_uid = await stage.letter(patient_id)
        await stage.pushed(phone, number=1)
        amended = LetterAmended(letter_uid=letter_uid, patient_id=patient_id, version=2, author_id=uuid4())
        await stage.happen(amended)
        await stage.pushed(phone, number=2)
        await stage.letter(patient_id, kind=LetterWithdrawn)
        pushes = await stage.pushed(phone, number=3)
    topics = [push.headers["topic"] for push in pushes]
    assert topics[0] == topics[1] != topics[2]
    assert [push.payload["title"] for push in pushes[1:]] == ["One of your letters has changed"] * 2


@pytest.mark.parametrize("kind", [LetterWithdrawn, LetterAmended])
async def test_event_that_comes_after_a_later_one_is_not_pushed_and_nothing_to_open(
    stage: Stage, receiver: PushReceiver, kind: type[LetterAmended]
) -> None:
    phone = receiver.subscribe()
    patient, patient_id = await linked(stage, phone)
    told = {"letter_uid": uuid4(), "patient_id": patient_id, "author_id": uuid4()}
    async with stage.sending():
        await stage.happen(kind.model_validate(told | {"version": 3}))
        await stage.pushed(phone)
        await stage.happen(LetterCreated.model_validate(told | {"version": 1}))
        await stage.happen(LetterAmended.model_validate(told | {"version": 2}))
        await stage.letter(patient_id)  # of another letter, so later versions than its own are none of its own
        pushes = await stage.pushed(phone, number=2)
    titles = ["One of your letters has changed", "You have a new letter"]
    assert [push.payload["title"] for push in pushes] == titles
    assert [entry.title for entry in await stage.inbox(patient, unread=True)] == titles[::-1]
    outdated = [entry for entry in await stage.inbox(patient) if entry.read_at is not None]
    assert [(entry.state, entry.template) for entry in outdated] == [("read", "amended_letter"), ("read", "new_letter")]
    assert await stage.announced(NotificationRead) == []
    assert await open_pushes(stage) == 0


async def test_outdated_event_of_a_patient_without_a_link_is_nothing_to_push_later(
    stage: Stage, receiver: PushReceiver
) -> None:
    phone, patient, patient_id = receiver.subscribe(), stage.user(), uuid4()
    told = {"letter_uid": uuid4(), "patient_id": patient_id, "author_id": uuid4()}
    await stage.happen(LetterWithdrawn.model_validate(told | {"version": 2}))
    await stage.happen(LetterCreated.model_validate(told | {"version": 1}))
    await stage.register(patient, phone)
    async with stage.sending():
        await stage.link(patient, patient_id)
        (push,) = await stage.pushed(phone)
    assert push.payload["title"] == "One of your letters has changed"
    assert [entry.template for entry in await stage.inbox(patient, unread=True)] == ["amended_letter"]


async def test_repeated_event_makes_no_second_notification(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe()
    patient, patient_id = await linked(stage, phone)
    event = LetterAmended(letter_uid=uuid4(), patient_id=patient_id, version=2, author_id=uuid4())
    async with stage.sending():
        event_id = await stage.happen(event)
        await stage.pushed(phone)
        with pytest.raises(AlreadyHandled):
            await stage.happen(event, event_id=event_id)
        await asyncio.sleep(0.1)
    assert len(phone.pushes) == len(await stage.inbox(patient)) == 1


async def test_notification_without_any_device_is_in_the_inbox_at_once(stage: Stage) -> None:
    patient, patient_id = await linked(stage)
    await stage.letter(patient_id)
    (entry,) = await stage.inbox(patient)
    assert entry.state == "no_device"


@pytest.mark.parametrize("status", [404, 410])
async def test_device_that_is_gone_is_forgotten(stage: Stage, receiver: PushReceiver, status: int) -> None:
    phone = receiver.subscribe(Reply(status))
    patient, patient_id = await linked(stage, phone)
    async with stage.sending():
        await stage.letter(patient_id)
        (entry,) = await stage.inbox(patient)
        await stage.until_state(entry.id, "failed")
    assert (await service.list_devices(stage.work, patient)).items == []
    (fact,) = await stage.announced(NotificationFailed)
    assert fact.notification_id == entry.id


async def test_device_that_is_gone_does_not_hide_that_another_took_the_push(
    stage: Stage, receiver: PushReceiver
) -> None:
    gone, slow = receiver.subscribe(Reply(410)), receiver.subscribe(Reply(201, after_seconds=0.3))
    patient, patient_id = await linked(stage, gone, slow)
    async with stage.sending():
        await stage.letter(patient_id)
        (entry,) = await stage.inbox(patient)
        await stage.until_state(entry.id, "attempted")
    assert len((await service.list_devices(stage.work, patient)).items) == 1
    assert await stage.announced(NotificationFailed) == []


@pytest.mark.parametrize("status", [400, 401, 403, 413, 302])
async def test_push_that_is_refused_is_given_up_and_the_device_kept(
    stage: Stage, receiver: PushReceiver, status: int
) -> None:
    elsewhere = receiver.subscribe()
    phone = receiver.subscribe(Reply(status, {"Location": elsewhere.endpoint}))
    patient, patient_id = await linked(stage, phone)
    async with stage.sending():
        await stage.letter(patient_id)
        (entry,) = await stage.inbox(patient)
        await stage.until_state(entry.id, "failed")
    assert len((await service.list_devices(stage.work, patient)).items) == 1
    assert (len(phone.pushes), len(elsewhere.pushes), await open_pushes(stage)) == (1, 0, 0)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_push_service_in_trouble_is_asked_again_as_it_wishes(
    stage: Stage, receiver: PushReceiver, status: int
) -> None:
    phone = receiver.subscribe(Reply(status, {"Retry-After": "1"}))
    patient, patient_id = await linked(stage, phone)
    async with stage.sending():
        await stage.letter(patient_id)
        first, second = await stage.pushed(phone, number=2)
        (entry,) = await stage.inbox(patient)
        await stage.until_state(entry.id, "attempted")
    assert 1 <= second.at - first.at < 4
    assert second.payload == first.payload


async def test_push_is_given_up_after_five_tries(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe(*[Reply(503, {"Retry-After": "0"})] * 9)
    patient, patient_id = await linked(stage, phone)
    async with stage.sending():
        await stage.letter(patient_id)
        (entry,) = await stage.inbox(patient)
        await stage.until_state(entry.id, "failed", seconds=15)
    assert len(phone.pushes) == policy.MAX_TRIES == 5
    assert len((await service.list_devices(stage.work, patient)).items) == 1
    assert len(await stage.announced(NotificationFailed)) == 1


async def test_hanging_push_service_delays_nobody_else(
    stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notify.outside.SEND_SECONDS", 0.5)
    hanging, well = receiver.subscribe(Reply(None)), receiver.subscribe()
    _, slow_patient = await linked(stage, hanging)
    _, patient_id = await linked(stage, well)
    async with stage.sending():
        await stage.letter(slow_patient)
        await stage.pushed(hanging)
        started = time.monotonic()
        await stage.letter(patient_id)
        (push,) = await stage.pushed(well)
        assert push.at - started < 0.4
        assert len(await stage.pushed(hanging, number=2)) == 2


async def test_two_senders_push_once(stage: Stage, receiver: PushReceiver) -> None:
    phones = [receiver.subscribe() for _ in range(8)]
    _, patient_id = await linked(stage, *phones)
    async with stage.sending(), stage.sending():
        for _ in range(5):
            await stage.letter(patient_id)
        for phone in phones:
            await stage.pushed(phone, number=5)
        await asyncio.sleep(0.2)
    assert {len(phone.pushes) for phone in phones} == {5}


async def test_push_of_a_sender_that_died_is_sent_by_another(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe()
    patient, patient_id = await linked(stage, phone)
    await stage.letter(patient_id)
    async with stage.work.database.transaction() as session:
        (taken,) = await repository.take_due(session, limit=9, lease=timedelta(seconds=1.5))
    async with stage.sending():
        await asyncio.sleep(0.5)
        assert phone.pushes == []
        await stage.pushed(phone)
        await stage.until_state(taken.notification.id, "attempted")
    async with stage.work.database.transaction() as session:
        assert not await repository.close_deliveries(session, [taken])
    assert len(await stage.inbox(patient)) == 1


async def test_letter_waits_for_no_other_pushes(stage: Stage, receiver: PushReceiver) -> None:
    """However many are due before it."""
    phone = receiver.subscribe()
    patient, patient_id = await linked(stage, phone)
    for _ in range(3):
        await stage.send(user_id=patient.user_id, template="appointment_reminder")
    letter_uid = await stage.letter(patient_id)
    async with stage.work.database.transaction() as session:
        taken = await repository.take_due(session, limit=1, lease=timedelta(seconds=1))
        rest = await repository.take_due(session, limit=9, lease=timedelta(seconds=1))
    assert [due.notification.letter_uid for due in taken] == [letter_uid]
    assert [due.notification.letter_uid for due in rest] == [None] * 3


async def test_pushes_that_are_taken_at_once_are_all_recorded(stage: Stage, receiver: PushReceiver) -> None:
    people = [await linked(stage, receiver.subscribe(), receiver.subscribe()) for _ in range(20)]
    for _, patient_id in people:
        await stage.letter(patient_id)
    async with stage.sending():
        for patient, _ in people:
            (entry,) = await stage.inbox(patient)
            await stage.until_state(entry.id, "attempted")
        async with asyncio.timeout(20):
            while await open_pushes(stage):
                await asyncio.sleep(0.05)
    facts = await stage.announced(NotificationAttempted)
    assert sorted(fact.user_id for fact in facts) == sorted(patient.user_id for patient, _ in people)


async def test_push_that_waited_for_the_service_to_start_is_sent(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe()
    _, patient_id = await linked(stage, phone)
    await stage.letter(patient_id)
    stage.work.backend.due.clear()
    async with stage.sending():
        await stage.pushed(phone)


async def test_stopping_sender_stores_what_it_sent(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe(Reply(201, after_seconds=0.5))
    patient, patient_id = await linked(stage, phone)
    async with stage.sending():
        await stage.letter(patient_id)
        await stage.pushed(phone)
    (entry,) = await stage.inbox(patient)
    assert entry.state == "attempted"


async def test_push_that_was_sent_while_the_database_broke_off_is_not_sent_again(
    stage: Stage, receiver: PushReceiver, notify_database: str
) -> None:
    phone = receiver.subscribe(Reply(201, after_seconds=0.5))
    patient, patient_id = await linked(stage, phone)
    async with stage.sending():
        await stage.letter(patient_id)
        (entry,) = await stage.inbox(patient)
        await stage.pushed(phone)
        with psycopg.connect(notify_database, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await asyncio.sleep(2)
        with suppress(StorageUnavailable):
            await stage.row(entry.id)
        await stage.until_state(entry.id, "attempted")
    assert (len(phone.pushes), await open_pushes(stage)) == (1, 0)


async def test_notification_that_was_read_is_not_pushed_any_more(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe(Reply(503, {"Retry-After": "3600"}))
    patient, patient_id = await linked(stage, phone)
    async with stage.sending():
        await stage.letter(patient_id)
        await stage.pushed(phone)
        (entry,) = await stage.inbox(patient)
        await service.read_notification(stage.work, patient, notification_id=entry.id)
        await asyncio.sleep(0.1)
        await hurry(stage)
        await asyncio.sleep(0.3)
    assert (len(phone.pushes), await open_pushes(stage)) == (1, 0)
    assert (await stage.row(entry.id)).state == "read"


async def test_damaged_device_row_ends_as_a_failure(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe()
    patient, patient_id = await linked(stage, phone)
    async with stage.work.database.transaction() as session:
        await session.execute(text("UPDATE devices SET sealed = '\\x00112233445566778899aabbccddeeff00112233'"))
    async with stage.sending():
        await stage.letter(patient_id)
        (entry,) = await stage.inbox(patient)
        async with asyncio.timeout(30):
            while (await stage.row(entry.id)).state != "failed":
                await hurry(stage)
                await asyncio.sleep(0.1)
    assert phone.pushes == []


async def test_letter_is_pushed_at_once_and_not_at_the_next_poll(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe()
    _, patient_id = await linked(stage, phone)
    delays = []
    async with stage.sending():
        for number in range(1, 12):
            started = time.monotonic()
            await stage.letter(patient_id)
            delays.append((await stage.pushed(phone, number=number))[-1].at - started)
    assert sorted(delays)[len(delays) // 2] < pump.POLL_SECONDS / 3, delays
