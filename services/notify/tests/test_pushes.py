"""From a fact to the browser: what is pushed, to whom, and what each answer of a push service leads to."""

import json
from uuid import uuid4

import pytest
from common.events import NotificationAttempted
from e2e.push_receiver import PushReceiver
from notify_stage import Stage

pytestmark = pytest.mark.anyio


async def test_letter_of_a_linked_patient_is_pushed_to_each_of_their_devices(
    stage: Stage, receiver: PushReceiver
) -> None:
    patient, patient_id = stage.user(), uuid4()
    phone, laptop = receiver.subscribe(), receiver.subscribe()
    await stage.link(patient, patient_id)
    await stage.register(patient, phone)
    await stage.register(patient, laptop)
    async with stage.sending():
        letter_uid = await stage.letter(patient_id)
        (push,), (other,) = await stage.pushed(phone), await stage.pushed(laptop)
        (entry,) = await stage.inbox(patient)
        await stage.until_state(entry.id, "attempted")
    assert entry.url == f"/letters/{letter_uid}"
    assert push.payload == {"notification_id": str(entry.id), "title": "You have a new letter"} == other.payload
    facts = await stage.announced(NotificationAttempted)
    assert [(fact.notification_id, fact.user_id) for fact in facts] == [(entry.id, patient.user_id)]
    assert str(letter_uid) not in json.dumps([dict(push.headers), push.payload])
