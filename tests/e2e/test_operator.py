"""An operator mends a running fleet: dead letters, a lost broker, a stuck write; and the doctor sees what is broken."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from common.events import STREAMS, LetterCreated
from e2e.client import Person, demo_person, eventually, inbox, new_linked_patient, register, unique
from e2e.push_receiver import PushReceiver, Subscriber
from fleet import Fleet
from nats.aio.client import Client
from provision.streams import provision, stream_config
from quill_command import quill


@asynccontextmanager
async def client_of(fleet: Fleet, user: str) -> AsyncIterator[Client]:
    client, inbox_prefix = Client(), f"_INBOX_{user}".encode()
    await client.connect(fleet.nats_url, user=user, password=fleet.secrets[f"nats_{user}"], inbox_prefix=inbox_prefix)
    yield client
    await client.close()


def poison(fleet: Fleet) -> str:
    """An event that no consumer can read, where letters announces its own; returns its id."""
    event_id = str(uuid4())

    async def publish() -> None:
        async with client_of(fleet, "letters") as client:
            headers = {"ce-id": event_id, "ce-type": LetterCreated.subject}
            await client.jetstream().publish(LetterCreated.subject, b'{"letter_uid": 7}', headers=headers)

    asyncio.run(publish())
    return event_id


def dead_letter(
    fleet: Fleet, event_id: str, *, but: int = 0, durable: str = "notify-letter-created"
) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = quill(fleet, "dlq", "ls", "--json").json
    return next((one for one in found if (one["id"], one["durable"]) == (event_id, durable) and one["no"] != but), None)


def test_dead_letter_is_listed_shown_handed_again_and_dropped(fleet: Fleet) -> None:
    event_id = poison(fleet)
    buried = eventually(lambda: dead_letter(fleet, event_id), within=20)
    assert buried["reason"] == "malformed"
    assert quill(fleet, "dlq", "show", buried["no"], "--json").json["body"] == {"letter_uid": 7}
    assert quill(fleet, "dlq", "replay", buried["no"]).code == 0
    again = eventually(lambda: dead_letter(fleet, event_id, but=buried["no"]), within=20)
    assert again["no"] > buried["no"]
    other = eventually(lambda: dead_letter(fleet, event_id, durable="notify-webhooks-letters"), within=20)
    assert quill(fleet, "dlq", "drop", again["no"], other["no"], "--yes").code == 0
    assert dead_letter(fleet, event_id) is None


@dataclass
class Scene:
    """A clinician who writes to a patient, that patient's account and device."""

    clinician: Person
    patient: Person
    patient_id: str
    device: Subscriber

    def write(self) -> httpx.Response:
        letter = {"title": unique("Letter"), "body": "Dear reader"}
        return self.clinician.post(f"/api/patients/{self.patient_id}/letters", letter, key=unique("k"))

    def told(self) -> list[str]:
        """The letters that the patient was told of, each as often as that."""
        return [one["url"] for one in inbox(self.patient, "?limit=100")["items"]]

    def notified(self) -> list[str]:
        """The ids of what is in the patient's inbox, once nothing of it is left to be pushed."""
        items = eventually(lambda: settled(inbox(self.patient, "?limit=100")["items"]), within=60)
        return sorted(one["id"] for one in items)

    def pushed(self) -> list[str]:
        """The ids of what came to the device, each as often as that."""
        return sorted(push.payload["notification_id"] for push in self.device.delivered)


