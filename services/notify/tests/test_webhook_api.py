"""The HTTP contract of webhooks, through the whole app; and the way from NATS to the receiver."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from common.events import (
    AccessRecorded,
    Event,
    LetterCreated,
    NotificationRead,
    PatientUpdated,
    UserRegistered,
)
from e2e.push_receiver import PushReceiver
from notify.webhooks import policy
from notify_door import Door
from notify_stage import Stage

pytestmark = pytest.mark.anyio

CALLS = [("GET", "/webhooks"), ("POST", "/webhooks"), ("DELETE", "/webhooks/3d0f7a4e-5c1b-4b8e-9a6d-2f7c1e8b9a04")]
FACTS: list[tuple[str, Event, str]] = [
    ("letter.created", LetterCreated(letter_uid=uuid4(), patient_id=uuid4(), version=1, author_id=uuid4()), "letters"),
    ("patient.updated", PatientUpdated(patient_id=uuid4(), version=2), "patients"),
    ("user.registered", UserRegistered(user_id=uuid4(), roles=["patient"]), "auth"),
    ("notification.read", NotificationRead(notification_id=uuid4(), user_id=uuid4(), cause_event_id=None), "notify"),
]


def body(receiver: PushReceiver, *events: str) -> dict[str, Any]:
    return {"url": receiver.hook().endpoint, "events": list(events) or ["letter.created"]}


async def test_fact_of_each_stream_that_is_announced_over_nats_arrives(door: Door, receiver: PushReceiver) -> None:
    admin, hook = door.visitor("admin"), receiver.hook()
    wanted = {"url": hook.endpoint, "events": [name for name, _, _ in FACTS]}
    made = await admin("POST", "/webhooks", json=wanted)
    assert (made.status_code, set(made.json())) == (201, {"id", "secret"})
    ids = {str(await door.publish(event, source=source)): (name, event) for name, event, source in FACTS}
    for call in await asyncio.to_thread(hook.wait, number=len(FACTS)):
        name, event = ids.pop(call.headers["webhook-id"])
        assert call.payload["type"] == name
        assert call.payload["data"] == event.model_dump(mode="json")
    assert ids == {}


async def test_webhooks_are_made_listed_without_secret_and_removed(door: Door, receiver: PushReceiver) -> None:
    admin, wanted = door.visitor("admin"), body(receiver, "letter.read", "letter.created")
    made = (await admin("POST", "/webhooks", json=wanted)).json()
    listed = await admin("GET", "/webhooks")
    assert made["secret"] not in listed.text
    assert listed.json()["next_cursor"] is None
    (shown,) = listed.json()["items"]
    assert shown.pop("created_at").endswith("Z")
    expected = {"id": made["id"], "url": wanted["url"], "events": ["letter.created", "letter.read"]}
    assert shown == expected | {"state": "active", "failing_since": None, "undelivered": 0}
    path = f"/webhooks/{made['id']}"
    assert [(await admin("DELETE", path)).status_code for _ in range(2)] == [204, 404]
    assert (await admin("GET", "/webhooks")).json()["items"] == []


async def test_webhooks_come_in_pages_oldest_first(door: Door, receiver: PushReceiver) -> None:
    admin = door.visitor("admin")
    made = [(await admin("POST", "/webhooks", json=body(receiver))).json()["id"] for _ in range(3)]
    first = (await admin("GET", "/webhooks?limit=2")).json()
    second = (await admin("GET", f"/webhooks?limit=2&cursor={first['next_cursor']}")).json()
    assert [one["id"] for one in first["items"] + second["items"]] == made
    assert second["next_cursor"] is None
    assert (await admin("GET", "/webhooks?cursor=x")).status_code == 422


@pytest.mark.parametrize("role", ["patient", "clinician"])
@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_nobody_but_administrators_gets_at_webhooks(door: Door, role: str, method: str, path: str) -> None:
    assert (await door.visitor(role)(method, path)).status_code == 403
    assert (await door.http.request(method, f"/api{path}")).status_code == 401


@pytest.mark.parametrize(("method", "path"), CALLS[1:])
async def test_change_of_webhooks_needs_the_csrf_proof(door: Door, method: str, path: str) -> None:
    answer = await door.visitor("admin")(method, path, headers={"X-CSRF-Token": "wrong"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/csrf")


@pytest.mark.parametrize(
    ("change", "loc"),
    [
        ({"url": "http://hooks.example.org/x"}, ["body", "url"]),
        ({"url": "https://10.0.0.1/x"}, ["body", "url"]),
        ({"url": "https://hooks.example.org/" + "a" * 3000}, ["body", "url"]),
        ({"url": "https://localhost/x"}, ["body", "url"]),
        ({"url": 1}, ["body", "url"]),
        ({"events": []}, ["body", "events"]),
        ({"events": ["letter.created"] * 100}, ["body", "events"]),
        ({"events": ["letter.created", "letter.burnt"]}, ["body", "events", 1]),
        ({"events": ["quill.letters.v1.letter.created"]}, ["body", "events", 0]),
        ({"events": ["access.recorded"]}, ["body", "events", 0]),
        ({"events": "letter.created"}, ["body", "events"]),
        ({"secret": "whsec_mine"}, ["body", "secret"]),
    ],
)
async def test_webhook_that_is_not_in_the_contract_is_refused_with_where(
    door: Door, receiver: PushReceiver, change: dict[str, Any], loc: list[str | int]
) -> None:
    admin = door.visitor("admin")
    answer = await admin("POST", "/webhooks", json=body(receiver) | change)
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [loc]
    assert "hooks.example.org" not in answer.text
    assert (await admin("GET", "/webhooks")).json()["items"] == []


async def test_same_key_makes_one_webhook_and_tells_its_secret_again(door: Door, receiver: PushReceiver) -> None:
    admin, wanted, key = door.visitor("admin"), body(receiver), {"Idempotency-Key": "k-1"}
    first = await admin("POST", "/webhooks", json=wanted, headers=key)
    again = await admin("POST", "/webhooks", json=wanted, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await admin("POST", "/webhooks", json=body(receiver), headers=key)
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    await admin("DELETE", f"/webhooks/{first.json()['id']}")
    assert (await admin("POST", "/webhooks", json=wanted, headers=key)).status_code == 404


async def test_there_are_twenty_webhooks_and_no_more_however_they_are_made(door: Door, receiver: PushReceiver) -> None:
    admin = door.visitor("admin")
    bodies = [body(receiver) for _ in range(policy.MAX_WEBHOOKS + 5)]
    answers = await asyncio.gather(*(admin("POST", "/webhooks", json=one) for one in bodies))
    refused = [answer for answer in answers if answer.status_code != 201]
    assert {(answer.status_code, answer.json()["type"]) for answer in refused} == {(409, "/problems/too-many-webhooks")}
    assert len((await admin("GET", "/webhooks?limit=100")).json()["items"]) == policy.MAX_WEBHOOKS


async def test_refusals_are_audited(door: Door, stage: Stage) -> None:
    assert (await door.visitor("clinician")("GET", "/webhooks")).status_code == 403
    told = [fact for fact in await stage.announced(AccessRecorded) if fact.resource == "webhook"]
    assert [(fact.action, fact.outcome) for fact in told] == [("R", "denied")]
