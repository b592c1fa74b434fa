"""Writing a letter."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from letters_house import SYSTEM_ID, House

AUDIT = "quill.audit.v1.access.recorded.letters"
CREATED = "quill.letters.v1.letter.created"


def test_create_letter_by_clinician_answers_201_with_the_letter(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician", name="Dr Ines Varga")
    answer = house.write(patient_id, clinician, title="Review", body="Dear Dr Hale", letter_type="results")
    assert answer.status_code == 201
    letter = answer.json()
    assert letter["author"] == {"id": str(clinician.user_id), "name": "Dr Ines Varga"}
    assert (letter["title"], letter["body"], letter["letter_type"]) == ("Review", "Dear Dr Hale", "results")
    assert (letter["version"], letter["status"], letter["amended_at"], letter["read_at"]) == (1, "final", None, None)
    assert answer.headers["Location"] == f"/api/patients/{patient_id}/letters/{letter['uid']}"
    assert answer.headers["ETag"] == '"1"'
    assert house.read(answer.headers["Location"], clinician).json() == letter


def test_create_letter_tells_and_audits_it_without_its_text(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    letter = house.write(patient_id, clinician, title="Canary-title", body="Canary-body").json()
    (event,) = house.events(CREATED, patient_id)
    assert event["letter_uid"] == letter["uid"]
    assert (event["version"], event["author_id"]) == (1, str(clinician.user_id))
    (entry,) = house.events(AUDIT, patient_id)
    assert (entry["action"], entry["resource"], entry["resource_id"]) == ("C", "letter", letter["uid"])
    assert (entry["actor_id"], entry["outcome"]) == (str(clinician.user_id), "ok")
    everything = house.rows(
        "SELECT row_to_json(o)::text FROM outbox o UNION ALL SELECT row_to_json(o)::text FROM operations o"
    )
    assert "Canary" not in json.dumps(everything) + house.log.read_text()


def test_create_letter_commits_it_in_the_clinicians_name(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician", name="Dr Omar Lund")
    uid = house.write(patient_id, clinician).json()["uid"]
    version = house.openehr.get(
        f"ehr/{house.ehr_of(patient_id)}/versioned_composition/{uid}/version/{uid}::{SYSTEM_ID}::1",
        headers={"Accept": "application/json"},
    ).json()
    for party in (version["commit_audit"]["committer"], version["data"]["composer"]):
        assert party["name"] == "Dr Omar Lund"
        assert party["external_ref"]["namespace"] == "quill"
        assert party["external_ref"]["id"]["value"] == str(clinician.user_id)


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("a", "b"),
        ("\tBP <90/60> & 'quotes' \"too\" \\ ", "  \r\nDear Ada,\r\n\r\n\tHbA1c\n\n\r trailing  \n"),
        (
            "Größe 𝔘𝔫𝔦 👩‍⚕️ ‮right‬",
            "عربي 漢字 \u00a0\u200b\ufeff é e\u0301 <script>alert(1)</script> ${x} {{y}} %s \\u0041",
        ),
        ("x" * 300, "🩺" * 100_000),
    ],
)
def test_create_letter_keeps_text_byte_for_byte(house: House, title: str, body: str) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    answer = house.write(patient_id, clinician, title=title, body=body)
    assert answer.status_code == 201
    read = house.read(answer.headers["Location"], clinician).json()
    assert (read["title"], read["body"]) == (title, body)
    assert house.letters(patient_id, clinician).json()["items"][0]["title"] == title


@pytest.mark.parametrize(
    "draft",
    [
        {"title": ""},
        {"title": " \t\u00a0"},
        {"title": "x" * 301},
        {"title": "two\nlines"},
        {"title": "ends in a line break\n"},
        {"title": "two\u2028lines"},
        {"title": None},
        {"title": 7},
        {"body": ""},
        {"body": " \r\n\t"},
        {"body": "x" * 100_001},
        {"body": ["Dear"]},
        {"body": "bell \x07"},
        {"body": "nul \x00"},
        {"letter_type": "memo"},
        {"letter_type": None},
        {"author": {"id": str(uuid4()), "name": "Somebody else"}},
        {"status": "final"},
    ],
)
def test_create_letter_with_an_invalid_draft_is_422_and_says_where(house: House, draft: dict[str, Any]) -> None:
    patient_id = house.patient()
    answer = house.write(patient_id, house.person("clinician"), **draft)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    (error, *_others) = answer.json()["errors"]
    assert error["loc"][:2] == ["body", *draft]
    assert "lines" not in answer.text
    assert house.rows("SELECT 1 FROM operations WHERE payload->>'patient_id' = %s", str(patient_id)) == []


def test_create_letter_without_a_member_is_422(house: House) -> None:
    clinician, path = house.person("clinician"), f"/api/patients/{house.patient()}/letters"
    bodies: list[object] = [{"title": "Review"}, {"body": "Dear"}, {}, [], "text", None]
    for body in bodies:
        assert house.client.post(path, json=body, headers=clinician.headers).status_code == 422


def test_create_letter_with_a_lone_surrogate_is_422(house: House) -> None:
    clinician, path = house.person("clinician"), f"/api/patients/{house.patient()}/letters"
    headers = {**clinician.headers, "Content-Type": "application/json"}
    draft = b'{"title": "Review", "body": "half \\ud83e"}'
    assert house.client.post(path, content=draft, headers=headers).status_code == 422


def test_create_letter_takes_the_longest_text_fully_escaped_and_nothing_larger(house: House) -> None:
    clinician, path = house.person("clinician"), f"/api/patients/{house.patient()}/letters"
    headers = {**clinician.headers, "Content-Type": "application/json"}
    escaped = json.dumps({"title": "Review", "body": "🩺" * 100_000}).encode()
    assert len(escaped) > 1_200_000
    assert house.client.post(path, content=escaped, headers=headers).status_code == 201
    padded = escaped[:-1] + b" " * (1_572_865 - len(escaped)) + b"}"
    assert house.client.post(path, content=padded, headers=headers).status_code == 413


@pytest.mark.parametrize("roles", [("patient",), ("admin",), ("patient", "admin"), ()])
def test_create_letter_by_anybody_but_a_clinician_is_403(house: House, roles: tuple[str, ...]) -> None:
    patient_id = house.patient()
    assert house.write(patient_id, house.person(*roles, patient_id=patient_id)).status_code == 403
    assert house.events(CREATED, patient_id) == []


def test_create_letter_without_token_or_csrf_proof_is_refused(house: House) -> None:
    path, draft = f"/api/patients/{house.patient()}/letters", {"title": "a", "body": "b"}
    assert house.client.post(path, json=draft).status_code == 401
    bearer = {"Authorization": house.person("clinician").headers["Authorization"]}
    assert house.client.post(path, json=draft, headers=bearer).status_code == 403
    assert house.client.post(path, json=draft, headers=bearer | {"X-CSRF-Token": "guess"}).status_code == 403


def test_create_letter_for_an_unknown_patient_is_404(house: House) -> None:
    clinician = house.person("clinician")
    answer = house.write(uuid4(), clinician)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


def test_create_letter_for_an_inactive_patient_is_409_and_reading_goes_on(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    house.write(patient_id, clinician)
    house.neighbours.active[str(patient_id)] = False
    answer = house.write(patient_id, clinician, key="refused")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/patient-inactive")
    assert len(house.letters(patient_id, clinician).json()["items"]) == 1
    house.neighbours.active[str(patient_id)] = True
    assert house.write(patient_id, clinician, key="refused").status_code == 201


def test_create_letter_with_patients_silent_is_taken_where_the_ehr_is_known(house: House) -> None:
    known, unknown, clinician = house.patient(), house.patient(), house.person("clinician")
    house.write(known, clinician)
    house.neighbours.patients_silent = True
    assert house.write(known, clinician).status_code == 201
    answer = house.write(unknown, clinician)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/backend-unavailable")
    assert int(answer.headers["Retry-After"]) <= 10


def test_create_letter_with_auth_silent_uses_the_name_heard_before(house: House) -> None:
    patient_id, heard = house.patient(), house.person("clinician", name="Dr Ines Varga")
    new = house.person("clinician")
    house.write(patient_id, heard)
    house.neighbours.auth_silent = True
    assert house.write(patient_id, heard).json()["author"]["name"] == "Dr Ines Varga"
    assert house.write(patient_id, new).status_code == 503


@pytest.mark.parametrize("name", [None, "", "   "])
def test_create_letter_by_somebody_without_a_display_name_shows_the_user_name(house: House, name: str | None) -> None:
    clinician = house.person("clinician", name=name)
    letter = house.write(house.patient(), clinician).json()
    assert letter["author"]["name"] == f"u-{clinician.user_id}"


def test_replay_gives_the_same_letter_whatever_changed_since(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    first = house.write(patient_id, clinician, key="k-1")
    house.neighbours.active[str(patient_id)] = False
    again = house.write(patient_id, clinician, key="k-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert len(house.events(CREATED, patient_id)) == 1
    assert (
        house.write(patient_id, clinician, key="k-1", body="other").json()["type"] == "/problems/idempotency-key-reused"
    )


def test_replay_gives_the_first_answer_after_the_patient_has_read_the_letter(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    first = house.write(patient_id, clinician, key="k-read")
    path = first.headers["Location"]
    assert house.read(path, house.person("patient", patient_id=patient_id)).json()["read_at"] is not None
    again = house.write(patient_id, clinician, key="k-read")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.json()) == (201, first.json())
    assert house.read(path, clinician).json()["read_at"] is not None


def test_the_same_key_of_another_clinician_is_another_letter(house: House) -> None:
    patient_id = house.patient()
    one, other = (house.write(patient_id, house.person("clinician"), key="shared") for _ in range(2))
    assert one.json()["uid"] != other.json()["uid"]


def in_parallel(call: Callable[[int], int], times: int) -> list[int]:
    """Call at once, so many times."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(call, range(times)))


def test_first_letters_written_at_once_share_one_ehr(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    statuses = in_parallel(lambda n: house.write(patient_id, clinician, title=f"Letter {n}").status_code, 8)
    assert statuses == [201] * 8
    assert len(house.letters(patient_id, clinician).json()["items"]) == 8
    assert len(house.rows("SELECT 1 FROM patient_ehrs WHERE patient_id = %s", patient_id)) == 1


def test_one_key_sent_at_once_makes_one_letter(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    statuses = in_parallel(lambda _: house.write(patient_id, clinician, key="at-once").status_code, 8)
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    time.sleep(0.2)
    assert len(house.letters(patient_id, clinician).json()["items"]) == 1
