"""Partners' programs on the fleet: each handles what happens to real letters once, though the broker dies meanwhile."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from e2e.client import Person, eventually, new_linked_patient, new_staff
from fleet import Fleet
from nats.aio.client import Client
from nats.js.api import PubAck
from samples_stage import SAMPLES_OF, Follower, Partner, as_user

LETTER = {"title": "Review", "body": "Dear Ada"}
LIFE = ["letter.created", "letter.read", "letter.amended", "letter.withdrawn"]
SECONDS = 60


@pytest.fixture(scope="module")
def clinician(fleet: Fleet) -> Iterator[Person]:
    with new_staff(fleet, "clinician") as person:
        yield person


@pytest.fixture(scope="module")
def patient(fleet: Fleet, clinician: Person) -> Iterator[Person]:
    person, _ = new_linked_patient(fleet, clinician)
    with person:
        yield person.refresh()


@pytest.fixture
def follower(workshop: Path, fleet: Fleet) -> Follower:
    return Follower(SAMPLES_OF[workshop.name], workshop, Partner(fleet.nats_url, fleet.partner["password"]))


def write(clinician: Person, patient: Person) -> str:
    """A letter that its patient has read; its path."""
    path = clinician.post(f"/api/patients/{patient.user['patient_id']}/letters", LETTER).headers["Location"]
    assert patient.get(path).status_code == 200
    return path


def end(clinician: Person, path: str) -> None:
    """Amend a letter, and withdraw it."""
    assert clinician.put(path, LETTER | {"reason": "Wrong dose"}, version=1).status_code == 200
    assert clinician.post(f"{path}/withdraw", {"reason": "Wrong patient"}, version=2).status_code == 200


def facts(follower: Follower, path: str) -> list[str]:
    """What was handled of a letter, in that order and as often as it was."""
    return [
        subject.removeprefix("quill.letters.v1.")
        for _, subject, body in follower.lines()
        if json.loads(body)["letter_uid"] == path[-36:]
    ]


def has_lived(follower: Follower, path: str) -> bool:
    """Whether everything that happened to a letter was handled, once each; what comes again may come late."""
    return sorted(facts(follower, path)) == sorted(LIFE)


def publish_again(fleet: Fleet, follower: Follower) -> None:
    """The first event that was handled comes a second time, as after a restore: NATS takes it for another one."""
    event_id, subject, body = follower.lines()[0]
    headers = {"ce-id": event_id, "ce-type": subject, "Nats-Msg-Id": f"{event_id} again for {follower.name}"}

    async def publish(client: Client) -> PubAck:
        return await client.jetstream().publish(subject, body.encode(), headers=headers)

    asyncio.run(as_user(fleet.nats_url, "letters", fleet.secrets["nats_letters"], publish))


def test_sample_handles_the_lives_of_letters_once_though_the_broker_is_killed(
    fleet: Fleet, follower: Follower, clinician: Person, patient: Person
) -> None:
    with follower.at_work(datetime.now(UTC).isoformat().replace("+00:00", "Z")):
        before = write(clinician, patient)
        eventually(lambda: facts(follower, before) == LIFE[:2], within=SECONDS)
        publish_again(fleet, follower)
        killed = fleet.kill("nats")
        between = write(clinician, patient)  # nobody waits for the broker
        eventually(lambda: fleet.processes.get("nats", {"pid": killed})["pid"] != killed, within=SECONDS)
        for path in (before, between):
            end(clinician, path)
            eventually(partial(has_lived, follower, path), within=SECONDS)
        eventually(follower.is_done, within=SECONDS)
    assert len(follower.handled()) == len(set(follower.handled()))
    assert facts(follower, before) == LIFE
