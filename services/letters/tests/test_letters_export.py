"""The whole record as one archive: what is in it, who gets it, and what happens when it cannot be made."""

import asyncio
import hashlib
import io
import json
import secrets
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pypdf
import pytest
from letters.archive import File, archive_of
from letters_house import House, Person

AUDIT = "quill.audit.v1.access.recorded.letters"
NOON = datetime(2026, 5, 14, 12, tzinfo=UTC)
ROSA = {
    "name": {"prefix": [], "given": ["Rosa"], "family": "Hartley"},
    "birth_date": "1951-02-03",
    "nhs_number": "9434765919",
}


@pytest.fixture
def patient_id(house: House) -> UUID:
    """A patient whom the patients service tells of."""
    patient_id = house.patient()
    house.neighbours.identities[str(patient_id)] = dict(ROSA)
    house.neighbours.said[f"/api/fhir/patients/{patient_id}"] = 200, {"resourceType": "Patient", "id": str(patient_id)}
    return patient_id


def export(house: House, patient_id: UUID, who: Person) -> httpx.Response:
    return house.read(f"/api/patients/{patient_id}/export", who)


def opened(content: bytes) -> dict[str, bytes]:
    """The files of an archive, which is whole."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(files["manifest.json"])["files"]
    assert [one["path"] for one in told] == [name for name in files if name != "manifest.json"]
    for one in told:
        content = files[one["path"]]
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    return files


def test_archive_has_the_patient_each_letter_and_each_of_its_versions(
    house: House, patient_id: UUID, clinician: Person
) -> None:
    paths = [house.write(patient_id, clinician, title=f"Letter {n}").headers["Location"] for n in range(3)]
    house.amend(paths[0], clinician, body="Corrected")
    house.withdraw(paths[1], clinician)
    patient = house.person("patient", patient_id=patient_id)
    for who in (clinician, patient):
        answer = export(house, patient_id, who)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="record.zip"'
        files = opened(answer.content)
        assert json.loads(files["fhir/patient.json"])["id"] == str(patient_id)
        uids = [path[-36:] for path in paths]
        versions = {f"openehr/{uid}-v{n}.json" for uid in uids for n in (1, 2)} - {f"openehr/{uids[2]}-v2.json"}
        assert {name for name in files if name.startswith("openehr/")} == versions
        assert "Corrected" in files[f"openehr/{uids[0]}-v2.json"].decode()
        prints = {name[-40:-4]: content for name, content in files.items() if name.startswith("letters/")}
        assert set(prints) == set(uids)
        assert all("Rosa Hartley" in text_of(content) for content in prints.values())
        assert "withdrawn" in text_of(prints[uids[1]]).lower()


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


def test_archive_without_letters_has_the_patient(house: House, patient_id: UUID, clinician: Person) -> None:
    assert list(opened(export(house, patient_id, clinician).content)) == ["fhir/patient.json", "manifest.json"]


def test_export_is_audited_once_and_is_not_reading(house: House, patient_id: UUID, clinician: Person) -> None:
    path = house.write(patient_id, clinician).headers["Location"]
    patient = house.person("patient", patient_id=patient_id)
    export(house, patient_id, patient)
    assert house.read(path, clinician).json()["read_at"] is None
    (entry,) = [one for one in house.events(AUDIT, patient_id) if one["actor_id"] == str(patient.user_id)]
    assert (entry["action"], entry["resource"], entry["outcome"]) == ("R", "export", "ok")


def test_export_is_for_the_patient_and_for_clinicians(house: House, patient_id: UUID, clinician: Person) -> None:
    house.write(patient_id, clinician)
    other = house.person("patient", patient_id=house.patient())
    refused = [export(house, one, other) for one in (patient_id, uuid4())]
    assert [one.status_code for one in refused] == [404, 404]
    assert refused[0].content == refused[1].content
    assert export(house, uuid4(), clinician).status_code == 404
    assert export(house, patient_id, house.person("admin")).status_code == 403


@pytest.mark.parametrize("silent", ["patients", "openehr", "identity"])
def test_export_that_cannot_be_made_is_503(house: House, patient_id: UUID, clinician: Person, silent: str) -> None:
    house.write(patient_id, clinician)
    if silent == "openehr":
        house.door.mood = "ill"
    elif silent == "patients":
        house.neighbours.patients_silent = True
    else:
        house.neighbours.said[f"/api/fhir/patients/{patient_id}"] = 503, {}
    answer = export(house, patient_id, clinician)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/backend-unavailable")
    assert "Retry-After" in answer.headers


def test_letter_that_cannot_be_printed_is_missing_and_all_else_is_there(
    house: House, patient_id: UUID, clinician: Person
) -> None:
    letters = [house.write(patient_id, clinician, title=f"Letter {n}").json() for n in range(3)]
    for letter in letters[1:]:  # the newest among them, with more than the API takes
        house.amend_past_the_service(patient_id, letter, title="Long", body="a\n\n" * 200_000)
    answer = export(house, patient_id, clinician)
    assert answer.status_code == 200
    files = opened(answer.content)
    missing = json.loads(files["manifest.json"])["missing"]
    assert [path[-40:-4] for path in missing] == [letters[2]["uid"], letters[1]["uid"]]
    assert [name[-40:-4] for name in files if name.endswith(".pdf")] == [letters[0]["uid"]]
    assert len([name for name in files if name.startswith("openehr/")]) == 5


def archived(files: list[File | None]) -> list[bytes]:
    """The pieces of an archive."""

    async def all_of() -> AsyncIterator[File | None]:
        for file in files:
            yield file

    async def pieces() -> list[bytes]:
        return [piece async for piece in archive_of(all_of(), made_at=NOON)]

    return asyncio.run(pieces())


def test_archive_is_made_piece_by_piece_and_the_same_each_time() -> None:
    files: list[Any] = [File(f"a/{n}.txt", str(n).encode() * 10_000, NOON) for n in range(5)]
    pieces = archived(files)
    assert len(pieces) == len(files) + 1  # and the manifest
    assert pieces == archived(files)
    assert opened(b"".join(pieces)).keys() == {file.path for file in files} | {"manifest.json"}
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(pieces[:-1])))


def test_pieces_are_small_enough_for_a_slow_reader() -> None:
    long = secrets.token_bytes(200_000)
    pieces = archived([File("a", b"1", NOON), File("b", long, NOON)])
    assert (len(pieces), max(map(len, pieces))) == (1 + 4 + 1, 64 * 1024)
    assert opened(b"".join(pieces))["b"] == long


def test_what_could_not_be_made_is_named_as_missing() -> None:
    pieces = archived([File("a", b"1", NOON), File("b", b"", NOON), None, File("c", b"2", NOON)])
    assert [not piece for piece in pieces] == [False, True, True, False, False]  # signs that it goes on
    files = opened(b"".join(pieces))
    assert list(files) == ["a", "c", "manifest.json"]
    assert json.loads(files["manifest.json"])["missing"] == ["b"]
