"""Letters as PDF over HTTP: who gets them, what that leaves behind, and what happens when somebody is silent."""

import io
from uuid import UUID, uuid4

import httpx
import pypdf
import pytest
from letters_house import House, wait_for

AUDIT = "quill.audit.v1.access.recorded.letters"
READ = "quill.letters.v1.letter.read"
ROSA = {
    "name": {"prefix": ["Mrs"], "given": ["Rosa"], "family": "Hartley"},
    "birth_date": "1951-02-03",
    "nhs_number": "9434765919",
}


def rosa(house: House) -> UUID:
    """A patient that patients tells the identity of."""
    patient_id = house.patient()
    house.neighbours.identities[str(patient_id)] = dict(ROSA)
    return patient_id


def text_of(answer: httpx.Response) -> str:
    """What a PDF says, with one space wherever there is any."""
    assert answer.status_code == 200, answer.text
    document = pypdf.PdfReader(io.BytesIO(answer.content))
    return " ".join(" ".join(page.extract_text() for page in document.pages).split())


def reads(house: House, patient_id: UUID) -> list[tuple[str, str, str]]:
    """Who read which of this patient's letters, as the audit trail is told."""
    told = [one for one in house.events(AUDIT, patient_id) if (one["action"], one["outcome"]) == ("R", "ok")]
    return [(one["actor_id"], one["resource"], one["resource_id"]) for one in told]


def test_clinician_gets_a_letter_with_its_patient_and_author(house: House) -> None:
    patient_id, clinician = rosa(house), house.person("clinician")
    path = house.write(patient_id, clinician, title="Review", body="# Plan\n\n*Walk*").headers["Location"]
    answer = house.read(f"{path}.pdf", clinician)
    uid = path.rpartition("/")[2]
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'inline; filename="letter-{uid}.pdf"'
    assert answer.headers["ETag"] == '"1"'
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    text = text_of(answer)
    for words in ("Mrs Rosa Hartley", "3 February 1951", "943 476 5919", "Dr Ines Varga", "Review", "Walk"):
        assert words in text
    assert reads(house, patient_id) == [(str(clinician.user_id), "letter", uid)]


def test_patients_first_reading_of_the_print_is_reading_the_letter(house: House) -> None:
    patient_id, clinician = rosa(house), house.person("clinician")
    patient = house.person("patient", patient_id=patient_id)
    path = house.write(patient_id, clinician).headers["Location"]
    house.read(f"{path}.pdf", clinician)
    assert house.read(path, clinician).json()["read_at"] is None
    assert text_of(house.read(f"{path}.pdf", patient))
    first = house.read(path, clinician).json()["read_at"]
    house.read(f"{path}.pdf", patient)
    house.read(path, patient)
    assert first is not None
    assert house.read(path, clinician).json()["read_at"] == first
    assert [one["user_id"] for one in house.events(READ, patient_id)] == [str(patient.user_id)]
    assert len(reads(house, patient_id)) == 7


def test_head_of_a_print_has_no_body(house: House) -> None:
    patient_id, clinician = rosa(house), house.person("clinician")
    path = house.write(patient_id, clinician).headers["Location"]
    answer = house.client.head(f"{path}.pdf", headers=clinician.headers)
    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (200, "application/pdf", b"")


@pytest.mark.parametrize("form", ["", ".pdf"])
def test_head_of_a_letter_is_no_reading_by_the_patient(house: House, form: str) -> None:
    patient_id, clinician = rosa(house), house.person("clinician")
    patient = house.person("patient", patient_id=patient_id)
    path = house.write(patient_id, clinician).headers["Location"]
    assert house.client.head(f"{path}{form}", headers=patient.headers).status_code == 200
    assert house.read(path, clinician).json()["read_at"] is None
    assert house.events(READ, patient_id) == []
    assert reads(house, patient_id)[0] == (str(patient.user_id), "letter", path.rpartition("/")[2])
    assert house.read(f"{path}{form}", patient).status_code == 200
    assert [one["user_id"] for one in house.events(READ, patient_id)] == [str(patient.user_id)]


