"""What happens when openEHR is away, slow, ill, or loses its answers."""

import time
from collections.abc import Callable

import httpx
import psycopg
import pytest
from letters_house import House, wait_for

CREATED = "quill.letters.v1.letter.created"


@pytest.mark.parametrize("mood", ["closed", "ill"])
def test_letter_written_while_openehr_is_away_is_completed_later_exactly_once(house: House, mood: str) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    house.letters(patient_id, clinician)
    house.door.mood = mood
    answer = house.write(patient_id, clinician, key="outage")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/outcome-unknown")
    assert int(answer.headers["Retry-After"]) <= 10
    assert house.events(CREATED, patient_id) == []
    house.door.mood = "open"
    wait_for(lambda: len(house.events(CREATED, patient_id)) == 1)
    (letter,) = house.letters(patient_id, clinician).json()["items"]
    again = house.write(patient_id, clinician, key="outage")
    assert (again.status_code, again.json()["uid"]) == (201, letter["uid"])
    assert len(house.events(CREATED, patient_id)) == 1


def test_first_letter_of_a_new_patient_survives_an_outage_too(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    house.door.mood = "closed"
    assert house.write(patient_id, clinician).status_code == 503
    house.door.mood = "open"
    wait_for(lambda: len(house.events(CREATED, patient_id)) == 1)
    assert len(house.letters(patient_id, clinician).json()["items"]) == 1


def test_letter_whose_answer_was_lost_is_found_and_not_written_twice(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    house.letters(patient_id, clinician)
    house.door.mood = "deaf"
    house.door.passed.clear()
    answer = house.write(patient_id, clinician)
    assert answer.status_code == 201
    assert [method for method, _ in house.door.passed] == ["POST", "GET"]
    house.door.mood = "open"
    (letter,) = house.letters(patient_id, clinician).json()["items"]
    assert letter["uid"] == answer.json()["uid"]


def test_writing_and_reading_end_in_time_while_openehr_hangs(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    path = house.write(patient_id, clinician).headers["Location"]
    house.door.mood = "stuck"
    asks: list[Callable[[], httpx.Response]] = [
        lambda: house.write(patient_id, clinician),
        lambda: house.read(path, clinician),
        lambda: house.letters(patient_id, clinician),
    ]
    for ask in asks:
        started = time.monotonic()
        answer = ask()
        assert (answer.status_code, time.monotonic() - started < 7) == (503, True)
        assert int(answer.headers["Retry-After"]) <= 10
    house.door.mood = "open"
    wait_for(lambda: len(house.events(CREATED, patient_id)) == 2)


@pytest.mark.parametrize("mood", ["closed", "ill"])
def test_reading_while_openehr_is_away_is_503(house: House, mood: str) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    path = house.write(patient_id, clinician).headers["Location"]
    house.door.mood = mood
    for answer in (house.read(path, clinician), house.letters(patient_id, clinician)):
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/backend-unavailable")
        assert int(answer.headers["Retry-After"]) <= 10


@pytest.mark.parametrize("lie", [None, [], {}, "text", {"rows": [[1]]}, {"rows": "x"}, {"uid": {"value": "x"}}])
def test_answers_of_another_shape_are_503_and_said_to_be_unreadable(house: House, lie: object) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    path = house.write(patient_id, clinician).headers["Location"]
    house.door.mood, house.door.lie = "lying", lie
    for answer in (house.read(path, clinician), house.letters(patient_id, clinician)):
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/record-unreadable")


def test_another_letter_in_the_place_of_the_one_asked_for_is_not_shown(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    path = house.write(patient_id, clinician).headers["Location"]
    ((ehr_id,),) = house.rows("SELECT ehr_id FROM patient_ehrs WHERE patient_id = %s", patient_id)
    uid = house.write(patient_id, clinician, title="Other").json()["uid"]
    house.door.lie = house.openehr.get(f"ehr/{ehr_id}/composition/{uid}", headers={"Accept": "application/json"}).json()
    house.door.mood = "lying"
    assert house.read(path, clinician).json()["type"] == "/problems/record-unreadable"


def test_health_names_the_server_and_says_when_it_is_away(house: House) -> None:
    well = house.client.get("/api/health/letters")
    assert well.status_code == 200
    assert well.json()["backends"]["openehr"] == {"status": "ok", "product": "Quill development openEHR server"}
    for mood in ("closed", "stuck", "hollow"):
        house.door.mood = mood
        started = time.monotonic()
        ill = house.client.get("/api/health/letters")
        assert time.monotonic() - started < 1
        assert (ill.status_code, ill.json()["status"]) == (200, "degraded")
        assert ill.json()["backends"]["openehr"] == {"status": "down"}
    assert house.client.get("/readyz").status_code == 200


def test_change_while_storage_is_silent_is_refused_before_it_is_made(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    path = house.write(patient_id, clinician).headers["Location"]
    with psycopg.connect(house.database_url) as other:
        other.execute("LOCK TABLE letter_receipts IN ACCESS EXCLUSIVE MODE")
        answers = [house.amend(path, clinician), house.withdraw(path, clinician)]
    assert [one.json()["type"] for one in answers] == ["/problems/storage-unavailable"] * 2
    assert house.read(path, clinician).json()["version"] == 1
    assert house.events("quill.letters.v1.letter.amended", patient_id) == []


def test_list_is_not_answered_while_its_audit_entry_cannot_be_stored(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    house.write(patient_id, clinician)
    with psycopg.connect(house.database_url) as other:
        other.execute("LOCK TABLE outbox IN SHARE MODE")  # it can be read
        answer = house.letters(patient_id, clinician)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/storage-unavailable")
    assert house.letters(patient_id, clinician).status_code == 200
