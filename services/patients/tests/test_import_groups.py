"""Patients are imported in groups, and each is told of as if they had come alone."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from import_house import PatientsWork, check_each_is_there_once, counts, file_of, people, rows, run
from patients.importing.service import LARGEST, Candidate, Pace, groups_of
from patients_house import NUMBERS, Json, StandInFhir, patient
from sqlalchemy import event, text

pytestmark = pytest.mark.anyio

TOGETHER = {"together": 25, "at_once": 1}
NOBODY = UUID(int=0)


def candidate(name: str, *, nhs_number: str | None = None, filler: int = 0) -> Candidate:
    return Candidate(name, uuid5(NOBODY, name), {"name": "x" * filler}, nhs_number)


def places(*candidates: Candidate, most: int = 3, held: dict[str, UUID] | None = None) -> list[str]:
    return ["".join(one.place for one in group) for group in groups_of(candidates, most, held or {})]


def test_groups_are_full_and_in_order() -> None:
    assert places(*map(candidate, "abcdefg")) == ["abc", "def", "g"]
    assert places() == []


def test_group_is_no_longer_than_the_fhir_server_takes() -> None:
    assert places(*(candidate(name, filler=LARGEST // 2 - 100) for name in "abc")) == ["ab", "c"]
    assert places(*(candidate(name, filler=LARGEST * 2) for name in "ab")) == ["a", "b"]


def test_nobody_shares_id_or_number_within_a_group() -> None:
    twins = [candidate("b", nhs_number="1"), candidate("c", nhs_number="1")]
    assert places(candidate("a"), *twins, candidate("d")) == ["ab", "cd"]
    assert places(candidate("a"), candidate("a"), candidate("b")) == ["a", "ab"]


def test_whose_number_another_has_goes_alone() -> None:
    known, other = candidate("b", nhs_number="1"), candidate("d", nhs_number="2")
    held = {"1": known.patient_id, "2": NOBODY}
    assert places(candidate("a"), known, other, candidate("c"), held=held) == ["d", "abc"]


@contextmanager
def statements(work: PatientsWork) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(work.database.engine.sync_engine, "before_cursor_execute", note)
    yield asked
    event.remove(work.database.engine.sync_engine, "before_cursor_execute", note)


async def test_group_takes_the_statements_of_one(work: PatientsWork, fhir: StandInFhir, tmp_path: Path) -> None:
    numbers = []
    for size in (1, 25):
        some = [one | {"id": f"{size}-{one['id']}"} for one in people(size)]
        if size > 1:
            some[1]["birthDate"] = "1970-01-01"
            del some[2]["identifier"], some[3]["birthDate"], some[4]["name"]
        with statements(work) as asked:
            assert counts(await run(work, file_of(tmp_path, *some), **TOGETHER)) == (size, 0, 0)
        numbers.append(len(asked))
    assert numbers[0] == numbers[1] <= 16
    assert len(await rows(work, "SELECT * FROM indexed_patients")) == 26


async def test_one_whom_the_fhir_server_does_not_take_is_refused_and_the_others_stand(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fhir.dislikes, file = "Given3", file_of(tmp_path, *people(6))
    for expected in ((5, 0, 1), (0, 5, 1)):
        assert counts(await run(work, file, **TOGETHER)) == expected
        assert f"{file}:4\tPatient\tThe FHIR server does not accept this patient" in capsys.readouterr().out
        assert fhir.writes == 5
        await check_each_is_there_once(work, fhir, number=5)
    assert len(await rows(work, "SELECT * FROM nhs_numbers")) == 5


async def test_one_who_is_there_unknown_to_us_is_met_and_the_others_are_written(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    """As after a loss of our tables, or after the death of an import whose groups were others."""
    everybody = people(5)
    assert counts(await run(work, file_of(tmp_path, everybody[2]), **TOGETHER)) == (1, 0, 0)
    async with work.database.transaction() as session:
        await session.execute(text("TRUNCATE indexed_patients, nhs_numbers CASCADE"))
    assert counts(await run(work, file_of(tmp_path, *everybody), **TOGETHER)) == (4, 1, 0)
    await check_each_is_there_once(work, fhir, number=5)


async def test_numbers_that_two_imports_want_at_once_go_to_one_each(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    everybody, files = people(12), [tmp_path / "one.ndjson", tmp_path / "other.ndjson"]
    for file, order in zip(files, (everybody, everybody[::-1]), strict=True):
        file.write_text("\n".join(map(json.dumps, order)))
    runs = [run(work, file, source=f"urn:{file.stem}", together=3, at_once=2) for file in files]
    done = [counts(report) for report in await asyncio.gather(*runs)]
    assert [sum(numbers) for numbers in zip(*done, strict=True)] == [12, 0, 12]
    await check_each_is_there_once(work, fhir, number=12)


async def test_server_without_transactions_is_given_one_after_the_other(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    fhir.dislikes, file = '"transaction"', file_of(tmp_path, *people(4))
    assert counts(await run(work, file, **TOGETHER)) == (4, 0, 0)
    await check_each_is_there_once(work, fhir, number=4)


@pytest.mark.parametrize("lost", [None, "deaf"])
async def test_facts_have_the_ids_of_their_places_whoever_finishes(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path, lost: str | None
) -> None:
    """An operation that a restored dump has as an intent again announces nobody under the id of another."""
    fhir.lost = lost
    with nullcontext() if lost is None else pytest.raises(ExceptionGroup):
        await run(work, file_of(tmp_path, *people(9)), **TOGETHER, patience=0.01)
    fhir.lost = None
    async with work.database.transaction() as session:
        await session.execute(text("UPDATE operations SET lease_until = created_at, next_try_at = created_at"))
    assert await work.complete_overdue() == (lost is not None)
    ((operation_id,),) = await rows(work, "SELECT id FROM operations")
    told = dict(await rows(work, "SELECT id, body->>'patient_id' FROM outbox WHERE subject LIKE '%.created'"))
    assert told == {
        uuid5(operation_id, f"quill.patients.v1.patient.created {place}"): patient_id
        for place, patient_id in enumerate(sorted(fhir.versions))
    }


@pytest.mark.parametrize("lie", [{}, {"entry": []}, {"entry": [{"response": {"location": "Patient/x/_history/1"}}]}])
async def test_answer_that_does_not_name_the_patients_counts_as_none(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path, lie: Json
) -> None:
    fhir.lost, fhir.lie = "lying", {"resourceType": "Bundle", **lie}
    with pytest.raises(ExceptionGroup):
        await run(work, file_of(tmp_path, patient(id="1", nhs_number=NUMBERS.new())), patience=0.01)
    assert await rows(work, "SELECT state FROM operations") == [("INTENT",)]


async def test_slow_import_goes_in_small_groups(work: PatientsWork, fhir: StandInFhir, tmp_path: Path) -> None:
    began = asyncio.get_running_loop().time()
    assert counts(await run(work, file_of(tmp_path, *people(9)), **TOGETHER, pace=Pace(4.0))) == (9, 0, 0)
    assert asyncio.get_running_loop().time() - began >= 2.0
    assert len(await rows(work, "SELECT id FROM operations")) == 3
