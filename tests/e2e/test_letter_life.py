"""The whole life of a letter as both sides see it, and as the openEHR server has it."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pypdf
import pytest
from e2e.client import Person, assert_problem, eventually, new_linked_patient, new_staff
from fleet import Fleet

LETTER: dict[str, Any] = {
    "title": "Review",
    "body": "Dear Ada,\n\n40 mg daily.\n",
    "sections": {"plan": "Review in *May*."},
}
CORRECTED: dict[str, Any] = {
    "title": "Review, corrected",
    "body": "Dear Ada,\n\n20 mg daily.\n",
    "reason": "Wrong dose",
}


@pytest.fixture(scope="module")
def clinician(fleet: Fleet) -> Iterator[Person]:
    with new_staff(fleet, "clinician") as person:
        yield person


@pytest.fixture
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


@dataclass(frozen=True)
class Life:
    """One letter, seen by the two sides and in the openEHR server itself."""

    clinician: Person
    patient: Person
    record: httpx.Client
    path: str

    @property
    def sides(self) -> tuple[Person, Person]:
        return self.clinician, self.patient

    def check_listed(self, *, version: int, status: str, document_status: str, read_at: str | None) -> None:
        """Both sides see what it is now without opening it, which the patient could not do unnoticed."""
        patient_id = self.patient.user["patient_id"]
        for side in self.sides:
            head = next(side.every(f"/api/patients/{patient_id}/letters"))
            assert head["uid"] == self.path[-36:]
            assert (head["version"], head["status"], head["read_at"]) == (version, status, read_at)
            (entry,) = side.get(f"/api/fhir/DocumentReference?patient={patient_id}").json()["entry"]
            assert entry["resource"]["docStatus"] == document_status

    def check_opened(self, *, body: str, statuses: list[str], reasons: list[str | None]) -> None:
        """Both sides read it and each older version, on screen and printed, and why it was changed."""
        for side in self.sides:
            answer = side.get(self.path)
            assert (answer.headers["ETag"], answer.json()["body"]) == (f'"{len(statuses)}"', body)
            assert answer.json()["sections"] == LETTER["sections"]
            for number, status in enumerate(statuses, 1):
                assert side.get(f"{self.path}?version={number}").json()["status"] == status
            is_withdrawn = statuses[-1] == "withdrawn"
            assert (self.is_marked(side), self.is_marked(side, version=1)) == (is_withdrawn, is_withdrawn)
            assert [one["reason"] for one in side.every(f"{self.path}/versions")] == reasons[::-1]

    def is_marked(self, side: Person, **query: int) -> bool:
        """Whether the print says that the letter is withdrawn; a busy printer asks to try again."""
        print_out = eventually(lambda: _ready(side.http.get(f"{self.path}.pdf", params=query)), within=60)
        return "withdrawn" in printed(print_out.content).lower()

    def check_stored(self, *versions: tuple[str, str, str]) -> None:
        """In the openEHR server: why each version was committed, the code of its status, and its text."""
        name, found = self.clinician.user["display_name"], []
        for version in self.stored():
            values = {one["archetype_node_id"]: one["value"] for one in version["data"]["content"][0]["data"]["items"]}
            audit = version["commit_audit"]
            assert (audit["committer"]["name"], version["data"]["composer"]["name"]) == (name, name)
            status = values["at0008"]["defining_code"]["code_string"]
            found.append((audit["description"]["value"], status, values["at0004"]["value"]))
        assert found == list(versions)

    def stored(self) -> list[dict[str, Any]]:
        """Each version as the openEHR server answers it."""
        subject = {"subject_id": self.patient.user["patient_id"], "subject_namespace": "quill"}
        ehr = self.record.get("/ehr", params=subject).json()["ehr_id"]["value"]
        versioned = f"/ehr/{ehr}/versioned_composition/{self.path[-36:]}"
        history = self.record.get(f"{versioned}/revision_history").json()["items"]
        return [self.record.get(f"{versioned}/version/{item['version_id']['value']}").json() for item in history]

    def check_exported(self) -> None:
        """Both sides are given the marked print, and each version as the openEHR server has it."""
        for side in self.sides:
            answer = side.get(f"/api/patients/{self.patient.user['patient_id']}/export")
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                kept = [name for name in archive.namelist() if name.startswith("openehr/")]
                (print_out,) = [name for name in archive.namelist() if name.endswith(".pdf")]
                assert kept == [f"openehr/{self.path[-36:]}-v{number}.json" for number in (1, 2, 3)]
                assert [json.loads(archive.read(name)) for name in kept] == [one["data"] for one in self.stored()]
                assert "withdrawn" in printed(archive.read(print_out)).lower()


def _ready(answer: httpx.Response) -> httpx.Response | None:
    assert answer.status_code in {200, 503}, answer.text
    return answer if answer.status_code == 200 else None


def printed(pdf: bytes) -> str:
    """The text of a printed letter."""
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


@pytest.fixture
def life(clinician: Person, patient: Person, record: httpx.Client) -> Life:
    """A letter that was just written."""
    path = clinician.post(f"/api/patients/{patient.user['patient_id']}/letters", LETTER).headers["Location"]
    return Life(clinician, patient, record, path)


def test_letter_is_written_read_amended_read_again_withdrawn_and_exported_before_everybodys_eyes(life: Life) -> None:
    clinician, patient, path, body = life.clinician, life.patient, life.path, LETTER["body"]
    life.check_listed(version=1, status="final", document_status="final", read_at=None)
    life.check_stored(written := ("Letter sent", "at0021", body))
    assert clinician.get(path).json()["read_at"] is None

    read_at = patient.get(path).json()["read_at"]
    assert read_at is not None
    life.check_listed(version=1, status="final", document_status="final", read_at=read_at)
    life.check_opened(body=body, statuses=["final"], reasons=[None])

    assert clinician.put(path, CORRECTED, version=1).headers["ETag"] == '"2"'
    assert_problem(clinician.put(path, CORRECTED, version=1), 412, "version-stale")
    assert_problem(clinician.put(path, CORRECTED), 428, "version-missing")
    life.check_listed(version=2, status="amended", document_status="amended", read_at=read_at)
    life.check_stored(written, amended := ("Wrong dose", "at0022", CORRECTED["body"]))
    life.check_opened(body=CORRECTED["body"], statuses=["final", "amended"], reasons=[None, "Wrong dose"])

    withdrawn = clinician.post(f"{path}/withdraw", {"reason": "Wrong patient"}, version=2)
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    assert_problem(clinician.put(path, CORRECTED, version=3), 409, "letter-withdrawn")
    life.check_listed(version=3, status="withdrawn", document_status="entered-in-error", read_at=read_at)
    life.check_stored(written, amended, ("Wrong patient", "at0023", CORRECTED["body"]))
    reasons = [None, "Wrong dose", "Wrong patient"]
    life.check_opened(body=CORRECTED["body"], statuses=["final", "amended", "withdrawn"], reasons=reasons)
    life.check_exported()


def test_patient_is_told_of_an_amendment(clinician: Person, patient: Person) -> None:
    path = clinician.post(f"/api/patients/{patient.user['patient_id']}/letters", LETTER).headers["Location"]
    clinician.put(path, CORRECTED, version=1)

    def templates() -> list[str]:
        return [one["template"] for one in patient.every("/api/notifications") if one["url"].endswith(path[-36:])]

    assert eventually(lambda: len(templates()) == 2 and templates()) == ["amended_letter", "new_letter"]
