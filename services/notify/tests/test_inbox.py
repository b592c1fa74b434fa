"""The inbox: what is in it, how it is paged, what reading does; and pushes that staff send."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from common.errors import Invalid, KeyReused, NotFound
from common.events import AccessRecorded, NotificationRead
from common.operations import Idempotency
from common.rest import encode_cursor
from notify import service
from notify.schemas import PushCreate
from notify_stage import Stage
from pydantic import ValidationError

pytestmark = pytest.mark.anyio

NOBODY = "3d0f7a4e-5c1b-4b8e-9a6d-2f7c1e8b9a04"


@pytest.mark.parametrize("template", ["new_letter", "amended_letter", "please_call", "appointment_reminder", "test"])
async def test_push_to_a_user_is_in_their_inbox_and_in_no_other(stage: Stage, template: str) -> None:
    patient = stage.user()
    notification_id = await stage.send(user_id=patient.user_id, template=template)
    (entry,) = await stage.inbox(patient)
    assert (entry.id, entry.template, entry.state, entry.read_at) == (notification_id, template, "no_device", None)
    assert await stage.inbox(stage.user()) == []


async def test_push_to_a_patient_waits_for_the_link(stage: Stage) -> None:
    patient, patient_id = stage.user(), uuid4()
    notification_id = await stage.send(patient_id=patient_id, template="appointment_reminder")
    await stage.link(patient, patient_id)
    assert [entry.id for entry in await stage.inbox(patient)] == [notification_id]


async def test_push_is_audited_with_its_sender_and_patient(stage: Stage) -> None:
    patient_id = uuid4()
    notification_id = await stage.send(patient_id=patient_id, template="please_call")
    (entry,) = await stage.announced(AccessRecorded)
    assert (entry.action, entry.resource, entry.resource_id) == ("E", "notification", str(notification_id))
    assert (entry.patient_id, entry.roles, entry.outcome) == (patient_id, ["clinician"], "ok")


async def test_push_to_an_id_that_nobody_has_is_accepted_in_the_same_form(stage: Stage) -> None:
    known = stage.user()
    await stage.link(known, patient_id := uuid4())
    for recipient in (
        {"user_id": known.user_id},
        {"patient_id": patient_id},
        {"user_id": uuid4()},
        {"patient_id": uuid4()},
    ):
        assert await stage.send(template="test", **recipient)


@pytest.mark.parametrize(
    "wanted",
    [
        {"template": "test"},
        {"template": "test", "user_id": uuid4(), "patient_id": uuid4()},
        {"template": "results_ready", "user_id": uuid4()},
        {"user_id": uuid4()},
        {"template": "test", "user_id": uuid4(), "body": "Your HIV test is positive"},
        {"template": "test", "user_id": "not-a-uuid"},
        {"template": ["test"], "user_id": uuid4()},
    ],
)
def test_push_to_anything_but_one_recipient_from_the_list_is_refused(wanted: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PushCreate.model_validate(wanted)


async def test_repeated_idempotency_key_sends_once(stage: Stage) -> None:
    clinician, patient = stage.user("clinician"), stage.user()
    wanted = PushCreate(user_id=patient.user_id, template="test")
    key = Idempotency("a key", "a hash")
    ids = {await service.send_push(stage.work, clinician, wanted=wanted, key=key) for _ in range(3)}
    assert [entry.id for entry in await stage.inbox(patient)] == list(ids)
    assert stage.work.answer_headers["Idempotency-Replayed"] == "true"
    with pytest.raises(KeyReused):
        await service.send_push(stage.work, clinician, wanted=wanted, key=Idempotency("a key", "another hash"))
    await service.send_push(stage.work, stage.user("admin"), wanted=wanted, key=key)
    assert len(await stage.inbox(patient)) == 2


async def test_inbox_is_paged_newest_first_without_gap_or_repeat(stage: Stage) -> None:
    patient, patient_id = stage.user(), uuid4()
    await stage.link(patient, patient_id)
    moment = datetime.now(UTC)
    for number in range(7):  # three at one moment, so that the time alone does not order them
        await stage.letter(patient_id, at=moment - timedelta(minutes=max(number - 2, 0)))
    seen, cursor = [], None
    while True:
        page = await service.list_notifications(stage.work, patient, unread=False, cursor=cursor, limit=3)
        seen += page.items
        assert page.unread_count == 7
        if (cursor := page.next_cursor) is None:
            break
    assert len({entry.id for entry in seen}) == len(seen) == 7
    times = [entry.created_at for entry in seen]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    "cursor",
    [
        "?",
        "e30",
        encode_cursor("x", "y"),
        encode_cursor("2026-01-01T00:00:00Z", "x"),
        encode_cursor(1, 2),
        encode_cursor("0001-01-01T00:00:00+23:59", NOBODY),
        encode_cursor("9999-12-31T23:59:59-23:59", NOBODY),
    ],
)
async def test_cursor_that_is_not_ours_is_refused(stage: Stage, cursor: str) -> None:
    with pytest.raises(Invalid):
        await service.list_notifications(stage.work, stage.user(), unread=False, cursor=cursor, limit=3)


async def test_reading_is_announced_once_and_leaves_the_unread_list(stage: Stage) -> None:
    patient, patient_id = stage.user(), uuid4()
    await stage.link(patient, patient_id)
    await stage.letter(patient_id)
    await stage.letter(patient_id)
    newest, oldest = await stage.inbox(patient)
    for _ in range(3):
        await service.read_notification(stage.work, patient, notification_id=newest.id)
    first, second = await stage.inbox(patient)
    assert (first.state, second.state) == ("read", "no_device")
    assert first.read_at is not None
    assert [entry.id for entry in await stage.inbox(patient, unread=True)] == [oldest.id]
    page = await service.list_notifications(stage.work, patient, unread=False, cursor=None, limit=1)
    assert page.unread_count == 1
    (fact,) = await stage.announced(NotificationRead)
    assert (fact.notification_id, fact.user_id) == (newest.id, patient.user_id)
    assert fact.cause_event_id == (await stage.row(newest.id)).cause_event_id is not None


async def test_notification_of_another_looks_like_one_that_is_absent(stage: Stage) -> None:
    notification_id = await stage.send(user_id=uuid4(), template="test")
    for foreign in (notification_id, uuid4()):
        with pytest.raises(NotFound):
            await service.read_notification(stage.work, stage.user(), notification_id=foreign)
    assert await stage.announced(NotificationRead) == []
