"""Each patient of another system is imported once, whatever is cut off on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from common.db import Database, StorageUnavailable
from common.errors import OutcomeUnknown
from import_house import PatientsWork, check_each_is_there_once, counts, file_of, people, rows, run, synthea
from patients import service
from patients.importing.report import Report
from patients.importing.service import IMPORTER, Pace
from patients.schemas import PatientVerify
from patients_house import NUMBERS, StandInFhir, patient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from stand_in import caller

pytestmark = pytest.mark.anyio


def all_in(report: Report) -> int:
    """How many are there, whoever did it: the completer may be the one."""
    assert report.refused == 0
    return report.imported + report.present


async def let_leases_end(work: PatientsWork) -> None:
    async with work.database.transaction() as session:
        await session.execute(text("UPDATE operations SET lease_until = created_at, next_try_at = created_at"))


async def forget_keys(work: PatientsWork) -> None:
    """As after a day."""
    async with work.database.transaction() as session:
        await session.execute(text("UPDATE operations SET idempotency_key = NULL"))


async def test_import_writes_announces_audits_and_indexes_each_patient_once(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    file = file_of(tmp_path, *people(5))
    assert counts(await run(work, file)) == (5, 0, 0)
    await check_each_is_there_once(work, fhir, number=5)
    assert counts(await run(work, file)) == (0, 5, 0)
    await check_each_is_there_once(work, fhir, number=5)


async def test_audit_entries_name_the_import_and_its_run(work: PatientsWork, tmp_path: Path) -> None:
    await run(work, file_of(tmp_path, *people(2)))
    entries = [body for (body,) in await rows(work, "SELECT body FROM outbox WHERE subject LIKE 'quill.audit.%'")]
    assert [(entry["action"], entry["actor_id"], entry["roles"]) for entry in entries] == [
        ("C", str(IMPORTER), ["import"])
    ] * 2
    assert len({entry["request_id"] for entry in entries}) == 1


@pytest.mark.parametrize("completed", [False, True], ids=["then run again", "completed by the service, then run again"])
@pytest.mark.parametrize("lost", [None, "closed", "deaf"])
@pytest.mark.parametrize("cut", range(7))
async def test_import_cut_at_any_row_goes_on_to_the_same_end(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path, cut: int, lost: str | None, completed: bool
) -> None:
    file = file_of(tmp_path, *people(7))
    begun = asyncio.create_task(run(work, file))
    while len(fhir.versions) < cut:
        await asyncio.sleep(0.001)
    fhir.lost = lost
    while not begun.done() and len(await rows(work, "SELECT id FROM operations")) <= cut // 2:  # two patients each
        await asyncio.sleep(0.001)
    begun.cancel()
    with suppress(asyncio.CancelledError):
        await begun
    fhir.lost = None
    await let_leases_end(work)
    while completed and await work.complete_overdue():
        pass
    assert all_in(await run(work, file)) == 7
    await check_each_is_there_once(work, fhir, number=7)


async def test_two_imports_of_one_file_at_once_write_it_once(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    file = file_of(tmp_path, *people(6))
    both = await asyncio.gather(run(work, file), run(work, file))
    assert [all_in(report) for report in both] == [6, 6]
    await check_each_is_there_once(work, fhir, number=6)


async def test_number_that_somebody_has_is_a_refused_row_and_the_rest_goes_on(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = NUMBERS.new()
    await service.create_patient(work, caller("clinician"), resource=patient(nhs_number=number), key=None)
    twins = [patient(id=name, nhs_number=NUMBERS.new()) for name in ("a", "b")]
    file = file_of(tmp_path, patient(id="t", nhs_number=number), twins[0], {**twins[0], "id": "c"}, twins[1])
    for dry_run in (True, False):
        assert counts(await run(work, file, at_once=1, dry_run=dry_run)) == (2, 0, 2)
        told = capsys.readouterr().out
        assert [line.split("\t")[0] for line in told.splitlines() if "\t" in line] == [f"{file}:1", f"{file}:3"]
        assert number not in told
        assert "Okafor" not in told
    assert len(fhir.versions) == 3


async def test_number_that_others_gave_in_the_fhir_server_is_a_refused_row(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    number = NUMBERS.new()
    fhir.put(patient(nhs_number=number, id="17"))
    assert counts(await run(work, file_of(tmp_path, patient(id="a", nhs_number=number)))) == (0, 0, 1)


async def test_patient_that_the_fhir_server_does_not_take_is_a_refused_row(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fhir.mood = "refusing"
    assert counts(await run(work, file_of(tmp_path, *people(2)))) == (0, 0, 2)
    assert "Okafor" not in capsys.readouterr().out
    assert await rows(work, "SELECT * FROM nhs_numbers") == []


async def test_dry_run_writes_nothing(work: PatientsWork, fhir: StandInFhir, tmp_path: Path) -> None:
    assert counts(await run(work, file_of(tmp_path, *people(3), synthea()), dry_run=True)) == (4, 0, 0)
    assert fhir.writes == 0
    assert await rows(work, "SELECT id FROM operations UNION SELECT id FROM outbox") == []


async def test_same_id_of_somebody_else_is_refused_and_nobody_is_changed(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    """As when two systems are given one name."""
    one, other = patient("Ada", id="1"), patient("Bem", id="1", birthDate="1990-01-01")
    assert counts(await run(work, file_of(tmp_path, one))) == (1, 0, 0)
    assert counts(await run(work, file_of(tmp_path, other))) == (0, 0, 1)
    assert counts(await run(work, file_of(tmp_path, one, {**one, "gender": "other"}))) == (0, 2, 0)
    assert [len(versions) for versions in fhir.versions.values()] == [1]
    assert counts(await run(work, file_of(tmp_path, other), source="https://other.example.org")) == (1, 0, 0)


async def test_two_rows_with_one_id_in_one_file_are_one_patient(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    one, other = patient("Ada", id="1"), patient("Bem", id="1", birthDate="1990-01-01")
    report = await run(work, file_of(tmp_path, one, other, one), at_once=1)
    assert counts(report) == (1, 1, 1)
    assert len(fhir.versions) == 1


async def test_patient_deleted_in_the_fhir_server_is_refused_and_not_made_again(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    file = file_of(tmp_path, *people(1))
    await run(work, file)
    (patient_id,) = map(UUID, fhir.versions)
    fhir.delete(patient_id)
    await service.verify_patient(work, caller("clinician"), wanted=PatientVerify(patient_id=patient_id))
    assert counts(await run(work, file)) == (0, 0, 1)
    await forget_keys(work)
    assert counts(await run(work, file)) == (0, 0, 1)
    assert fhir.versions[str(patient_id)][-1] is None


async def test_patients_whose_index_was_lost_are_found_and_indexed_again(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    file = file_of(tmp_path, *people(2))
    await run(work, file)
    async with work.database.transaction() as session:
        await session.execute(text("TRUNCATE indexed_patients, nhs_numbers CASCADE"))
    await forget_keys(work)
    assert counts(await run(work, file)) == (0, 2, 0)
    assert len(await rows(work, "SELECT * FROM indexed_patients")) == 2


async def test_short_outage_is_waited_for(work: PatientsWork, fhir: StandInFhir, tmp_path: Path) -> None:
    fhir.mood, file = "ill", file_of(tmp_path, *people(4))
    task = asyncio.create_task(run(work, file))
    await asyncio.sleep(0.5)
    fhir.mood = "open"
    assert all_in(await task) == 4
    await check_each_is_there_once(work, fhir, number=4)


async def test_long_outage_stops_the_import_which_goes_on_later(
    work: PatientsWork, fhir: StandInFhir, tmp_path: Path
) -> None:
    fhir.mood, file = "ill", file_of(tmp_path, *people(4))
    with pytest.raises(ExceptionGroup) as stopped:
        await run(work, file, patience=0.01)
    assert {type(error) for error in stopped.value.exceptions} == {OutcomeUnknown}
    fhir.mood = "open"
    assert all_in(await run(work, file)) == 4
    await check_each_is_there_once(work, fhir, number=4)


class AwayFirst(Database):
    """A database that is away when it is asked for the first times."""

    def __init__(self, url: str, *, times: int) -> None:
        super().__init__(url)
        self.times = times

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        self.times -= 1
        if self.times >= 0:
            raise StorageUnavailable
        async with super().transaction() as session:
            yield session


@pytest.mark.parametrize("dry_run", [False, True])
async def test_database_that_is_away_for_a_moment_is_waited_for(
    work: PatientsWork, database_url: str, tmp_path: Path, dry_run: bool
) -> None:
    database = AwayFirst(database_url, times=2)
    report = await run(replace(work, database=database), file_of(tmp_path, *people(2)), dry_run=dry_run)
    assert (counts(report), database.times < 0) == ((2, 0, 0), True)
    await database.close()


async def test_pace_lets_no_more_through_than_asked_for() -> None:
    pace, loop = Pace(20.0), asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(pace.wait(3) for _ in range(3)), pace.wait(1))
    assert loop.time() - began >= 0.45
    assert [Pace(rate).group(25) for rate in (None, 200.0, 7.5, 0.1)] == [25, 25, 7, 1]


async def test_only_patients_who_are_new_wait_for_their_turn(work: PatientsWork, tmp_path: Path) -> None:
    turns = 0

    class Counted(Pace):
        async def wait(self, number: int) -> None:
            nonlocal turns
            turns += number

    file = file_of(tmp_path, *people(5), patient(id="wrong", gender="F"))
    for _ in range(2):
        await run(work, file, pace=Counted(None))
        assert turns == 5
