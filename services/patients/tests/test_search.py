"""Patients are found by starts of their names, in an order that stays, whatever is added meanwhile."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from common.errors import Invalid
from common.work import Work
from patients import index, repository, service
from patients.fhir import FhirServer, StoredPatient
from patients.schemas import PatientListed, PatientQuery
from patients_house import NUMBERS, Json, StandInFhir, patient
from sqlalchemy import text
from stand_in import caller

pytestmark = pytest.mark.anyio

type PatientsWork = Work[FhirServer]
DOCTOR = caller("clinician")


async def add(work: PatientsWork, resource: Json, *, patient_id: UUID | None = None, version: int = 1) -> UUID:
    """Index a version as finishing a write does."""
    chosen = patient_id or uuid4()
    async with work.transaction() as session:
        await index.index_patients(session, [StoredPatient(chosen, version, resource)])
    return chosen


async def search(work: PatientsWork, **query: Any) -> list[PatientListed]:
    page = await service.search_patients(work, DOCTOR, query=PatientQuery.model_validate(query))
    return page.items


async def names(work: PatientsWork, **query: Any) -> list[str]:
    return [" ".join([*item.name.given, item.name.family or ""]) for item in await search(work, **query)]


async def pages(work: PatientsWork, **query: Any) -> list[UUID]:
    """All pages, with somebody new before and behind each."""
    found: list[UUID] = []
    cursor = None
    while True:
        asked = PatientQuery.model_validate({**query, "cursor": cursor})
        page = await service.search_patients(work, DOCTOR, query=asked)
        found += [item.patient_id for item in page.items]
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor
        await add(work, patient("Aa", family="Aardvark"))
        await add(work, patient("Zz", family="Zyzzy"))


async def test_name_told_in_one_line_is_found(work: PatientsWork) -> None:
    await add(work, {"resourceType": "Patient", "name": [{"text": "Ada Okafor"}]})
    for query in ({"q": "oka ada"}, {"family": "okafor"}):
        assert await names(work, **query) == ["Ada Okafor"]


async def test_endless_names_are_found_by_their_start(work: PatientsWork) -> None:
    """PostgreSQL indexes nothing beyond 2.7 kB."""
    endless = ["".join(chr(0x4E00 + (place * step) % 20_000) for place in range(1000)) for step in range(7001, 7021)]
    patient_id = await add(work, patient(*endless, family=endless[0]))
    for start in (endless[5][:50], endless[5]):
        assert [item.patient_id for item in await search(work, family=endless[0][:5], q=start[:200])] == [patient_id]


@pytest.fixture
async def registry(work: PatientsWork) -> PatientsWork:
    """Five patients."""
    await add(work, patient("Zoë", "Anne", family="O'Brien-Smith", nhs_number="9434765919"))
    await add(work, patient("Anna", family="Smith", gender="other", birthDate="1950-01-01"))
    await add(work, patient("Smithson", family="Jones"))
    await add(work, patient("Łukasz", family="van der Berg"))
    former = [{"use": "official", "family": "New", "given": ["Eve"]}, {"use": "maiden", "family": "Former"}]
    await add(work, patient() | {"name": former})
    return work


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "smith"}, ["Zoë Anne O'Brien-Smith", "Anna Smith", "Smithson Jones"]),
        ({"q": "SMITH an"}, ["Anna Smith", "Zoë Anne O'Brien-Smith"]),
        ({"q": "an smi"}, ["Anna Smith", "Zoë Anne O'Brien-Smith"]),
        ({"q": "smith smith"}, ["Zoë Anne O'Brien-Smith", "Anna Smith", "Smithson Jones"]),
        ({"q": "obrien"}, ["Zoë Anne O'Brien-Smith"]),
        ({"q": "o’brien-smith zoe"}, ["Zoë Anne O'Brien-Smith"]),
        ({"q": "mith"}, []),
        ({"q": "lukasz"}, ["Łukasz van der Berg"]),
        ({"q": "former"}, ["Eve New"]),
        ({"q": "a"}, ["Anna Smith", "Zoë Anne O'Brien-Smith"]),
        ({"family": "smith"}, ["Zoë Anne O'Brien-Smith", "Anna Smith"]),
        ({"given": "smith"}, ["Smithson Jones"]),
        ({"family": "van der", "given": "luk"}, ["Łukasz van der Berg"]),
        ({"family": "anna"}, []),
        ({"birth_date": date(1950, 1, 1)}, ["Anna Smith"]),
        ({"birth_date": "1950-01-01", "q": "smith"}, ["Anna Smith"]),
        ({"birth_date": "1950-01-01", "q": "jones"}, []),
        ({"gender": "other"}, ["Anna Smith"]),
        ({"q": "smith", "gender": "female"}, ["Zoë Anne O'Brien-Smith", "Smithson Jones"]),
        ({"nhs_number": "9434765919"}, ["Zoë Anne O'Brien-Smith"]),
        ({"nhs_number": "4010232137"}, []),
        ({"q": "%"}, []),
        ({"q": "_nna"}, []),
        ({"q": "sm*"}, []),
        ({"q": "-"}, []),
        ({"q": "' OR 1=1 --"}, []),
        ({"q": "  "}, ["Smithson Jones", "Eve New", "Zoë Anne O'Brien-Smith", "Anna Smith", "Łukasz van der Berg"]),
        ({"q": "x" * 200}, []),
    ],
    ids=str,
)
async def test_search_finds(registry: PatientsWork, query: dict[str, Any], found: list[str]) -> None:
    assert await names(registry, **query) == found


async def test_item_shows_what_a_list_needs(registry: PatientsWork) -> None:
    (item,) = await search(registry, q="obrien")
    assert item.name.model_dump() == {"prefix": [], "given": ["Zoë", "Anne"], "family": "O'Brien-Smith"}
    assert (item.birth_date, item.gender, item.nhs_number) == (date(1980, 2, 29), "female", "9434765919")
    assert item.active is True


@pytest.mark.parametrize("query", [{}, {"q": "s"}, {"q": "s b"}, {"gender": "male"}, {"family": "s", "given": "b"}])
async def test_pages_show_everybody_once_though_others_are_added(work: PatientsWork, query: dict[str, Any]) -> None:
    expected = {
        await add(work, patient(given, "Sa", family=family, gender="male"))
        for given in ("Ba", "Bo", "Ba")
        for family in ("Sa", "Smith", "Sa Sb")
    }
    found = await pages(work, limit=2, **query)
    assert expected <= set(found)
    assert len(found) == len(set(found))


async def test_order_of_a_search_is_match_then_name(work: PatientsWork) -> None:
    for given, family in (("Bo", "Smith"), ("Al", "Smith"), ("Al", "Smi"), ("Smit", "Ng")):
        await add(work, patient(given, family=family))
    assert await names(work, q="smi") == ["Al Smi", "Smit Ng", "Al Smith", "Bo Smith"]


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WzFd", "é", "WyJ4IiwwXQ"])
async def test_foreign_cursor_is_refused(work: PatientsWork, cursor: str) -> None:
    with pytest.raises(Invalid):
        await search(work, cursor=cursor)


async def test_newer_version_replaces_and_older_does_not(work: PatientsWork) -> None:
    old, new = NUMBERS.new(), NUMBERS.new()
    patient_id = await add(work, patient(family="Old", nhs_number=old), version=1)
    await add(work, patient(family="New", nhs_number=new, active=False), patient_id=patient_id, version=3)
    await add(work, patient(family="Middle", nhs_number=old), patient_id=patient_id, version=2)
    assert await names(work, family="old") == await names(work, family="middle") == []
    (item,) = await search(work, family="new")
    assert (item.nhs_number, item.active) == (new, False)
    async with work.transaction() as session:
        await repository.claim_nhs_numbers(session, {old: uuid4()})


async def test_rebuild_meets_everybody_and_forgets_the_deleted(work: PatientsWork, fhir: StandInFhir) -> None:
    for number in range(205):
        fhir.put(patient(f"Given{number}", family="Many", id=str(UUID(int=number + 1))))
    fhir.put(patient(family="Foreign", id="17"))
    missed = await add(work, patient(family="Missed"))
    fhir.put(patient(family="Missed", id=str(missed)))
    fhir.unlisted = {str(missed)}
    gone = await add(work, patient(family="Gone", nhs_number=NUMBERS.new()))
    stale = UUID(int=1)
    await add(work, patient(family="Stale"), patient_id=stale, version=0)
    assert await index.rebuild(work) == (205, 1)
    assert await names(work, family="gone") == await names(work, family="stale") == []
    assert await names(work, family="missed") == ["Ada Missed"]
    assert len(await pages(work, family="many", limit=100)) == 205
    assert gone not in {item.patient_id for item in await search(work)}
    assert await index.rebuild(work) == (205, 4)  # those that `pages` added to the index alone


async def test_rebuild_goes_back_with_a_server_that_was_restored_from_a_backup(
    work: PatientsWork, fhir: StandInFhir
) -> None:
    number = NUMBERS.new()
    patient_id = await add(work, patient(family="Lost", nhs_number=number), version=5)
    fhir.put(patient(family="Restored", id=str(patient_id)))
    assert await index.rebuild(work) == (1, 0)
    assert await names(work) == ["Ada Lost"]  # seen just now, so it may be newer than the page
    async with work.transaction() as session:
        await session.execute(text("UPDATE indexed_patients SET seen_at = now() - interval '1 hour'"))
    assert await index.rebuild(work) == (1, 0)
    assert await names(work) == await names(work, q="restored") == ["Ada Restored"]
    async with work.transaction() as session:
        await repository.claim_nhs_numbers(session, {number: uuid4()})


async def test_rebuild_command_runs_in_the_service_environment(
    work: PatientsWork, fhir: StandInFhir, database_url: str
) -> None:
    fhir.put(patient(family="Commanded", id=str(uuid4())))
    environment = {
        **{"QUILL_MODE": "demo", "QUILL_PUBLIC_ORIGIN": "http://localhost:8080", "QUILL_PSEUDONYM_KEY": "p" * 32},
        **{"QUILL_DATABASE_URL": database_url, "QUILL_NATS_URL": "nats://127.0.0.1:1", "QUILL_NATS_USER": "patients"},
        **{f"QUILL_{name}_URL": "http://127.0.0.1:1" for name in ("AUTH", "PATIENTS", "LETTERS", "NOTIFY")},
        **{"QUILL_NATS_PASSWORD": "unasked", "QUILL_FHIR_URL": f"{fhir.url}/fhir"},
    }
    command = [str(Path(sys.executable).with_name("quill")), "patients", "rebuild-index"]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "1 patients indexed, 0 forgotten\n"
    assert await names(work, q="comm") == ["Ada Commanded"]
