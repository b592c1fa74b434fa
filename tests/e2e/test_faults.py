"""Servers die, hang and come back while the main job goes on: nothing is lost, nothing happens twice."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from e2e.client import Person, assert_problem, demo_person, eventually, new_linked_patient, unique
from e2e.push_receiver import PushReceiver, Subscriber
from fleet import Fleet

LONGEST_ANSWER_SECONDS = 11.0  # the contract says ten; one more for a busy machine


@dataclass
class Scene:
    """A clinician, a patient with a linked account, and that account's device."""

    clinician: Person
    patient: Person
    patient_id: str
    device: Subscriber

    @property
    def letters_path(self) -> str:
        return f"/api/patients/{self.patient_id}/letters"

    def titles(self) -> list[str]:
        answer = self.clinician.get(f"{self.letters_path}?limit=100")
        return [letter["title"] for letter in answer.json()["items"]] if answer.status_code == 200 else []

    def notifications(self) -> list[dict[str, Any]]:
        answer = self.patient.get("/api/notifications?limit=100")
        return list(answer.json()["items"]) if answer.status_code == 200 else []


@pytest.fixture
def scene(fleet: Fleet, push_service: PushReceiver) -> Iterator[Scene]:
    clinician = demo_person(fleet, "clinician")
    patient, patient_id = new_linked_patient(fleet, clinician)
    device = push_service.subscribe()
    assert patient.post("/api/push/register", device.to_json()).status_code == 201
    with clinician, patient:
        yield Scene(clinician, patient, patient_id, device)


def write_until_accepted(scene: Scene, title: str, *, within: float = 60) -> httpx.Response:
    """Repeat the same request with the same key, as a client does that got no final answer."""
    key, deadline = unique("k"), time.monotonic() + within
    while True:
        try:
            answer = scene.clinician.post(scene.letters_path, {"title": title, "body": "Dear reader"}, key=key)
            if answer.status_code == 201:
                return answer
            assert answer.status_code in {409, 502, 503}, (answer.status_code, answer.text)
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "never accepted"
        time.sleep(0.1)


def assert_told_once(scene: Scene, title: str, uid: str, *, killed: str = "") -> None:
    """The letter is there once, its notification once, and so is its push, but for what died when it was accepted."""
    scene.device.wait(number=1, seconds=60)
    eventually(lambda: scene.titles(), within=60)
    assert scene.titles().count(title) == 1
    told = [one for one in eventually(scene.notifications, within=60) if one["url"].endswith(uid)]
    assert len(told) == 1
    eventually(lambda: all(one["state"] == "attempted" for one in scene.notifications()), within=60)
    pushed = Counter(push.payload["notification_id"] for push in scene.device.delivered)
    assert pushed.keys() == {told[0]["id"]}
    assert pushed.total() <= (2 if killed in {"notify", "postgres"} else 1)


@pytest.mark.parametrize("victim", ["auth", "patients", "letters", "notify", "nats", "postgres", "caddy", "openehr"])
def test_main_job_ends_well_when_a_process_is_killed_in_its_middle(fleet: Fleet, scene: Scene, victim: str) -> None:
    title = unique("Letter")
    killer = threading.Thread(target=fleet.restart, args=(victim,))
    killer.start()
    answer = write_until_accepted(scene, title)
    killer.join()
    assert_told_once(scene, title, answer.json()["uid"], killed=victim)


def timed(person: Person, method: str, path: str, **kwargs: Any) -> httpx.Response:
    started = time.monotonic()
    answer = person.send(method, path, **kwargs)
    assert time.monotonic() - started < LONGEST_ANSWER_SECONDS
    return answer


def backend_status(person: Person, service: str, backend: str) -> str:
    started = time.monotonic()
    answer = person.get("/api/health")
    assert time.monotonic() - started < 2
    assert answer.status_code == 200, answer.text
    return str(answer.json()["services"][service]["backends"][backend]["status"])


def test_hanging_fhir_server_stops_only_what_needs_it(fleet: Fleet, scene: Scene) -> None:
    with fleet.frozen("fhir"):
        assert backend_status(scene.clinician, "patients", "fhir") == "down"
        demographics = timed(scene.clinician, "GET", f"/api/patients/{scene.patient_id}/demographics")
        assert_problem(demographics, 503, "backend-unavailable")
        written = timed(scene.clinician, "POST", scene.letters_path, json={"title": "Meanwhile", "body": "x"})
        assert written.status_code == 201
        assert timed(scene.clinician, "GET", scene.letters_path).status_code == 200
        assert timed(scene.patient, "GET", "/api/auth/me").status_code == 200
        assert timed(scene.patient, "GET", "/api/notifications").status_code == 200
    assert eventually(lambda: scene.clinician.get(f"/api/patients/{scene.patient_id}/demographics").is_success)


