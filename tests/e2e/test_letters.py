"""Letters as clinicians and patients meet them, through Caddy, with every real service behind it."""

import io
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pypdf
import pytest
from e2e.client import (
    Person,
    assert_problem,
    demo_person,
    eventually,
    new_linked_patient,
    new_patient,
    new_patient_account,
    new_staff,
    unique,
)
from fleet import Fleet

LETTER = {
    "title": "Review in the diabetes clinic",
    "body": "Dear Ada,\r\n\r\n\tHbA1c <52> & *well*.\n",
    "letter_type": "results",
}


@pytest.fixture(scope="module")
def clinician(fleet: Fleet) -> Iterator[Person]:
    """A clinician who is in nobody's way."""
    with new_staff(fleet, "clinician") as person:
        yield person


@pytest.fixture
def patient_id(clinician: Person) -> str:
    """A patient of this test alone."""
    return new_patient(clinician)


def letters_of(patient_id: str) -> str:
    """The path of a patient's letters."""
    return f"/api/patients/{patient_id}/letters"


def write(clinician: Person, patient_id: str, **draft: object) -> dict[str, Any]:
    """A letter that was accepted."""
    answer = clinician.post(letters_of(patient_id), {**LETTER, **draft})
    assert answer.status_code == 201, answer.text
    letter: dict[str, Any] = answer.json()
    return letter


def test_letter_is_printed_with_whom_it_is_about(fleet: Fleet, clinician: Person) -> None:
    patient, patient_id = new_linked_patient(fleet, clinician)
    letter = write(clinician, patient_id)
    known = clinician.get(f"/api/patients/{patient_id}/demographics").json()
    with patient:
        answer = patient.get(f"{letters_of(patient_id)}/{letter['uid']}.pdf")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf"), answer.text
    text = pypdf.PdfReader(io.BytesIO(answer.content)).pages[0].extract_text().replace("\u00a0", "")
    for words in (known["name"]["family"], known["nhs_number"], LETTER["title"], letter["author"]["name"]):
        assert words in text
    read = clinician.get(f"{letters_of(patient_id)}/{letter['uid']}").json()
    assert read["read_at"] is not None


def test_letter_is_written_told_of_and_read_by_its_patient(fleet: Fleet, clinician: Person) -> None:
    patient, patient_id = new_linked_patient(fleet, clinician)
    with patient:
        answer = clinician.post(letters_of(patient_id), LETTER, key=unique("k"))
        letter = answer.json()
        assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
        assert answer.headers["Location"] == f"{letters_of(patient_id)}/{letter['uid']}"
        assert letter | LETTER == letter
        assert letter["author"] == {"id": clinician.id, "name": clinician.user["display_name"]}
        assert (letter["patient_id"], letter["version"], letter["status"]) == (patient_id, 1, "final")
        (item,) = patient.get(letters_of(patient_id)).json()["items"]
        assert item == {name: value for name, value in letter.items() if name != "body"}
        (told,) = eventually(lambda: patient.get("/api/notifications").json()["items"])
        assert told["url"].endswith(letter["uid"])
        read = patient.get(answer.headers["Location"]).json()
        assert read | {"read_at": None} == letter
        assert clinician.get(answer.headers["Location"]).json()["read_at"] == read["read_at"] is not None


def test_list_is_newest_first_and_paged(clinician: Person, patient_id: str) -> None:
    uids = [write(clinician, patient_id, title=f"Letter {n}")["uid"] for n in range(3)]
    first = clinician.get(f"{letters_of(patient_id)}?limit=2").json()
    second = clinician.get(f"{letters_of(patient_id)}?limit=2&cursor={first['next_cursor']}").json()
    assert [one["uid"] for one in first["items"] + second["items"]] == uids[::-1]
    assert second["next_cursor"] is None
    for query in ("limit=0", "limit=101", "limit=x", "cursor=AAAA", "cursor=%00"):
        assert_problem(clinician.get(f"{letters_of(patient_id)}?{query}"), 422, "invalid")


