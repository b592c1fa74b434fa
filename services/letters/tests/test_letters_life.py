"""What becomes of a letter after it was sent: it is amended, withdrawn, and tells how it came to be what it is."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from letters_house import House, Person, wait_for

AUDIT = "quill.audit.v1.access.recorded.letters"
AMENDED, WITHDRAWN = "quill.letters.v1.letter.amended", "quill.letters.v1.letter.withdrawn"
SECTIONS = {"diagnoses": "Type 2 diabetes", "plan": "1. Repeat HbA1c\n2. Review in *three* months"}


@pytest.fixture
def patient(house: House, patient_id: UUID) -> Person:
    return house.person("patient", patient_id=patient_id)


@pytest.fixture
def path(house: House, patient_id: UUID, clinician: Person) -> str:
    """Where a letter is that was just sent."""
    return house.write(patient_id, clinician, title="Review", body="Dear Dr Hale").headers["Location"]


def versions(house: House, path: str, who: Person, **query: int | str) -> Any:
    """What the list of versions answers."""
    return house.read(f"{path}/versions", who, **query).json()


def test_amended_letter_takes_the_place_of_the_old_one_which_stays_readable(
    house: House, path: str, patient_id: UUID, clinician: Person, patient: Person
) -> None:
    first, other = house.read(path, clinician).json(), house.person("clinician", name="Dr Omar Lund")
    answer = house.amend(path, other, title="Review, corrected", body="Half the dose", letter_type="results")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    letter = answer.json()
    assert (letter["version"], letter["status"], letter["letter_type"]) == (2, "amended", "results")
    assert (letter["title"], letter["body"]) == ("Review, corrected", "Half the dose")
    assert letter["author"] == {"id": str(other.user_id), "name": "Dr Omar Lund"}
    assert letter["created_at"] == first["created_at"] < letter["amended_at"]
    for reader in (clinician, patient):
        assert house.read(path, reader, version=1).json()["body"] == "Dear Dr Hale"
        assert house.read(path, reader).json()["body"] == "Half the dose"
        (item,) = house.letters(patient_id, reader).json()["items"]
        assert (item["version"], item["status"], item["amended_at"]) == (2, "amended", letter["amended_at"])


def test_withdrawn_letter_keeps_its_text_and_its_author_and_older_versions_keep_their_status(
    house: House, path: str, patient_id: UUID, clinician: Person, patient: Person
) -> None:
    other = house.person("clinician", name="Dr Omar Lund")
    answer = house.withdraw(path, other)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (answer.json()["status"], answer.json()["body"]) == ("withdrawn", "Dear Dr Hale")
    assert answer.json()["author"]["name"] == "Dr Ines Varga"
    for reader in (clinician, patient):
        assert house.read(path, reader).json()["status"] == "withdrawn"
        assert house.read(path, reader, version=1).json()["status"] == "final"
        assert [one["status"] for one in house.letters(patient_id, reader).json()["items"]] == ["withdrawn"]


def test_record_holds_who_changed_a_letter_how_and_why(house: House, path: str, patient_id: UUID) -> None:
    changes = [("Dr Omar Lund", house.amend, "250", "at0022"), ("Dr Ada Quist", house.withdraw, "251", "at0023")]
    for number, (name, change, _, _) in enumerate(changes, start=1):
        assert change(path, house.person("clinician", name=name), version=number, reason="Wrong dose").is_success
    versioned = f"ehr/{house.ehr_of(patient_id)}/versioned_composition/{path[-36:]}"
    for number, (name, _, change_type, status) in enumerate(changes, start=2):
        uid = f"{path[-36:]}::letters.quill.test::{number}"
        version = house.openehr.get(f"{versioned}/version/{uid}", headers={"Accept": "application/json"}).json()
        audit = version["commit_audit"]
        assert (audit["committer"]["name"], audit["description"]["value"]) == (name, "Wrong dose")
        assert audit["change_type"]["defining_code"]["code_string"] == change_type
        items = {one["archetype_node_id"]: one["value"] for one in version["data"]["content"][0]["data"]["items"]}
        assert items["at0008"]["defining_code"]["code_string"] == status


def test_versions_tell_who_when_and_why_newest_first(
    house: House, path: str, clinician: Person, patient: Person
) -> None:
    house.amend(path, clinician, reason="Wrong dose")
    house.withdraw(path, house.person("clinician", name="Dr Omar Lund"), version=2, reason="Wrong patient")
    for reader in (clinician, patient):
        page = versions(house, path, reader)
        told = [(one["version"], one["author"]["name"], one["reason"]) for one in page["items"]]
        names = ["Dr Omar Lund", "Dr Ines Varga", "Dr Ines Varga"]
        assert told == [(3, names[0], "Wrong patient"), (2, names[1], "Wrong dose"), (1, names[2], None)]
        assert page["next_cursor"] is None
    times = [one["committed_at"] for one in page["items"]]
    assert times == sorted(times, reverse=True)
    first = versions(house, path, clinician, limit=2)
    second = versions(house, path, clinician, limit=2, cursor=first["next_cursor"])
    assert (first["items"] + second["items"], second["next_cursor"]) == (page["items"], None)


def test_changes_are_told_and_audited_once_without_their_texts(
    house: House, path: str, patient_id: UUID, clinician: Person
) -> None:
    house.amend(path, clinician, title="Canary-title", body="Canary-body", reason="Canary-reason")
    house.withdraw(path, clinician, version=2, reason="Canary-reason")
    told = {"letter_uid": path[-36:], "patient_id": str(patient_id), "author_id": str(clinician.user_id)}
    assert house.events(AMENDED, patient_id) == [told | {"version": 2}]
    assert house.events(WITHDRAWN, patient_id) == [told | {"version": 3}]
    entries = [(one["action"], one["resource_id"]) for one in house.events(AUDIT, patient_id)]
    assert entries == [("C", path[-36:]), ("U", path[-36:]), ("U", path[-36:])]
    everything = house.rows(
        "SELECT row_to_json(o)::text FROM outbox o UNION ALL SELECT row_to_json(o)::text FROM operations o"
    )
    assert "Canary" not in json.dumps(everything) + house.log.read_text()


def test_reading_and_receipts_of_changed_letters(
    house: House, path: str, patient_id: UUID, clinician: Person, patient: Person
) -> None:
    read_at = house.read(path, patient).json()["read_at"]
    assert house.amend(path, clinician).json()["read_at"] == read_at
    assert house.withdraw(path, clinician, version=2).json()["read_at"] == read_at
    assert versions(house, path, patient)["items"]
    entries = [one for one in house.events(AUDIT, patient_id) if one["actor_id"] == str(patient.user_id)]
    assert [(one["action"], one["resource_id"]) for one in entries] == [("R", path[-36:])] * 2


def test_withdrawn_letter_is_changed_no_more(house: House, path: str, clinician: Person) -> None:
    house.withdraw(path, clinician)
    for change in (house.amend, house.withdraw):
        answer = change(path, clinician, version=2)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/letter-withdrawn")
    assert len(versions(house, path, clinician)["items"]) == 2


@pytest.mark.parametrize(("version", "status"), [(None, 428), (2, 412), (0, 412)])
def test_change_of_another_version_than_the_one_read_is_refused(
    house: House, path: str, clinician: Person, version: int | None, status: int
) -> None:
    assert house.amend(path, clinician, version=version).status_code == status
    assert house.withdraw(path, clinician, version=version).status_code == status
    assert house.read(path, clinician).json()["version"] == 1


def test_of_changes_made_at_once_one_is_kept_and_the_others_are_told(house: House, path: str, patient_id: UUID) -> None:
    people = [house.person("clinician") for _ in range(6)]
    changes = [(house.withdraw if number % 3 == 0 else house.amend, who) for number, who in enumerate(people)]
    with ThreadPoolExecutor(len(people)) as pool:
        answers = list(pool.map(lambda one: one[0](path, one[1]), changes))
    assert sorted(one.status_code for one in answers) == [200] + [412] * 5
    assert house.read(path, people[0]).json()["version"] == 2
    assert len(house.events(AMENDED, patient_id) + house.events(WITHDRAWN, patient_id)) == 1


@pytest.mark.parametrize("roles", [("patient",), ("admin",)])
def test_only_clinicians_change_letters(house: House, path: str, patient_id: UUID, roles: tuple[str, ...]) -> None:
    who = house.person(*roles, patient_id=patient_id)
    assert [change(path, who).status_code for change in (house.amend, house.withdraw)] == [403, 403]
    assert house.read(f"{path}/versions", who).status_code == (200 if "patient" in roles else 403)
    refused = [one for one in house.events(AUDIT, patient_id) if one["actor_id"] == str(who.user_id)][:2]
    assert [(one["action"], one["outcome"]) for one in refused] == [("U", "denied")] * 2


def test_letter_of_somebody_else_or_of_nobody_is_404(house: House, path: str, clinician: Person) -> None:
    other = house.patient()
    house.write(other, clinician)
    places = [f"/api/patients/{other}/letters/{path[-36:]}", f"{path[:-36]}{uuid4()}"]
    places.append(f"/api/patients/{uuid4()}/letters/{path[-36:]}")
    for place in places:
        answers = [house.amend(place, clinician), house.withdraw(place, clinician)]
        answers.append(house.read(f"{place}/versions", clinician))
        assert [one.status_code for one in answers] == [404] * 3
        assert len({one.text for one in answers}) == 1
    stranger = house.person("patient", patient_id=other)
    assert house.read(f"{path}/versions", stranger).status_code == 404


@pytest.mark.parametrize(
    ("draft", "place"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": " \t"}, "reason"),
        ({"reason": "two\nlines"}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"reason": None}, "reason"),
        ({"body": ""}, "body"),
        ({"title": "two\nlines"}, "title"),
        ({"title": "\u200b\ufeff \u00ad\u2060"}, "title"),
        ({"body": "\u200e\n\ufe0f"}, "body"),
        ({"letter_type": "memo"}, "letter_type"),
        ({"sections": {"hobbies": "x"}}, "hobbies"),
        ({"sections": {"plan": " "}}, "plan"),
        ({"sections": []}, "sections"),
        ({"status": "final"}, "status"),
    ],
)
def test_amendment_that_is_not_valid_is_422_and_says_where(
    house: House, path: str, clinician: Person, draft: dict[str, Any], place: str
) -> None:
    answer = house.amend(path, clinician, **draft)
    assert answer.status_code == 422
    assert place in answer.json()["errors"][0]["loc"]


def test_change_without_a_reason_is_422(house: House, path: str, clinician: Person) -> None:
    headers = clinician.headers | {"If-Match": '"1"'}
    assert house.client.put(path, json={"title": "T", "body": "B"}, headers=headers).status_code == 422
    assert house.client.post(f"{path}/withdraw", json={}, headers=headers).status_code == 422


def test_letter_of_an_inactive_patient_can_be_put_right(
    house: House, path: str, patient_id: UUID, clinician: Person
) -> None:
    house.neighbours.active[str(patient_id)] = False
    assert house.amend(path, clinician).status_code == 200
    assert house.withdraw(path, clinician, version=2).status_code == 200


def test_sections_are_stored_as_elements_of_their_own_and_come_back(
    house: House, patient_id: UUID, clinician: Person, patient: Person
) -> None:
    answer = house.write(patient_id, clinician, sections=SECTIONS | {"advice": None})
    path = answer.headers["Location"]
    assert answer.json()["sections"] == SECTIONS
    assert house.read(path, patient).json()["sections"] == SECTIONS
    composition = house.openehr.get(
        f"ehr/{house.ehr_of(patient_id)}/composition/{path[-36:]}", headers={"Accept": "application/json"}
    ).json()
    items = {one["name"]["value"]: one["value"]["value"] for one in composition["content"][0]["data"]["items"]}
    assert items["Diagnoses"] == SECTIONS["diagnoses"]
    assert items["Plan and requested actions"] == SECTIONS["plan"]


def test_sections_stay_unless_an_amendment_says_otherwise(house: House, patient_id: UUID, clinician: Person) -> None:
    path = house.write(patient_id, clinician, sections=SECTIONS).headers["Location"]
    assert house.amend(path, clinician).json()["sections"] == SECTIONS
    assert house.amend(path, clinician, version=2, sections={"plan": "Rest"}).json()["sections"] == {"plan": "Rest"}
    assert "sections" not in house.amend(path, clinician, version=3, sections={}).json()
    assert house.read(path, clinician, version=1).json()["sections"] == SECTIONS


def test_letter_without_sections_has_no_such_member(house: House, path: str, clinician: Person) -> None:
    assert "sections" not in house.read(path, clinician).json()


def test_body_and_sections_have_one_limit_together(house: House, patient_id: UUID, clinician: Person) -> None:
    halves: dict[str, Any] = {"body": "b" * 50_000, "sections": {"plan": "p" * 50_000}}
    assert house.write(patient_id, clinician, **halves).status_code == 201
    answer = house.write(patient_id, clinician, **halves | {"body": "b" * 50_001})
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (422, "letter_too_long")


def test_sections_that_an_amendment_keeps_count_too(house: House, patient_id: UUID, clinician: Person) -> None:
    path = house.write(patient_id, clinician, sections={"plan": "p" * 50_000}).headers["Location"]
    answer = house.amend(path, clinician, body="b" * 50_001)
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (422, "letter_too_long")
    assert house.amend(path, clinician, body="b" * 50_000).status_code == 200
    assert house.amend(path, clinician, version=2, body="b" * 50_001, sections={}).status_code == 200


@pytest.mark.parametrize("mood", ["deaf", "half"])
def test_change_made_while_openehr_fails_is_completed_once(
    house: House, path: str, patient_id: UUID, clinician: Person, mood: str
) -> None:
    house.door.mood = mood
    answer = house.amend(path, clinician, body="Half the dose")
    house.door.mood = "open"
    assert answer.status_code == (200 if mood == "deaf" else 503)
    wait_for(lambda: house.events(AMENDED, patient_id) != [])
    assert [one["version"] for one in versions(house, path, clinician)["items"]] == [2, 1]
    assert house.read(path, clinician).json()["body"] == "Half the dose"
    assert len(house.events(AMENDED, patient_id)) == 1


def test_change_that_lost_its_place_while_openehr_failed_is_given_up_and_not_told(
    house: House, path: str, patient_id: UUID, clinician: Person
) -> None:
    house.door.mood = "half"
    assert house.withdraw(path, clinician).json()["type"] == "/problems/outcome-unknown"
    house.amend_past_the_service(patient_id, house.read(path, clinician).json(), title="By another application")
    house.door.mood = "open"
    query = "SELECT state, answer FROM operations WHERE kind = 'letter.change' AND caller_id = %s"
    wait_for(lambda: house.rows(query, clinician.user_id)[0][0] != "INTENT")
    ((state, answer),) = house.rows(query, clinician.user_id)
    assert (state, answer["type"]) == ("FAILED", "/problems/version-stale")
    assert house.read(path, clinician).json()["title"] == "By another application"
    assert house.events(WITHDRAWN, patient_id) == []
