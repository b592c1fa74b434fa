"""The HTTP contract of notify, through the whole app; and the way from NATS to the browser."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from common.events import LetterCreated, SessionRevoked, UserLinked, UserUnlinked
from e2e.push_receiver import PushReceiver
from notify import repository
from notify_door import Door
from notify_stage import Stage

pytestmark = pytest.mark.anyio

NOBODY = "3d0f7a4e-5c1b-4b8e-9a6d-2f7c1e8b9a04"
MUTATIONS = [
    ("POST", "/push/register"),
    ("POST", "/push/send"),
    ("DELETE", f"/push/registrations/{NOBODY}"),
    ("POST", f"/notifications/{NOBODY}/read"),
]
READS = [("GET", "/push/registrations"), ("GET", "/notifications")]


async def until(look: Any) -> Any:
    async with asyncio.timeout(10):
        while not (seen := await look()):
            await asyncio.sleep(0.02)
    return seen


async def test_letter_announced_over_nats_reaches_the_linked_user(door: Door, receiver: PushReceiver) -> None:
    patient, patient_id, phone = door.visitor(), uuid4(), receiver.subscribe()
    assert (await patient("POST", "/push/register", json=phone.to_json())).status_code == 201
    letter = LetterCreated(letter_uid=uuid4(), patient_id=patient_id, version=1, author_id=uuid4())
    event_id = await door.publish(letter, source="letters")
    await door.publish(UserLinked(user_id=patient.user_id, patient_id=patient_id), source="auth")
    (push,) = await asyncio.to_thread(phone.wait)
    inbox = (await patient("GET", "/notifications")).json()
    (entry,) = inbox["items"]
    assert (push.payload["notification_id"], inbox["unread_count"]) == (entry["id"], 1)
    assert entry["url"] == f"/letters/{letter.letter_uid}"
    assert entry["created_at"].endswith("Z")
    assert event_id

    async def attempted() -> bool:
        (entry,) = (await patient("GET", "/notifications")).json()["items"]
        return bool(entry["state"] == "attempted")

    await until(attempted)
    assert (await patient("POST", f"/notifications/{entry['id']}/read")).status_code == 204
    assert (await patient("POST", f"/notifications/{entry['id']}/read")).status_code == 204
    inbox = (await patient("GET", "/notifications?unread=true")).json()
    assert (inbox["items"], inbox["unread_count"], inbox["next_cursor"]) == ([], 0, None)
    await door.publish(UserUnlinked(user_id=patient.user_id, patient_id=patient_id), source="auth")

    async def hidden() -> bool:
        return not (await patient("GET", "/notifications")).json()["items"]

    await until(hidden)


async def test_sign_out_announced_over_nats_removes_the_device(
    door: Door, receiver: PushReceiver, stage: Stage
) -> None:
    patient = door.visitor()
    await patient("POST", "/push/register", json=receiver.subscribe().to_json())
    caller = await door.app.state.runtime.gate.admit(patient.own["Authorization"].removeprefix("Bearer "), vital=False)
    ended = SessionRevoked(session_id=caller.session_id, user_id=patient.user_id, expires_at=datetime.now(UTC))
    await door.publish(ended, source="auth")

    async def gone() -> bool:
        async with stage.work.database.transaction() as opened:
            return not await repository.list_devices(opened, user_id=patient.user_id)

    await until(gone)
    assert (await patient("GET", "/push/registrations")).status_code == 401


async def test_devices_are_registered_listed_and_removed(door: Door, receiver: PushReceiver) -> None:
    patient, other = door.visitor(), door.visitor()
    headers = {"User-Agent": "Browser/1.0 (Test)"}
    answer = await patient("POST", "/push/register", json=receiver.subscribe().to_json(), headers=headers)
    device = answer.json()
    assert (answer.status_code, set(device)) == (201, {"id", "created_at", "user_agent"})
    assert device["user_agent"] == "Browser/1.0 (Test)"
    assert (await patient("GET", "/push/registrations")).json() == {"items": [device], "next_cursor": None}
    assert (await other("GET", "/push/registrations")).json()["items"] == []
    path = f"/push/registrations/{device['id']}"
    assert [(await one("DELETE", path)).status_code for one in (other, patient, patient)] == [404, 204, 404]


async def test_eleventh_device_is_refused_by_name(door: Door, receiver: PushReceiver) -> None:
    patient = door.visitor()
    answers = [await patient("POST", "/push/register", json=receiver.subscribe().to_json()) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [201] * 10 + [409]
    assert answers[-1].json()["type"] == "/problems/too-many-devices"


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "https://evil.example/x"},
        {"endpoint": "http://169.254.169.254/latest/meta-data"},
        {"endpoint": "https://fcm.googleapis.com/" + "x" * 3000},
        {"endpoint": "https://fcm.googleapis.com/" + "x" * 9000},
        {"endpoint": None},
        {"endpoint": 1},
        {"keys": {"p256dh": "AAAA", "auth": "AAAA"}},
        {"keys": {"p256dh": "AAAA"}},
        {"keys": None},
        {"keys": {"p256dh": "x" * 5000, "auth": "y"}},
        {"expirationTime": "soon"},
        {"user_id": str(uuid4())},
    ],
)
async def test_subscription_that_is_none_is_refused_without_echo(
    door: Door, receiver: PushReceiver, change: dict[str, Any]
) -> None:
    answer = await door.visitor()("POST", "/push/register", json=receiver.subscribe().to_json() | change)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "/problems/invalid")
    assert problem["errors"]
    assert all(set(error) == {"loc", "type", "msg"} for error in problem["errors"])
    assert not [sent for sent in change.values() if isinstance(sent, str) and sent in answer.text]


async def test_staff_send_pushes_and_patients_do_not(door: Door) -> None:
    patient = door.visitor()
    body = {"user_id": str(patient.user_id), "template": "please_call"}
    answers = {role: await door.visitor(role)("POST", "/push/send", json=body) for role in ("clinician", "admin")}
    assert {role: answer.status_code for role, answer in answers.items()} == {"clinician": 202, "admin": 202}
    assert (await patient("POST", "/push/send", json=body)).status_code == 403
    ids = {answer.json()["notification_id"] for answer in answers.values()}
    assert {entry["id"] for entry in (await patient("GET", "/notifications")).json()["items"]} == ids


async def test_push_to_nobody_looks_like_one_to_somebody(door: Door) -> None:
    clinician, patient = door.visitor("clinician"), door.visitor()
    recipients = [{"user_id": str(patient.user_id)}, {"user_id": str(uuid4())}, {"patient_id": str(uuid4())}]
    answers = [await clinician("POST", "/push/send", json={"template": "test", **one}) for one in recipients]
    assert {answer.status_code for answer in answers} == {202}
    assert {tuple(answer.json()) for answer in answers} == {("notification_id",)}


async def test_idempotency_key_sends_once(door: Door) -> None:
    clinician, patient = door.visitor("clinician"), door.visitor()
    body = {"user_id": str(patient.user_id), "template": "test"}
    key = {"Idempotency-Key": str(uuid4())}
    first, second = [await clinician("POST", "/push/send", json=body, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert ("idempotency-replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (False, "true")
    changed = await clinician("POST", "/push/send", json=body | {"template": "please_call"}, headers=key)
    assert changed.json()["type"] == "/problems/idempotency-key-reused"
    assert len((await patient("GET", "/notifications")).json()["items"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "test",
        {"template": "test"},
        {"template": "test", "user_id": str(uuid4()), "patient_id": str(uuid4())},
        {"template": "test", "user_id": str(uuid4()).upper()},
        {"template": "test", "user_id": 7},
        {"template": "Your results are in", "user_id": str(uuid4())},
        {"template": "test", "user_id": str(uuid4()), "title": "Your results are in"},
    ],
)
async def test_push_that_is_not_in_the_contract_is_refused(door: Door, body: Any) -> None:
    answer = await door.visitor("clinician")("POST", "/push/send", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "results" not in answer.text


@pytest.mark.parametrize(("method", "path"), MUTATIONS + READS)
async def test_nobody_gets_in_without_a_token(door: Door, method: str, path: str) -> None:
    answer = await door.http.request(method, f"/api{path}", json={} if method == "POST" else None)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")


@pytest.mark.parametrize(("method", "path"), MUTATIONS)
@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "guess"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
    ],
)
async def test_change_needs_the_csrf_proof(door: Door, method: str, path: str, headers: dict[str, str]) -> None:
    answer = await door.visitor("clinician")(method, path, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/csrf")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=1", 200),
        ("limit=100", 200),
        ("limit=0", 422),
        ("limit=101", 422),
        ("limit=x", 422),
        ("cursor=", 422),
        ("cursor=zzz", 422),
        ("cursor=%00", 422),
        ("cursor=e30", 422),
        ("cursor=" + "x" * 600, 422),
    ],
)
@pytest.mark.parametrize("path", ["/notifications", "/push/registrations"])
async def test_list_checks_its_query(door: Door, path: str, query: str, status: int) -> None:
    assert (await door.visitor()("GET", f"{path}?{query}")).status_code == status


async def test_inbox_checks_what_is_unread(door: Door) -> None:
    assert (await door.visitor()("GET", "/notifications?unread=maybe")).status_code == 422


@pytest.mark.parametrize("bad", ["x", NOBODY.upper(), "00000000000000000000000000000000", "%00", "1"])
async def test_id_in_a_path_is_a_canonical_uuid(door: Door, bad: str) -> None:
    patient = door.visitor()
    statuses = {
        (await patient("POST", f"/notifications/{bad}/read")).status_code,
        (await patient("DELETE", f"/push/registrations/{bad}")).status_code,
    }
    assert statuses == {422}


async def test_forms_and_text_are_refused(door: Door) -> None:
    clinician = door.visitor("clinician")
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await clinician("POST", "/push/send", content=b"{}", headers={"Content-Type": media_type})
        assert answer.status_code == 415


async def test_public_key_is_for_everyone(door: Door) -> None:
    answer = await door.http.get("/api/push/public-key")
    assert (answer.status_code, len(answer.json()["public_key"])) == (200, 87)
