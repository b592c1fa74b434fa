"""Revocation: what ends a session ends its access token in all services, whatever was down meanwhile. How quickly is
measured in bench; here the clock of the wall decides nothing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from e2e.client import PASSWORD, Person, assert_problem, eventually, new_linked_patient, new_patient
from fleet import Fleet

from attack.browser import Kept
from attack.people import ALIVE, DEAD, Cast, ask_every_replica, read_everywhere

SILENCE = 31  # seconds after which the feed does not count as heard
HEARD = 6  # seconds after which a service that started has heard auth, and asks it no more
ASKED_AGAIN = 6  # seconds for which a service remembers what auth said about a session


@dataclass
class Scene:
    """A linked patient, and staff who can do something about them."""

    fleet: Fleet
    cast: Cast
    patient: Person
    patient_id: str


@pytest.fixture
def scene(fleet: Fleet, cast: Cast) -> Iterator[Scene]:
    person, patient_id = new_linked_patient(fleet, cast.clinician)
    with person:
        yield Scene(fleet, cast, person, patient_id)


def sign_out(scene: Scene) -> None:
    scene.patient.sign_out()


def change_password_elsewhere(scene: Scene) -> None:
    with Person(scene.fleet.url).sign_in(scene.patient.user["username"]) as elsewhere:
        change = {"current_password": PASSWORD, "new_password": PASSWORD + " again"}
        assert elsewhere.post("/api/auth/password", change).status_code == 204


def use_a_refresh_token_twice(scene: Scene) -> None:
    first = Kept.of(scene.fleet, scene.patient)
    first.next().next()
    assert first.refresh().status_code == 401


def disable(scene: Scene) -> None:
    assert scene.cast.admin.patch(f"/api/auth/users/{scene.patient.id}", {"disabled": True}).status_code == 200


def change_roles(scene: Scene) -> None:
    roles = {"roles": ["patient", "clinician"]}
    assert scene.cast.admin.patch(f"/api/auth/users/{scene.patient.id}", roles).status_code == 200


def unlink(scene: Scene) -> None:
    assert scene.cast.admin.delete(f"/api/auth/patient-links/{scene.patient_id}").status_code == 204


@pytest.mark.parametrize(
    "end", [sign_out, change_password_elsewhere, use_a_refresh_token_twice, disable, change_roles, unlink]
)
def test_access_token_is_dead_in_every_service_after(scene: Scene, end: Callable[[Scene], None]) -> None:
    own = f"/api/patients/{scene.patient_id}"
    paths = ("/api/auth/me", f"{own}/demographics", f"{own}/letters", "/api/notifications")
    assert [scene.patient.get(path).status_code for path in paths] == [200] * 4
    token = scene.patient.access_token
    end(scene)
    with Person(scene.fleet.url) as thief:
        bearer = {"Authorization": f"Bearer {token}"}
        for path in paths:
            refused = eventually(lambda path=path: dead(thief.get(path, headers=bearer)))  # type: ignore[misc]
            assert_problem(refused, 401, "unauthenticated")


def dead(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.status_code == 401 else None


def test_dead_token_stays_dead_in_services_that_start_anew(fleet: Fleet, cast: Cast) -> None:
    with cast.sign_in("clinician") as person:
        token = person.access_token
        person.sign_out()
    eventually(lambda: read_everywhere(fleet, token) == DEAD)
    fleet.restart(*fleet.replicas("patients", "letters", "notify"))
    assert eventually(lambda: ready(read_everywhere(fleet, token)), within=30) == DEAD
    time.sleep(HEARD)
    for _ in range(6):  # so that every replica is asked
        told = eventually(lambda: ready(read_everywhere(fleet, token)), within=30)
        assert told == DEAD


def ready(told: dict[str, int]) -> dict[str, int] | None:
    return None if 503 in told.values() else told


def test_dead_token_is_refused_while_the_broker_is_silent_and_letters_are_written(fleet: Fleet, cast: Cast) -> None:
    patient_id = new_patient(cast.clinician)
    assert cast.clinician.get(f"/api/patients/{patient_id}/letters").status_code == 200
    with fleet.frozen("nats"):
        fleet.move_clock(SILENCE)
        clinician = cast.clinician
        letter = {"title": "While the broker is away", "body": "Dear reader"}
        assert clinician.post(f"/api/patients/{patient_id}/letters", letter).status_code == 201
        with cast.sign_in("clinician") as person:
            assert read_everywhere(fleet, person.access_token) == ALIVE
            person.sign_out()
            fleet.move_clock(ASKED_AGAIN)
            assert read_everywhere(fleet, person.access_token) == DEAD
    eventually(lambda: cast.clinician.get("/api/auth/me").is_success, within=30)


def test_writing_pushing_and_administering_stop_when_nobody_can_say_who_is_out_and_reading_goes_on(
    fleet: Fleet, cast: Cast
) -> None:
    clinician, admin = cast.clinician, cast.admin
    record = f"/api/patients/{new_patient(clinician)}"
    letter = {"title": "Before", "body": "Dear reader"}
    assert clinician.post(f"{record}/letters", letter).status_code == 201
    ask_every_replica(fleet, clinician.access_token)  # so that all of them know auth's keys
    with fleet.frozen("nats"):
        fleet.move_clock(SILENCE)
        with fleet.frozen(*fleet.replicas("auth")):
            assert_problem(clinician.post(f"{record}/letters", {**letter, "title": "Unheard"}), 503)
            assert_problem(clinician.post("/api/push/send", {"user_id": admin.id, "template": "test"}), 503)
            assert_problem(admin.get("/api/auth/users"), 503)
            reads = (f"{record}/demographics", f"{record}/letters", "/api/patients?limit=1", "/api/notifications")
            assert [clinician.get(path).status_code for path in reads] == [200] * len(reads)
    listed = eventually(lambda: found(clinician.get(f"{record}/letters")), within=30)
    assert [item["title"] for item in listed.json()["items"]] == ["Before"]
    eventually(lambda: found(admin.get("/api/auth/users")), within=30)


def test_writing_stops_when_auth_hangs_although_the_broker_answers(fleet: Fleet, cast: Cast) -> None:
    clinician = cast.clinician
    record = f"/api/patients/{new_patient(clinician)}"
    letter = {"title": "Before", "body": "Dear reader"}
    assert clinician.post(f"{record}/letters", letter).status_code == 201
    ask_every_replica(fleet, clinician.access_token)  # so that all of them know auth's keys
    replicas, silent = fleet.replicas("letters"), fleet.replicas("auth")
    before = {name: len(fleet.log(name)) for name in replicas}
    with fleet.frozen(*silent):
        fleet.move_clock(SILENCE, but=silent)
        for name in replicas:  # the broker lets them follow anew, and tells them the past
            eventually(lambda name=name: "revocation feed waits" in fleet.log(name)[before[name] :], within=60)  # type: ignore[misc]
        time.sleep(HEARD)
        for _ in range(2 * len(replicas)):
            assert_problem(clinician.post(f"{record}/letters", {**letter, "title": "Unheard"}), 503)
        assert clinician.get(f"{record}/letters").status_code == 200
    fleet.move_clock(0)
    eventually(lambda: clinician.post(f"{record}/letters", letter).status_code == 201, within=30)


def found(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.status_code == 200 else None
