"""Letters as FHIR documents, for other systems."""

from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from common.rest import Page
from fhir.resources.R4B.bundle import Bundle
from letters.document import LOINC, STATUS, DocumentQuery, bundle_of
from letters.letter import Author, Status
from letters.schemas import LetterSummary
from letters_house import House, Person
from pydantic import BaseModel

SENT = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
PATH = "/api/fhir/DocumentReference"
AUDIT = "quill.audit.v1.access.recorded.letters"


def search(house: House, who: Person, **query: str | int) -> httpx.Response:
    return house.read(PATH, who, **query)


def documents(answer: httpx.Response) -> list[Any]:
    """The documents of an answer, which is held to the definitions of FHIR R4 (R4B changed none of these)."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/fhir+json")
    assert unknown_words(Bundle.model_validate(answer.json())) == []
    return [entry["resource"] for entry in answer.json().get("entry", [])]


def unknown_words(part: object) -> list[str]:
    """Values that are not of the value set that FHIR requires; the library names these sets and leaves them unread."""
    if isinstance(part, list):
        return [word for one in part for word in unknown_words(one)]
    if not isinstance(part, BaseModel):
        return []
    found = []
    for name, field in type(part).model_fields.items():
        value, about = getattr(part, name), field.json_schema_extra
        allowed = about.get("enum_values") if isinstance(about, dict) else None
        is_unknown = allowed and value is not None and value not in cast(list[str], allowed)
        found += [f"{type(part).__name__}.{name}: {value}"] if is_unknown else unknown_words(value)
    return found


def bundle_with(status: Status) -> dict[str, Any]:
    summary = LetterSummary(
        **dict.fromkeys(("uid", "patient_id"), UUID(int=1)),
        **{"version": 1, "status": status, "title": "Review", "letter_type": "clinic", "created_at": SENT},
        **{"author": Author(id=UUID(int=2), name="Dr Ines Varga"), "amended_at": None, "read_at": None},
    )
    return bundle_of(Page(items=[summary], next_cursor=None), query=DocumentQuery(patient=str(UUID(int=1))))


@pytest.mark.parametrize("status", STATUS)
def test_document_is_told_in_the_words_that_fhir_requires(status: Status) -> None:
    assert unknown_words(Bundle.model_validate(bundle_with(status))) == []


@pytest.mark.parametrize(
    ("place", "member"),
    [("resource", "status"), ("resource", "docStatus"), ("search", "mode"), ("identifier", "use"), ("bundle", "type")],
)
def test_word_that_fhir_does_not_know_is_noticed(place: str, member: str) -> None:
    bundle = bundle_with("final")
    (entry,) = bundle["entry"]
    identifier = entry["resource"]["masterIdentifier"]
    {"bundle": bundle, "identifier": identifier, **entry}[place][member] = "sent"
    (unknown,) = unknown_words(Bundle.model_validate(bundle))
    assert unknown.endswith(f".{member}: sent")


def test_each_letter_is_one_document_newest_first(house: House, patient_id: UUID, clinician: Person) -> None:
    letters = [house.write(patient_id, clinician, title=f"No {kind}", letter_type=kind).json() for kind in LOINC]
    patient = house.person("patient", patient_id=patient_id)
    for reader in (clinician, patient):
        found = documents(search(house, reader, patient=str(patient_id)))
        assert [one["id"] for one in found] == [one["uid"] for one in reversed(letters)]
        assert [one["type"]["coding"][0]["code"] for one in found] == [code for code, _ in LOINC.values()][::-1]
        assert {one["subject"]["reference"] for one in found} == {f"Patient/{patient_id}"}
        assert found[0]["author"][0]["display"] == "Dr Ines Varga"
        assert found[0]["description"] == letters[-1]["title"]


def test_document_says_where_its_letter_is_read(house: House, patient_id: UUID, clinician: Person) -> None:
    house.write(patient_id, clinician, body="Canary body")
    (document,) = documents(search(house, clinician, patient=f"Patient/{patient_id}"))
    (place,) = [
        one["attachment"] for one in document["content"] if one["attachment"]["contentType"] != "application/pdf"
    ]
    assert house.read(place["url"], clinician).json()["body"] == "Canary body"
    assert "Canary" not in str(document)


def test_document_tells_the_life_of_its_letter(house: House, patient_id: UUID, clinician: Person) -> None:
    path = house.write(patient_id, clinician).headers["Location"]
    told = []
    for change in (
        lambda: None,
        lambda: house.amend(path, clinician),
        lambda: house.withdraw(path, clinician, version=2),
    ):
        change()
        (one,) = documents(search(house, clinician, patient=str(patient_id)))
        told.append((one["meta"]["versionId"], one["status"], one["docStatus"]))
    assert told == [
        ("1", "current", "final"),
        ("2", "current", "amended"),
        ("3", "entered-in-error", "entered-in-error"),
    ]


def test_pages_follow_the_link(house: House, patient_id: UUID, clinician: Person) -> None:
    letters = [house.write(patient_id, clinician).json()["uid"] for _ in range(5)]
    answer, seen = search(house, clinician, patient=str(patient_id), _count=2), list[str]()
    while True:
        seen += [one["id"] for one in documents(answer)]
        links = {one["relation"]: one["url"] for one in answer.json()["link"]}
        assert documents(house.client.get(links["self"], headers=clinician.headers)) == documents(answer)
        if "next" not in links:
            break
        answer = house.client.get(links["next"], headers=clinician.headers)
    assert seen == letters[::-1]


def test_nobody_finds_what_is_not_theirs(house: House, patient_id: UUID, clinician: Person) -> None:
    house.write(patient_id, clinician)
    other = house.person("patient", patient_id=house.patient())
    answers = [search(house, other, patient=str(one)) for one in (patient_id, uuid4())]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert answers[0].json()["resourceType"] == "OperationOutcome"
    assert search(house, house.person("admin"), patient=str(patient_id)).status_code == 403
    assert search(house, house.person("patient"), patient=str(patient_id)).status_code == 404
    assert search(house, clinician, patient=str(uuid4())).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"patient": "x"},
        {"patient": "Practitioner/00000000-0000-4000-8000-000000000000"},
        {"_count": 0},
        {"_count": 101},
        {"cursor": "abc"},
        {"type": "34108-1"},
        {"subject": "Patient/00000000-0000-4000-8000-000000000000"},
    ],
)
def test_search_that_is_not_understood_is_refused(
    house: House, patient_id: UUID, clinician: Person, query: dict[str, Any]
) -> None:
    house.write(patient_id, clinician)
    answer = search(house, clinician, **({"patient": str(patient_id)} if query else {}) | query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/fhir+json")
    assert answer.json()["issue"][0]["code"] == "invalid"


def test_two_patients_in_one_search_show_no_foreign_letter(house: House, patient_id: UUID, clinician: Person) -> None:
    foreign = house.patient()
    house.write(foreign, clinician)
    patient = house.person("patient", patient_id=patient_id)
    house.write(patient_id, clinician)
    for query in (f"patient={patient_id}&patient={foreign}", f"patient={foreign}&patient={patient_id}"):
        answer = house.client.get(f"{PATH}?{query}", headers=patient.headers)
        assert str(foreign) not in answer.text
        assert answer.status_code in {404, 422} or {one["subject"]["reference"] for one in documents(answer)} == {
            f"Patient/{patient_id}"
        }


def test_search_and_its_refusal_are_audited(house: House, patient_id: UUID, clinician: Person) -> None:
    house.write(patient_id, clinician)
    patient, admin = house.person("patient", patient_id=patient_id), house.person("admin")
    search(house, patient, patient=str(patient_id))
    search(house, admin, patient=str(patient_id))
    entries = [
        (one["actor_id"], one["action"], one["resource"], one["outcome"])
        for one in house.events(AUDIT, patient_id)
        if one["actor_id"] != str(clinician.user_id)
    ]
    assert entries == [(str(patient.user_id), "R", "letter", "ok"), (str(admin.user_id), "R", "letter", "denied")]