def hang_is_known(person: Person, path: str) -> bool:
    """Whether every replica refuses at once what the server behind this path would be asked for."""
    started = time.monotonic()
    for _ in range(4):
        assert_problem(person.get(path), 503, "backend-unavailable")
    return time.monotonic() - started < 2


def test_hang_that_was_found_costs_nobody_time(fleet: Fleet, scene: Scene) -> None:
    demographics = f"/api/patients/{scene.patient_id}/demographics"
    with fleet.frozen("fhir"):
        eventually(lambda: hang_is_known(scene.clinician, demographics), within=30)
        started = time.monotonic()
        for _ in range(10):
            assert scene.clinician.post(scene.letters_path, {"title": "Meanwhile", "body": "x"}).status_code == 201
            assert_problem(scene.clinician.get(demographics), 503)
        assert time.monotonic() - started < 25  # fifty where each waits: a letter for a second, demographics for four
    assert eventually(lambda: scene.clinician.get(demographics).is_success)
    with fleet.frozen("openehr"):
        eventually(lambda: hang_is_known(scene.clinician, scene.letters_path), within=30)
        started = time.monotonic()
        for _ in range(10):
            assert_problem(scene.clinician.get(scene.letters_path), 503)
            assert scene.clinician.get(demographics).status_code == 200
        assert time.monotonic() - started < 20  # forty where each waits
    assert eventually(lambda: scene.clinician.get(scene.letters_path).is_success)


def test_dead_fhir_server_is_503_and_comes_back(fleet: Fleet, scene: Scene) -> None:
    fleet.kill("fhir")
    answer = timed(scene.clinician, "GET", f"/api/patients/{scene.patient_id}/demographics")
    assert_problem(answer, 503)
    fhir = timed(scene.clinician, "GET", f"/api/fhir/patients/{scene.patient_id}")
    assert fhir.status_code == 503
    assert fhir.json()["resourceType"] == "OperationOutcome"
    path = f"/api/patients/{scene.patient_id}/demographics"
    assert eventually(lambda: scene.clinician.get(path).is_success, within=150)


def test_letter_written_while_the_openehr_server_hangs_is_completed_later(fleet: Fleet, scene: Scene) -> None:
    title, key = unique("Letter"), unique("k")
    letter = {"title": title, "body": "Dear reader"}
    with fleet.frozen("openehr"):
        assert backend_status(scene.clinician, "letters", "openehr") == "down"
        refused = timed(scene.clinician, "POST", scene.letters_path, json=letter, key=key)
        assert_problem(refused, 503, "outcome-unknown")
        assert_problem(timed(scene.clinician, "GET", scene.letters_path), 503)
        assert timed(scene.patient, "GET", "/api/notifications").status_code == 200
    scene.device.wait(number=1, seconds=60)
    replayed = scene.clinician.post(scene.letters_path, letter, key=key)
    assert (replayed.status_code, replayed.headers.get("Idempotency-Replayed")) == (201, "true")
    assert_told_once(scene, title, replayed.json()["uid"])


def test_letters_are_written_while_the_broker_is_away_and_announced_later(fleet: Fleet, scene: Scene) -> None:
    title = unique("Letter")
    with fleet.frozen("nats"):
        time.sleep(1)
        answer = timed(scene.clinician, "POST", scene.letters_path, json={"title": title, "body": "Dear reader"})
        assert answer.status_code == 201, answer.text
        assert timed(scene.clinician, "GET", scene.letters_path).status_code == 200
        assert scene.device.pushes == []
    assert_told_once(scene, title, answer.json()["uid"])


def test_hanging_database_is_503_within_the_deadline_and_nothing_is_lost(fleet: Fleet, scene: Scene) -> None:
    title, key = unique("Letter"), unique("k")
    letter = {"title": title, "body": "Dear reader"}
    fleet.kill("postgres", signal.SIGKILL)
    answer = timed(scene.clinician, "POST", scene.letters_path, json=letter, key=key)
    assert answer.status_code in {201, 503}
    repeated = eventually(lambda: accepted(scene, letter, key), within=60)
    assert repeated is not None
    assert_told_once(scene, title, repeated.json()["uid"], killed="postgres")


def accepted(scene: Scene, letter: dict[str, str], key: str) -> httpx.Response | None:
    answer = scene.clinician.post(scene.letters_path, letter, key=key)
    return answer if answer.status_code == 201 else None