def settled(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """These entries of an inbox, unless one of them is still to be pushed."""
    return [] if any(one["state"] == "pending" for one in items) else items


@pytest.fixture
def scene(fleet: Fleet, push_service: PushReceiver) -> Iterator[Scene]:
    with demo_person(fleet, "clinician") as clinician:
        patient, patient_id = new_linked_patient(fleet, clinician)
        with patient:
            device = push_service.subscribe()
            register(patient, device)
            yield Scene(clinician, patient, patient_id, device)


def provide(fleet: Fleet) -> bool:
    """Bring JetStream to the catalogue, as a start of the fleet does."""

    async def run() -> bool:
        async with client_of(fleet, "provision") as client:
            await provision(client.jetstream())
            return True

    return asyncio.run(run())


def nothing_waits(fleet: Fleet) -> bool:
    durables = quill(fleet, "events", "ls", "--json").json["durables"]
    return not any(one["pending"] + one["unacknowledged"] for one in durables if one["durable"].startswith("notify"))


def test_lost_broker_is_filled_again_and_nobody_is_told_twice(fleet: Fleet, scene: Scene) -> None:
    assert [scene.write().status_code for _ in range(3)] == [201] * 3
    scene.device.wait(number=3, seconds=30)
    pid = fleet.lose_broker_store()
    eventually(lambda: fleet.processes.get("nats", {"pid": pid})["pid"] != pid, within=30)
    eventually(lambda: provide(fleet), within=30)
    for service in ("auth", "patients", "letters", "notify"):
        assert quill(fleet, "events", "republish", service, "--since", "1h").code == 0
    assert scene.write().status_code == 201
    scene.device.wait(number=4, seconds=60)
    eventually(lambda: nothing_waits(fleet), within=120)
    seen = quill(fleet, "events", "tail", "--subject", LetterCreated.subject, "--since", "1h", "--no-follow", "--json")
    announced = [json.loads(line)["subject"] for line in seen.text.splitlines()]
    assert len([one for one in announced if scene.patient_id in one]) == 4
    assert len(scene.told()) == len(set(scene.told())) == 4
    assert scene.notified() == scene.pushed()


def test_replayed_durable_tells_nobody_twice_while_its_service_works(fleet: Fleet, scene: Scene) -> None:
    assert scene.write().status_code == 201
    scene.device.wait(number=1, seconds=30)
    assert quill(fleet, "events", "replay", "notify-letter-created", "--all").code == 0
    assert scene.write().status_code == 201
    scene.device.wait(number=2, seconds=60)
    eventually(lambda: nothing_waits(fleet), within=60)
    assert len(scene.told()) == len(set(scene.told())) == 2
    assert scene.notified() == scene.pushed()


def test_write_that_waits_is_tried_at_once(fleet: Fleet, scene: Scene) -> None:
    with fleet.frozen("openehr"):
        assert scene.write().status_code == 503
        (waiting,) = eventually(lambda: quill(fleet, "operations", "ls", "--service", "letters", "--json").json)
        with psycopg.connect(fleet.database("letters"), autocommit=True) as connection:
            later = "UPDATE operations SET next_try_at = now() + '10m'::interval WHERE id = %s AND lease_until < now()"
            eventually(lambda: connection.execute(later, [waiting["id"]]).rowcount, within=15)
    assert waiting["kind"] == "letter.create"
    assert quill(fleet, "operations", "retry", waiting["id"]).text == f"letters tries {waiting['id']} now\n"
    scene.device.wait(number=1, seconds=30)
    refused = quill(fleet, "operations", "retry", waiting["id"])
    assert (refused.code, refused.errors) == (1, f"quill: {waiting['id']} is done; there is nothing to try\n")


def failures(fleet: Fleet) -> dict[str, str]:
    """What the doctor would have mended."""
    done = quill(fleet, "doctor", "--json")
    failed = {one["check"]: one["found"] for one in done.json if one["state"] == "fail"}
    assert done.code == bool(failed)
    return failed


def test_doctor_finds_a_healthy_fleet_well(fleet: Fleet) -> None:
    eventually(lambda: not failures(fleet), within=60)
    report = quill(fleet, "doctor")
    assert "openEHR" in report.text
    assert "HAPI FHIR" in report.text
    assert max(map(len, report.text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("frozen", "named"),
    [
        ("nats", {"nats", "nats monitor"}),
        ("fhir", {"fhir", "health"}),
        ("openehr", {"openehr", "health"}),
        ("caddy", {"caddy"}),
        ("postgres", {"auth database", "patients database", "letters database", "notify database", "keys"}),
    ],
)
def test_doctor_names_a_server_that_is_frozen(fleet: Fleet, frozen: str, named: set[str]) -> None:
    with fleet.frozen(frozen):
        assert named <= set(failures(fleet))
    eventually(lambda: not failures(fleet), within=90)


def test_doctor_names_a_service_that_is_frozen_and_what_it_leaves_unread(fleet: Fleet) -> None:
    replicas = fleet.replicas("letters")
    with fleet.frozen(*replicas):
        time.sleep(2)  # the last request for messages that it made runs out
        failed = failures(fleet)
        assert {*replicas, "health", "letters-patient-created"} <= set(failed)
        assert failed["letters-patient-created"] == "nobody reads it"
    eventually(lambda: not failures(fleet), within=90)


def test_doctor_names_a_stream_that_is_not_as_the_catalogue_says(fleet: Fleet) -> None:
    chosen = next(stream for stream in STREAMS if stream.name == "NOTIFY")

    async def shorten() -> None:
        async with client_of(fleet, "provision") as client:
            await client.jetstream().update_stream(stream_config(chosen).evolve(max_age=86400.0 * 29))

    asyncio.run(shorten())
    assert failures(fleet) == {"stream NOTIFY": "max_age is 29 d instead of 30 d"}
    provide(fleet)
    assert failures(fleet) == {}