def test_replay_gives_the_first_answer_and_another_body_is_refused(clinician: Person, patient_id: str) -> None:
    key = unique("k")
    first = clinician.post(letters_of(patient_id), LETTER, key=key)
    again = clinician.post(letters_of(patient_id), LETTER, key=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    other = clinician.post(letters_of(patient_id), {**LETTER, "title": "Other"}, key=key)
    assert_problem(other, 422, "idempotency-key-reused")
    for bad in ("with space", "x" * 129):
        assert_problem(clinician.post(letters_of(patient_id), LETTER, key=bad), 422)
    assert len(clinician.get(letters_of(patient_id)).json()["items"]) == 1


@pytest.mark.parametrize(
    "draft",
    [
        {"title": ""},
        {"title": " \t"},
        {"title": "x" * 301},
        {"title": "two\nlines"},
        {"title": 7},
        {"body": None},
        {"body": "\r\n"},
        {"body": "x" * 100_001},
        {"body": "nul\x00"},
        {"letter_type": "memo"},
        {"author": {"name": "Somebody else"}},
    ],
)
def test_invalid_letter_is_422_and_is_not_echoed(clinician: Person, patient_id: str, draft: dict[str, Any]) -> None:
    problem = assert_problem(clinician.post(letters_of(patient_id), {**LETTER, **draft}), 422, "invalid")
    assert problem["errors"][0]["loc"][:2] == ["body", *draft]
    assert LETTER["body"][:8] not in json.dumps(problem)
    assert clinician.get(letters_of(patient_id)).json()["items"] == []


def test_letter_that_is_no_json_document_is_refused(clinician: Person, patient_id: str) -> None:
    path, http = letters_of(patient_id), clinician.http
    assert_problem(http.post(path, content=b"{", headers={"Content-Type": "application/json"}), 422)
    assert_problem(http.post(path, content=b"title=a&body=b", headers={"Content-Type": "text/plain"}), 415)
    assert_problem(http.post(path, data={"title": "a", "body": "b"}), 415)
    assert_problem(http.post(path), 422)


def test_longest_letter_passes_escaped_and_a_larger_body_is_413(clinician: Person, patient_id: str) -> None:
    path, headers = letters_of(patient_id), {"Content-Type": "application/json"}
    text = "🩺" * 100_000
    escaped = json.dumps({"title": "Long", "body": text}).encode()
    answer = clinician.http.post(path, content=escaped, headers=headers)
    assert answer.status_code == 201
    assert clinician.get(answer.headers["Location"]).json()["body"] == text
    larger = escaped + b" " * 500_000
    assert_problem(clinician.http.post(path, content=larger, headers=headers), 413, "too-large")


def test_only_clinicians_write_and_only_with_csrf_proof(fleet: Fleet, clinician: Person) -> None:
    patient, patient_id = new_linked_patient(fleet, clinician)
    path = letters_of(patient_id)
    with patient, demo_person(fleet, "admin") as admin, Person(fleet.url) as stranger:
        assert_problem(patient.post(path, LETTER), 403, "forbidden")
        assert_problem(admin.post(path, LETTER), 403, "forbidden")
        assert_problem(stranger.post(path, LETTER), 401, "unauthenticated")
        assert_problem(stranger.get(path), 401, "unauthenticated")
        assert_problem(admin.get(path), 403, "forbidden")
    assert_problem(clinician.post(path, LETTER, headers={"X-CSRF-Token": None}), 403, "csrf")
    assert_problem(clinician.post(path, LETTER, headers={"X-CSRF-Token": "guess"}), 403, "csrf")
    assert_problem(clinician.post(path, LETTER, headers={"Sec-Fetch-Site": "cross-site"}), 403, "csrf")
    assert_problem(clinician.post(path, LETTER, headers={"Origin": "https://elsewhere.example"}), 403, "csrf")
    assert clinician.get(path).json()["items"] == []


def test_foreign_and_absent_look_the_same(fleet: Fleet, clinician: Person, patient_id: str) -> None:
    patient, own_id = new_linked_patient(fleet, clinician)
    foreign = write(clinician, patient_id)["uid"]
    write(clinician, own_id)
    with patient, new_patient_account(fleet) as unlinked:
        answers = [
            patient.get(letters_of(patient_id)),
            patient.get(f"{letters_of(patient_id)}/{foreign}"),
            patient.get(f"{letters_of(own_id)}/{foreign}"),
            patient.get(letters_of(str(uuid4()))),
            unlinked.get(letters_of(own_id)),
            clinician.get(f"{letters_of(own_id)}/{foreign}"),
            clinician.get(f"{letters_of(own_id)}/{uuid4()}"),
            clinician.get(letters_of(str(uuid4()))),
            clinician.post(letters_of(str(uuid4())), LETTER),
        ]
    problems = [assert_problem(answer, 404, "not-found") for answer in answers]
    assert all(problem == problems[0] for problem in problems)


def test_older_version_is_asked_for_by_number(clinician: Person, patient_id: str) -> None:
    letter = write(clinician, patient_id)
    path = f"{letters_of(patient_id)}/{letter['uid']}"
    assert clinician.get(f"{path}?version=1").json() == letter
    assert_problem(clinician.get(f"{path}?version=2"), 404, "not-found")
    for version in ("0", "-1", "one", ""):
        assert_problem(clinician.get(f"{path}?version={version}"), 422, "invalid")


def test_inactive_patient_can_be_read_but_not_written_to(clinician: Person, patient_id: str) -> None:
    write(clinician, patient_id)
    path = f"/api/patients/{patient_id}/demographics"
    found = clinician.get(path)
    known = {name: value for name, value in found.json().items() if name not in {"patient_id", "version"}}
    changed = clinician.put(path, {**known, "active": False}, version=found.json()["version"])
    assert changed.status_code == 200, changed.text
    assert_problem(clinician.post(letters_of(patient_id), LETTER), 409, "patient-inactive")
    assert len(clinician.get(letters_of(patient_id)).json()["items"]) == 1


def test_signed_out_clinician_writes_and_reads_no_more(fleet: Fleet, patient_id: str) -> None:
    with new_staff(fleet, "clinician") as leaving:
        write(leaving, patient_id)
        leaving.sign_out()
        time.sleep(1)
        assert_problem(leaving.post(letters_of(patient_id), LETTER), 401)
        assert_problem(leaving.get(letters_of(patient_id)), 401)


def test_letter_text_reaches_no_log(fleet: Fleet, clinician: Person, patient_id: str) -> None:
    canary = unique("Canary")
    letter = write(clinician, patient_id, title=f"{canary} title", body=f"{canary} body")
    clinician.get(f"{letters_of(patient_id)}/{letter['uid']}")
    clinician.post(letters_of(patient_id), {"title": f"{canary} one\ntwo", "body": canary})
    time.sleep(0.5)
    for name in fleet.processes:
        assert canary not in fleet.log(name), name


def test_health_tells_the_openehr_product(clinician: Person) -> None:
    openehr = clinician.get("/api/health").json()["services"]["letters"]["backends"]["openehr"]
    assert openehr["status"] == "ok"
    assert openehr["product"]