def test_version_that_is_asked_for_is_printed(house: House) -> None:
    patient_id, clinician = rosa(house), house.person("clinician")
    path = house.write(patient_id, clinician).headers["Location"]
    assert "Version 1" in text_of(house.read(f"{path}.pdf", clinician, version=1))
    assert house.read(f"{path}.pdf", clinician, version=2).status_code == 404
    assert house.read(f"{path}.pdf", clinician, version=0).status_code == 422


def test_print_of_an_older_version_says_what_has_become_of_it(house: House) -> None:
    patient_id, clinician = rosa(house), house.person("clinician")
    path = house.write(patient_id, clinician, body="Twice the dose").headers["Location"]
    house.amend(path, clinician, body="Half the dose")
    old = house.read(f"{path}.pdf", clinician, version=1)
    assert old.headers["ETag"] == '"1"'
    assert "Replaced by version 2 on" in text_of(old)
    assert "Replaced" not in text_of(house.read(f"{path}.pdf", clinician))
    house.withdraw(path, clinician, version=2)
    for version, words in ((1, "Twice the dose"), (2, "Half the dose"), (3, "Half the dose")):
        text = text_of(house.read(f"{path}.pdf", clinician, version=version))
        assert all(mark in text for mark in ("WITHDRAWN", "Withdrawn on", words, f"Version {version}"))


def test_print_of_anothers_letter_looks_like_one_that_is_absent(house: House) -> None:
    patient_id, other, clinician = rosa(house), rosa(house), house.person("clinician")
    foreign = house.write(other, clinician).json()["uid"]
    patient = house.person("patient", patient_id=patient_id)
    for uid in (foreign, str(uuid4())):
        for who in (patient, clinician):
            assert house.read(f"/api/patients/{patient_id}/letters/{uid}.pdf", who).status_code == 404
    assert house.read(f"/api/patients/{other}/letters/{foreign}.pdf", patient).status_code == 404
    assert house.read(f"/api/patients/{other}/letters/{foreign}.pdf", house.person("admin")).status_code == 403
    assert reads(house, other) == []


@pytest.mark.parametrize("uid", ["x", "", ".pdf", "6F1C3C3E-8A53-4A9E-9A55-3B1C7F0D2A11", "1%2F2", "%2e%2e", "a.pdf"])
def test_print_of_what_is_no_id_is_refused(house: House, uid: str) -> None:
    answer = house.read(f"/api/patients/{rosa(house)}/letters/{uid}.pdf", house.person("clinician"))
    assert answer.status_code in {404, 422}
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_nothing_is_printed_while_patients_is_silent(house: House) -> None:
    patient_id, clinician = rosa(house), house.person("clinician")
    path = house.write(patient_id, clinician).headers["Location"]
    house.neighbours.patients_silent = True
    answer = house.read(f"{path}.pdf", clinician)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/backend-unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert house.read(path, clinician).status_code == 200
    assert len(reads(house, patient_id)) == 1


def test_nothing_is_printed_while_openehr_is_away(house: House) -> None:
    patient_id, clinician = rosa(house), house.person("clinician")
    path = house.write(patient_id, clinician).headers["Location"]
    house.door.mood = "closed"
    answer = house.read(f"{path}.pdf", clinician)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/backend-unavailable")
    assert reads(house, patient_id) == []
    house.door.mood = "open"
    wait_for(lambda: house.read(f"{path}.pdf", clinician).status_code == 200)


def test_nothing_of_a_print_is_in_the_log(house: House) -> None:
    patient_id, clinician = rosa(house), house.person("clinician")
    path = house.write(patient_id, clinician, title="Zebrafish", body="Okapi").headers["Location"]
    assert "Okapi" in text_of(house.read(f"{path}.pdf", clinician))
    log = house.log.read_text()
    for words in ("Zebrafish", "Okapi", "Hartley", "9434765919", "943\u00a0476"):
        assert words not in log
