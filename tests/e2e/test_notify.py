"""The inbox and Web Push as patients and staff meet them, through Caddy, with every real service behind it."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from e2e.client import (
    Person,
    assert_problem,
    eventually,
    inbox,
    link,
    new_linked_patient,
    new_patient,
    new_patient_account,
    new_staff,
    register,
    sent_push,
    unique,
)
from e2e.push_receiver import PushReceiver, Reply
from fleet import Fleet

CANARY = "canary-glioblastoma-7731"


@pytest.fixture(scope="module")
def clinician(fleet: Fleet) -> Iterator[Person]:
    """A clinician who is in nobody's way."""
    with new_staff(fleet, "clinician") as person:
        yield person


@pytest.fixture
def patient(fleet: Fleet, clinician: Person) -> Iterator[Person]:
    """A patient's account that is linked to a record of its own."""
    person, _ = new_linked_patient(fleet, clinician)
    with person:
        yield person


@pytest.fixture
def stranger(fleet: Fleet) -> Iterator[Person]:
    """Somebody with an account and nothing else."""
    with new_patient_account(fleet) as person:
        yield person


def write_letter(clinician: Person, patient_id: str, **draft: str) -> dict[str, Any]:
    wanted = {"title": f"Review {CANARY}", "body": f"Dear Ada, {CANARY}", **draft}
    answer = clinician.post(f"/api/patients/{patient_id}/letters", wanted, key=unique("k"))
    assert answer.status_code == 201, answer.text
    letter: dict[str, Any] = answer.json()
    return letter


def test_letter_is_pushed_and_opened_from_the_inbox(
    clinician: Person, patient: Person, push_service: PushReceiver
) -> None:
    phone = push_service.subscribe()
    register(patient, phone)
    letter = write_letter(clinician, patient.user["patient_id"])
    (push,) = phone.wait()
    (entry,) = inbox(patient)["items"]
    assert push.payload == {"notification_id": entry["id"], "title": "You have a new letter"}
    assert entry["url"] == f"/letters/{letter['uid']}"
    eventually(lambda: inbox(patient)["items"][0]["state"] == "attempted")
    assert [patient.post(f"/api/notifications/{entry['id']}/read").status_code for _ in range(2)] == [204, 204]
    page = inbox(patient)
    assert (page["unread_count"], page["items"][0]["state"]) == (0, "read")
    assert inbox(patient, "?unread=true")["items"] == []


def test_letter_that_was_read_without_its_notification_is_read_in_the_inbox(clinician: Person, patient: Person) -> None:
    patient_id = patient.user["patient_id"]
    letter, other = [write_letter(clinician, patient_id) for _ in range(2)]
    eventually(lambda: inbox(patient)["unread_count"] == 2)
    assert patient.get(f"/api/patients/{patient_id}/letters/{letter['uid']}").status_code == 200
    eventually(lambda: [one["url"] for one in inbox(patient, "?unread=true")["items"]] == [f"/letters/{other['uid']}"])


