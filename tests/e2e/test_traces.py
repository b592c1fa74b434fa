"""One write can be followed: one trace in the logs of the services that took part and in the event that tells it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from e2e.client import Person, eventually, new_patient, new_staff
from fleet import Fleet
from nats.aio.client import Client
from nats.aio.msg import Msg

LETTER = {"title": "Review", "body": "Dear Ada.", "letter_type": "results"}
CREATED = "quill.letters.v1.letter.created"
SERVICES = ("auth", "patients", "letters", "notify")
GIVEN = "4bf92f3577b34da6a3ce929d0e0e4736"

type Line = dict[str, Any]


@pytest.fixture(scope="module")
def clinician(fleet: Fleet) -> Iterator[Person]:
    with new_staff(fleet, "clinician") as person:
        yield person


def lines(fleet: Fleet, service: str) -> list[Line]:
    """What the replicas of a service have logged."""
    return [json.loads(line) for name in fleet.replicas(service) for line in fleet.log(name).splitlines()]


def trace_of(fleet: Fleet, service: str, trace_id: str) -> list[Line]:
    return [line for line in lines(fleet, service) if line["trace_id"] == trace_id]


def told_while(fleet: Fleet, write: Callable[[], dict[str, Any]]) -> Msg:
    """The event of the letter that is written, as a partner gets it."""

    async def follow() -> Msg:
        client, partner = Client(), fleet.partner
        user, password = partner["user"], partner["password"]
        await client.connect(fleet.nats_url, user=user, password=password, inbox_prefix=b"_INBOX_partner")
        try:
            subscription = await client.subscribe(CREATED)
            await client.flush()
            uid = (await asyncio.to_thread(write))["uid"]
            while True:
                message = await subscription.next_msg(timeout=30)
                if json.loads(message.data)["letter_uid"] == uid:
                    return message
        finally:
            await client.close()

    return asyncio.run(follow())


@pytest.mark.parametrize("given", [None, GIVEN], ids=["begun at the door", "begun by the caller"])
def test_write_is_one_trace_in_two_services_and_in_its_event(
    fleet: Fleet, clinician: Person, given: str | None
) -> None:
    patient_id, request_id = new_patient(clinician), uuid4()
    headers = {"X-Request-Id": str(request_id)} | ({"traceparent": f"00-{given}-00f067aa0ba902b7-01"} if given else {})

    def write() -> dict[str, Any]:
        answer = clinician.post(f"/api/patients/{patient_id}/letters", LETTER, headers=headers)
        assert answer.status_code == 201, answer.text
        letter: dict[str, Any] = answer.json()
        return letter

    message, trace_id = told_while(fleet, write), given or request_id.hex
    assert (message.headers or {})["traceparent"][3:35] == trace_id
    for service in ("letters", "patients"):
        eventually(lambda service=service: trace_of(fleet, service, trace_id))  # type: ignore[misc]
        assert str(request_id) in {line["request_id"] for line in trace_of(fleet, service, trace_id)}, service
    assert str(request_id) in fleet.log("caddy")
    schema = clinician.get((message.headers or {})["ce-dataschema"])
    assert (schema.status_code, schema.json()["title"]) == (200, "LetterCreated")
    assert str(schema.url) == f"{fleet.url}/api/docs/events/{CREATED}.json"


@pytest.mark.parametrize("service", SERVICES)
def test_every_line_has_its_request_and_its_trace(fleet: Fleet, service: str) -> None:
    assert [line for line in lines(fleet, service) if not line.get("request_id") or not line.get("trace_id")] == []


@pytest.mark.parametrize("service", SERVICES)
def test_service_tells_prometheus_inside_and_nobody_at_the_door(fleet: Fleet, service: str) -> None:
    inside = httpx.get(f"http://127.0.0.1:{fleet.processes[service]['port']}/metrics", trust_env=False)
    assert inside.status_code == 200
    assert 'quill_look_done{look="consumers"} 1.0' in inside.text
    assert httpx.get(f"{fleet.url}/metrics", trust_env=False).status_code == 404
