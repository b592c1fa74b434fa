"""Whose inbox a patient's notifications are in, whatever order links and letters become known in."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from common.events import LetterCreated, LetterWithdrawn
from e2e.push_receiver import PushReceiver, Reply
from notify import service
from notify_stage import Stage

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)


async def test_letters_before_the_link_are_delivered_with_one_push_for_all(
    stage: Stage, receiver: PushReceiver
) -> None:
    patient, patient_id, phone = stage.user(), uuid4(), receiver.subscribe()
    await stage.register(patient, phone)
    async with stage.sending():
        for days in (3, 2, 1):
            await stage.letter(patient_id, at=NOW - timedelta(days=days))
        await asyncio.sleep(0.2)
        assert phone.pushes == []
        assert await stage.inbox(patient) == []
        await stage.link(patient, patient_id)
        (push,) = await stage.pushed(phone)
        entries = await stage.inbox(patient)
        for entry in entries:
            await stage.until_state(entry.id, "attempted")
    assert len(entries) == 3
    assert push.payload["notification_id"] == str(entries[0].id)
    assert len(phone.pushes) == 1


async def test_letters_older_than_thirty_days_are_shown_on_linking_but_not_pushed(
    stage: Stage, receiver: PushReceiver
) -> None:
    patient, patient_id, phone = stage.user(), uuid4(), receiver.subscribe()
    await stage.register(patient, phone)
    await stage.letter(patient_id, at=NOW - timedelta(days=31))
    async with stage.sending():
        await stage.link(patient, patient_id)
        await asyncio.sleep(0.2)
    (entry,) = await stage.inbox(patient)
    assert (entry.state, phone.pushes) == ("no_device", [])


async def test_letters_before_the_link_of_a_user_without_device_are_settled(stage: Stage) -> None:
    patient, patient_id = stage.user(), uuid4()
    await stage.letter(patient_id)
    await stage.letter(patient_id)
    await stage.link(patient, patient_id)
    assert [entry.state for entry in await stage.inbox(patient)] == ["no_device", "no_device"]


async def test_unlinking_stops_what_is_open_and_hides_the_patient_from_that_user(
    stage: Stage, receiver: PushReceiver
) -> None:
    phone = receiver.subscribe(Reply(503, {"Retry-After": "0"}))
    patient, patient_id = stage.user(), uuid4()
    await stage.register(patient, phone)
    await stage.link(patient, patient_id)
    async with stage.sending():
        await stage.letter(patient_id)
        await stage.pushed(phone)
        await stage.unlink(patient, patient_id)
        assert await stage.inbox(patient) == []
        await stage.letter(patient_id)
        await asyncio.sleep(1.5)
    assert len(phone.pushes) == 1
    assert await stage.inbox(patient) == []


async def test_next_linked_user_gets_what_the_one_before_lost(stage: Stage, receiver: PushReceiver) -> None:
    wrong, right, patient_id = stage.user(), stage.user(), uuid4()
    phone = receiver.subscribe()
    await stage.register(right, phone)
    await stage.link(wrong, patient_id)
    letter_uid = await stage.letter(patient_id)
    await stage.unlink(wrong, patient_id)
    async with stage.sending():
        await stage.link(right, patient_id)
        await stage.pushed(phone)
    assert [entry.url for entry in await stage.inbox(right)] == [f"/letters/{letter_uid}"]
    assert await stage.inbox(wrong) == []


@pytest.mark.parametrize("order", [(LetterCreated, LetterWithdrawn), (LetterWithdrawn, LetterCreated)])
async def test_withdrawn_letter_is_nothing_new_for_the_user_who_is_linked_next(
    stage: Stage, order: tuple[type[LetterCreated], ...]
) -> None:
    first, second, patient_id, letter_uid = stage.user(), stage.user(), uuid4(), uuid4()
    await stage.link(first, patient_id)
    for kind in order:
        version = 1 if kind is LetterCreated else 2
        told = {"letter_uid": letter_uid, "patient_id": patient_id, "version": version, "author_id": uuid4()}
        await stage.happen(kind.model_validate(told))
    other_uid = await stage.letter(patient_id)
    for entry in await stage.inbox(first, unread=True):
        await service.read_notification(stage.work, first, notification_id=entry.id)
    await stage.unlink(first, patient_id)
    await stage.link(second, patient_id)
    open_ones = [(entry.template, entry.url) for entry in await stage.inbox(second, unread=True)]
    assert sorted(open_ones) == [("amended_letter", f"/letters/{letter_uid}"), ("new_letter", f"/letters/{other_uid}")]
    (closed,) = [entry for entry in await stage.inbox(second) if entry.read_at is not None]
    assert (closed.template, closed.url, closed.state) == ("new_letter", f"/letters/{letter_uid}", "read")


async def test_push_to_a_user_is_not_touched_by_unlinking_their_patient(stage: Stage) -> None:
    patient, patient_id = stage.user(), uuid4()
    await stage.link(patient, patient_id)
    notification_id = await stage.send(user_id=patient.user_id, template="please_call")
    await stage.unlink(patient, patient_id)
    assert [entry.id for entry in await stage.inbox(patient)] == [notification_id]


async def test_unlink_that_arrives_before_its_link_wins(stage: Stage) -> None:
    patient, patient_id = stage.user(), uuid4()
    await stage.unlink(patient, patient_id, at=NOW)
    await stage.link(patient, patient_id, at=NOW - timedelta(seconds=1))
    await stage.letter(patient_id)
    assert await stage.inbox(patient) == []


async def test_link_that_is_told_again_after_its_unlink_links_nobody(stage: Stage) -> None:
    patient, patient_id = stage.user(), uuid4()
    linked_at, unlinked_at = NOW - timedelta(days=29), NOW - timedelta(days=28)
    await stage.link(patient, patient_id, at=linked_at)
    await stage.unlink(patient, patient_id, at=unlinked_at)
    await stage.letter(patient_id)
    for _ in range(2):
        await stage.link(patient, patient_id, at=linked_at)
        assert await stage.inbox(patient) == []
    await stage.unlink(patient, patient_id, at=unlinked_at)
    await stage.link(patient, patient_id, at=NOW)
    assert len(await stage.inbox(patient)) == 1


async def test_late_unlink_of_the_user_before_takes_nothing_from_the_next(stage: Stage) -> None:
    first, second, patient_id = stage.user(), stage.user(), uuid4()
    await stage.link(first, patient_id, at=NOW - timedelta(seconds=3))
    await stage.letter(patient_id)
    await stage.link(second, patient_id, at=NOW - timedelta(seconds=1))
    await stage.unlink(first, patient_id, at=NOW - timedelta(seconds=2))
    await stage.unlink(first, patient_id, at=NOW)
    assert len(await stage.inbox(second)) == 1
    assert await stage.inbox(first) == []


async def test_repeated_link_pushes_nothing_again(stage: Stage, receiver: PushReceiver) -> None:
    patient, patient_id, phone = stage.user(), uuid4(), receiver.subscribe()
    await stage.register(patient, phone)
    await stage.letter(patient_id)
    async with stage.sending():
        await stage.link(patient, patient_id, at=NOW)
        await stage.pushed(phone)
        await stage.link(patient, patient_id, at=NOW)
        await stage.link(patient, patient_id, at=NOW + timedelta(seconds=1))
        await asyncio.sleep(0.2)
    assert len(phone.pushes) == len(await stage.inbox(patient)) == 1


async def test_letters_and_the_link_at_the_same_moment_lose_nothing(stage: Stage) -> None:
    for _ in range(5):
        patient, patient_id = stage.user(), uuid4()
        letters = [stage.letter(patient_id) for _ in range(4)]
        await asyncio.gather(*letters[:2], stage.link(patient, patient_id), *letters[2:])
        assert len(await stage.inbox(patient)) == 4