def test_letter_is_pushed_soon_after_it_was_accepted(
    clinician: Person, patient: Person, push_service: PushReceiver
) -> None:
    phone = push_service.subscribe()
    register(patient, phone)
    delays = []
    for number in range(1, 10):
        write_letter(clinician, patient.user["patient_id"])
        accepted = time.monotonic()
        delays.append(phone.wait(number=number)[-1].at - accepted)
    assert sorted(delays)[len(delays) // 2] < 0.5, delays


def test_letters_from_before_the_link_come_with_one_push(
    fleet: Fleet, clinician: Person, stranger: Person, push_service: PushReceiver
) -> None:
    patient_id, phone = new_patient(clinician), push_service.subscribe()
    register(stranger, phone)
    uids = {write_letter(clinician, patient_id)["uid"] for _ in range(2)}
    sent_push(clinician, patient_id=patient_id, template="please_call")
    assert inbox(stranger)["items"] == []
    link(clinician, stranger, patient_id)
    phone.wait()
    entries = eventually(lambda: inbox(stranger)["items"])
    assert {entry["url"] for entry in entries} == {f"/letters/{uid}" for uid in uids} | {"/notifications"}
    time.sleep(0.5)
    assert len(phone.pushes) == 1


def test_device_that_the_push_service_forgot_is_forgotten_here(
    clinician: Person, patient: Person, push_service: PushReceiver
) -> None:
    register(patient, push_service.subscribe(Reply(410)))
    sent_push(clinician, user_id=patient.id)
    eventually(lambda: patient.get("/api/push/registrations").json()["items"] == [])
    assert inbox(patient)["items"][0]["state"] == "failed"


def test_push_service_that_is_busy_is_asked_again(
    clinician: Person, patient: Person, push_service: PushReceiver
) -> None:
    phone = push_service.subscribe(Reply(429, {"Retry-After": "1"}))
    register(patient, phone)
    sent_push(clinician, user_id=patient.id)
    phone.wait(number=2)
    eventually(lambda: inbox(patient)["items"][0]["state"] == "attempted")


def test_devices_and_notifications_of_others_look_absent(
    clinician: Person, patient: Person, stranger: Person, push_service: PushReceiver
) -> None:
    device = register(patient, push_service.subscribe())
    notification_id = sent_push(clinician, user_id=patient.id)
    foreign = [
        stranger.delete(f"/api/push/registrations/{device['id']}"),
        stranger.post(f"/api/notifications/{notification_id}/read"),
    ]
    absent = [
        stranger.delete(f"/api/push/registrations/{uuid4()}"),
        stranger.post(f"/api/notifications/{uuid4()}/read"),
    ]
    assert [assert_problem(one, 404) for one in foreign] == [assert_problem(one, 404) for one in absent]
    assert inbox(stranger)["items"] == []
    assert patient.delete(f"/api/push/registrations/{device['id']}").status_code == 204


def test_push_to_an_id_nobody_has_is_accepted_like_any_other(clinician: Person, patient: Person) -> None:
    bodies = [{"user_id": patient.id}, {"user_id": str(uuid4())}, {"patient_id": str(uuid4())}]
    answers = [clinician.post("/api/push/send", {"template": "test", **body}) for body in bodies]
    assert [(one.status_code, list(one.json())) for one in answers] == [(202, ["notification_id"])] * 3


def test_repeated_key_sends_one_push(clinician: Person, patient: Person) -> None:
    body, key = {"user_id": patient.id, "template": "please_call"}, unique("k")
    first, second = [clinician.post("/api/push/send", body, key=key) for _ in range(2)]
    assert (first.json(), second.headers.get("Idempotency-Replayed")) == (second.json(), "true")
    assert_problem(clinician.post("/api/push/send", body | {"template": "test"}, key=key), 422)
    assert_problem(clinician.post("/api/push/send", body, key="k" * 129), 422)
    assert len(inbox(patient)["items"]) == 1


def test_only_staff_with_token_and_csrf_proof_send(fleet: Fleet, clinician: Person, patient: Person) -> None:
    body = {"user_id": patient.id, "template": "test"}
    with new_staff(fleet, "admin") as admin, Person(fleet.url) as nobody:
        assert admin.post("/api/push/send", body).status_code == 202
        assert_problem(patient.post("/api/push/send", body), 403, "forbidden")
        assert_problem(nobody.post("/api/push/send", body), 401, "unauthenticated")
        assert_problem(clinician.post("/api/push/send", body, headers={"X-CSRF-Token": None}), 403, "csrf")
        assert_problem(clinician.post("/api/push/send", body, headers={"Sec-Fetch-Site": "cross-site"}), 403, "csrf")
        assert_problem(nobody.get("/api/notifications"), 401)
        assert len(nobody.get("/api/push/public-key").json()["public_key"]) == 87


@pytest.mark.parametrize(
    "body",
    [{}, [], {"template": "test"}, {"template": CANARY, "user_id": str(uuid4())}, {"template": "test", "user_id": "x"}],
)
def test_push_outside_of_the_contract_is_refused_without_echo(clinician: Person, body: object) -> None:
    answer = clinician.post("/api/push/send", body)
    assert_problem(answer, 422, "invalid")
    assert CANARY not in answer.text


def test_pushes_survive_the_death_of_the_service(
    fleet: Fleet, clinician: Person, patient: Person, push_service: PushReceiver
) -> None:
    phone = push_service.subscribe()
    register(patient, phone)
    fleet.kill("notify")
    write_letter(clinician, patient.user["patient_id"])
    assert phone.wait(seconds=60)
    eventually(lambda: inbox(patient)["items"][0]["state"] == "attempted", within=30)
    assert len(inbox(patient)["items"]) == 1
