"""The whole life of a letter as both sides see it, and as the openEHR server has it."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import pypdf
import pytest
from e2e.client import Person, assert_problem, eventually, new_linked_patient, new_staff
from fleet import Fleet

LETTER = {"title": "Review", "body": "Dear Ada,\n\n40 mg daily.\n", "sections": {"plan": "Review in *May*."}}
CORRECTED = {"title": "Review, corrected", "body": "Dear Ada,\n\n20 mg daily.\n", "reason": "Wrong dose"}


@pytest.fixture(scope="module")
def clinician(fleet: Fleet) -> Iterator[Person]:
    with new_staff(fleet, "clinician") as person:
        yield person


@pytest.fixture(scope="module")
def patient(fleet: Fleet, clinician: Person) -> Iterator[Person]:
    person, _ = new_linked_patient(fleet, clinician)
    with person:
        yield person.refresh()


@pytest.fixture(scope="module")
def record(fleet: Fleet) -> Iterator[httpx.Client]:
    """The openEHR server itself."""
    headers, auth = {"Accept": "application/json"}, (fleet.openehr_user, fleet.openehr_password)
    with httpx.Client(base_url=fleet.openehr_url, auth=auth, headers=headers, timeout=10) as client:
        yield client


def stored_versions(record: httpx.Client, patient_id: str, uid: str) -> list[tuple[str, str, str]]:
    """Of each version of a letter in the openEHR server: who committed it, why, and the code of its status."""
    subject = {"subject_id": patient_id, "subject_namespace": "quill"}
    ehr = record.get("/ehr", params=subject).json()["ehr_id"]["value"]
    versioned = f"/ehr/{ehr}/versioned_composition/{uid}"
    found = []
    for item in record.get(f"{versioned}/revision_history").json()["items"]:
        version: dict[str, Any] = record.get(f"{versioned}/version/{item['version_id']['value']}").json()
        elements = {one["archetype_node_id"]: one["value"] for one in version["data"]["content"][0]["data"]["items"]}
        audit = version["commit_audit"]
        status = elements["at0008"]["defining_code"]["code_string"]
        found.append((audit["committer"]["name"], audit["description"]["value"], status))
    return found


def printed(pdf: bytes) -> str:
    """The text of a printed letter."""
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_letter_is_written_read_amended_and_withdrawn_before_everybodys_eyes(
    clinician: Person, patient: Person, record: httpx.Client
) -> None:
    patient_id = patient.user["patient_id"]
    letters = f"/api/patients/{patient_id}/letters"
    path = clinician.post(letters, LETTER).headers["Location"]
    read_at = patient.get(path).json()["read_at"]
    assert read_at is not None
    amended = clinician.put(path, CORRECTED, version=1)
    assert (amended.status_code, amended.headers["ETag"]) == (200, '"2"')
    assert_problem(clinician.put(path, CORRECTED, version=1), 412, "version-stale")
    assert_problem(clinician.put(path, CORRECTED), 428, "version-missing")
    withdrawn = clinician.post(f"{path}/withdraw", {"reason": "Wrong patient"}, version=2)
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    assert_problem(clinician.put(path, CORRECTED, version=3), 409, "letter-withdrawn")
    for reader in (clinician, patient):
        assert [reader.get(f"{path}?version={number}").json()["status"] for number in (1, 2, 3)] == [
            *("final", "amended", "withdrawn")
        ]
        newest = reader.get(path).json()
        assert (newest["body"], newest["read_at"]) == (CORRECTED["body"], read_at)
        assert newest["sections"] == LETTER["sections"]
        reasons = [one["reason"] for one in reader.every(f"{path}/versions")]
        assert reasons == ["Wrong patient", "Wrong dose", None]
        assert next(reader.every(letters))["status"] == "withdrawn"
        (entry,) = reader.get(f"/api/fhir/DocumentReference?patient={patient_id}").json()["entry"]
        assert entry["resource"]["status"] == "entered-in-error"
        assert "withdrawn" in printed(reader.get(f"{path}.pdf").content).lower()
        assert "withdrawn" not in printed(reader.get(f"{path}.pdf?version=1").content).lower()
        with zipfile.ZipFile(io.BytesIO(reader.get(f"/api/patients/{patient_id}/export").content)) as archive:
            kept = [name for name in archive.namelist() if name.startswith("openehr/")]
            (print_out,) = [name for name in archive.namelist() if name.endswith(".pdf")]
            assert kept == [f"openehr/{path[-36:]}-v{number}.json" for number in (1, 2, 3)]
            assert "withdrawn" in printed(archive.read(print_out)).lower()
    name = clinician.user["display_name"]
    assert stored_versions(record, patient_id, path[-36:]) == [
        (name, "Letter sent", "at0021"),
        (name, "Wrong dose", "at0022"),
        (name, "Wrong patient", "at0023"),
    ]


def test_patient_is_told_of_an_amendment(clinician: Person, patient: Person) -> None:
    path = clinician.post(f"/api/patients/{patient.user['patient_id']}/letters", LETTER).headers["Location"]
    clinician.put(path, CORRECTED, version=1)

    def templates() -> list[str]:
        return [one["template"] for one in patient.every("/api/notifications") if one["url"].endswith(path[-36:])]

    assert eventually(lambda: len(templates()) == 2 and templates()) == ["amended_letter", "new_letter"]
