"""Patients are written once, by one, whatever is lost on the way."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from common.errors import BackendUnavailable, Invalid, NotFound, OutcomeUnknown, QuillError, VersionStale
from common.operations import Idempotency
from common.work import Work
from patients import mapping, service
from patients.errors import NhsNumberTaken, PatientRefused
from patients.fhir import FhirServer, StoredPatient
from patients.operations import WRITE_PATIENT, WritePatient
from patients.schemas import Demographics, DemographicsUpdate, PatientVerify, Telecom
from patients_house import NHS, NUMBERS, StandInFhir, patient
from sqlalchemy import text
from stand_in import caller

pytestmark = pytest.mark.anyio

type PatientsWork = Work[FhirServer]
DOCTOR = caller("clinician")


async def create(work: PatientsWork, *, nhs_number: str | None = None, key: str | None = None) -> StoredPatient:
    idempotency = None if key is None else Idempotency(key, "hash")
    return await service.create_patient(work, DOCTOR, resource=patient(nhs_number=nhs_number), key=idempotency)


async def update(work: PatientsWork, known: StoredPatient, **parts: Any) -> Demographics:
    wanted = mapping.shown(known.resource).model_copy(update=parts)
    return await service.update_demographics(
        work, DOCTOR, patient_id=known.patient_id, version=known.version, wanted=wanted
    )


async def rows(work: PatientsWork, query: str) -> list[tuple[Any, ...]]:
    async with work.database.transaction() as session:
        return [tuple(row) for row in (await session.execute(text(query))).all()]


async def facts(work: PatientsWork) -> list[tuple[str, int]]:
    query = "SELECT subject, body FROM outbox WHERE subject LIKE 'quill.patients.%' ORDER BY seq"
    return [(subject.rpartition(".")[2], body["version"]) for subject, body in await rows(work, query)]


async def audited(work: PatientsWork) -> list[tuple[str, str]]:
    query = "SELECT body FROM outbox WHERE subject LIKE 'quill.audit.%' ORDER BY seq"
    return [(body["action"], body["resource"]) for (body,) in await rows(work, query)]


async def numbers(work: PatientsWork) -> dict[str, UUID]:
    return dict(await rows(work, "SELECT nhs_number, patient_id FROM nhs_numbers"))


async def complete(work: PatientsWork) -> None:
    """Let the completer run now, and again until calls to a server that hung are no longer held back."""
    for _ in range(20):
        async with work.database.transaction() as session:
            await session.execute(text("UPDATE operations SET lease_until = created_at, next_try_at = created_at"))
        if not await work.complete_overdue():
            return
        await asyncio.sleep(0.2)


async def outcomes(*attempts: Any) -> list[str]:
    done = await asyncio.gather(*attempts, return_exceptions=True)
    for one in done:
        assert not isinstance(one, BaseException) or isinstance(one, QuillError), one
    return sorted(type(one).__name__ for one in done)


async def test_created_patient_is_stored_announced_audited_and_findable(work: PatientsWork, fhir: StandInFhir) -> None:
    number = NUMBERS.new()
    stored = await create(work, nhs_number=number)
    assert stored.version == 1
    assert fhir.current(stored.patient_id)["name"] == patient()["name"]
    assert await facts(work) == [("created", 1)]
    assert await audited(work) == [("C", "patient")]
    assert await numbers(work) == {number: stored.patient_id}
    assert await rows(work, "SELECT patient_id, nhs_number FROM indexed_patients") == [(stored.patient_id, number)]


async def test_events_and_settled_operations_hold_no_demographics(work: PatientsWork) -> None:
    number = NUMBERS.new()
    await update(work, await create(work, nhs_number=number), gender="other")
    kept = str(await rows(work, "SELECT payload, answer FROM operations"))
    kept += str(await rows(work, "SELECT headers, body FROM outbox"))
    assert "Okafor" not in kept
    assert number not in kept
    assert patient()["birthDate"] not in kept


async def test_repeated_request_gets_the_first_answer(work: PatientsWork, fhir: StandInFhir) -> None:
    first = await create(work, nhs_number=NUMBERS.new(), key="k")
    again = await service.create_patient(
        work, DOCTOR, resource=patient(nhs_number=NUMBERS.new()), key=Idempotency("k", "hash")
    )
    assert again == first
    assert fhir.writes == 1
    assert await facts(work) == [("created", 1)]


async def test_nhs_number_is_given_once_to_twenty_at_once(work: PatientsWork, fhir: StandInFhir) -> None:
    number = NUMBERS.new()
    done = await outcomes(*(create(work, nhs_number=number) for _ in range(20)))
    assert done == ["NhsNumberTaken"] * 19 + ["StoredPatient"]
    assert len(fhir.versions) == 1
    assert len(await facts(work)) == 1


async def test_number_that_others_gave_in_the_fhir_server_is_taken(work: PatientsWork, fhir: StandInFhir) -> None:
    number = NUMBERS.new()
    fhir.put(patient(nhs_number=number, id="17"))
    with pytest.raises(NhsNumberTaken) as refusal:
        await create(work, nhs_number=number)
    assert number not in str(refusal.value.problem)
    assert await numbers(work) == {}
    with pytest.raises(NhsNumberTaken):
        await update(work, await create(work), nhs_number=number)
    assert await numbers(work) == {}


async def test_refused_patient_leaves_the_number_free(work: PatientsWork, fhir: StandInFhir) -> None:
    number, fhir.mood = NUMBERS.new(), "refusing"
    with pytest.raises(PatientRefused) as refusal:
        await create(work, nhs_number=number)
    assert "Okafor" not in str(refusal.value.problem)
    fhir.mood = "open"
    await create(work, nhs_number=number)
    assert await facts(work) == [("created", 1)]


@pytest.mark.parametrize("mood", ["closed", "ill", "deaf", "stuck", "lying"])
async def test_creation_completes_once_after_an_outage(work: PatientsWork, fhir: StandInFhir, mood: str) -> None:
    number, fhir.mood, fhir.lie = NUMBERS.new(), mood, {"resourceType": "Patient", "id": "x"}
    with pytest.raises(OutcomeUnknown):
        await create(work, nhs_number=number, key="k")
    with pytest.raises(NhsNumberTaken):
        await create(work, nhs_number=number)
    fhir.mood = "open"
    await complete(work)
    stored = await create(work, nhs_number=number, key="k")
    assert (stored.version, len(fhir.versions)) == (1, 1)
    assert await facts(work) == [("created", 1)]
    assert await numbers(work) == {number: stored.patient_id}


async def test_creation_whose_answer_was_lost_stands_although_others_took_its_number(
    work: PatientsWork, fhir: StandInFhir
) -> None:
    number, fhir.lost = NUMBERS.new(), "deaf"
    with pytest.raises(OutcomeUnknown):
        await create(work, nhs_number=number, key="k")
    (patient_id,), fhir.lost = fhir.versions, None
    fhir.put(patient(nhs_number=number, id="17"))
    await complete(work)
    assert str((await create(work, nhs_number=number, key="k")).patient_id) == patient_id
    assert await facts(work) == [("created", 1)]


async def test_late_completion_does_not_overwrite_a_later_version(work: PatientsWork, fhir: StandInFhir) -> None:
    fhir.mood = "deaf"
    with pytest.raises(OutcomeUnknown):
        await create(work, key="k")
    fhir.mood = "open"
    (patient_id,) = fhir.versions
    fhir.put(patient("Changed", id=patient_id))
    await complete(work)
    assert fhir.current(UUID(patient_id))["name"][0]["given"] == ["Changed"]
    assert (await create(work, key="k")).version == 1


async def test_update_makes_a_version_and_keeps_what_is_not_shown(work: PatientsWork, fhir: StandInFhir) -> None:
    resource = patient(maritalStatus={"text": "married"})
    stored = await service.create_patient(work, DOCTOR, resource=resource, key=None)
    changed = await update(work, stored, telecom=[Telecom(system="phone", value="1")])
    assert (changed.version, changed.telecom[0].value) == (2, "1")
    assert fhir.current(stored.patient_id)["maritalStatus"] == {"text": "married"}
    assert await facts(work) == [("created", 1), ("updated", 2)]
    assert await audited(work) == [("C", "patient"), ("U", "demographics")]


async def test_unchanged_update_makes_no_version_and_no_event(work: PatientsWork, fhir: StandInFhir) -> None:
    stored = await create(work)
    assert (await update(work, stored)).version == 1
    assert fhir.writes == 1
    assert await facts(work) == [("created", 1)]
    assert await audited(work) == [("C", "patient"), ("U", "demographics")]


async def test_change_that_the_server_does_not_see_makes_no_event(work: PatientsWork) -> None:
    stored = await create(work)
    intent = WritePatient(patient_id=stored.patient_id, version=1, resource=stored.resource, nhs_number=None)
    done = await work.operation(WRITE_PATIENT, intent, actor=DOCTOR.actor, idempotency=None)
    assert done.answer["version"] == 1
    assert await facts(work) == [("created", 1)]


@pytest.mark.parametrize("same", [True, False])
async def test_one_of_twenty_updates_at_once_wins(work: PatientsWork, same: bool) -> None:
    stored = await create(work)
    values = ["1" if same else str(number) for number in range(20)]
    done = await outcomes(*(update(work, stored, telecom=[Telecom(system="sms", value=value)]) for value in values))
    assert done == ["Demographics"] + ["VersionStale"] * 19
    assert await facts(work) == [("created", 1), ("updated", 2)]


async def test_stale_update_is_refused(work: PatientsWork) -> None:
    stored = await create(work)
    await update(work, stored, gender="other")
    with pytest.raises(VersionStale):
        await update(work, stored, gender="male")


@pytest.mark.parametrize("mood", ["deaf", "ill"])
async def test_lost_update_is_completed_once(work: PatientsWork, fhir: StandInFhir, mood: str) -> None:
    stored = await create(work)
    await _lose(work, fhir, stored, mood)
    await complete(work)
    assert fhir.current(stored.patient_id)["gender"] == "other"
    assert len(fhir.versions[str(stored.patient_id)]) == 2
    assert await facts(work) == [("created", 1), ("updated", 2)]


async def _lose(work: PatientsWork, fhir: StandInFhir, stored: StoredPatient, mood: str) -> None:
    """An update that was read in peace and written into an outage."""
    fhir.lost = mood
    with pytest.raises(OutcomeUnknown):
        await update(work, stored, gender="other")
    fhir.lost = None


async def test_lost_update_that_others_overtook_ends_without_an_event(work: PatientsWork, fhir: StandInFhir) -> None:
    stored = await create(work)
    await _lose(work, fhir, stored, "ill")
    fhir.put(patient("Theirs", id=str(stored.patient_id)))
    await complete(work)
    assert fhir.current(stored.patient_id)["name"][0]["given"] == ["Theirs"]
    assert await facts(work) == [("created", 1)]
    assert await rows(work, "SELECT state FROM operations ORDER BY created_at") == [("DONE",), ("FAILED",)]


async def test_moved_nhs_number_frees_the_old_one(work: PatientsWork) -> None:
    old, new = NUMBERS.new(), NUMBERS.new()
    stored = await create(work, nhs_number=old)
    await update(work, stored, nhs_number=new)
    assert await numbers(work) == {new: stored.patient_id}
    other = await create(work, nhs_number=old)
    assert await numbers(work) == {new: stored.patient_id, old: other.patient_id}


async def test_failed_move_keeps_the_number_there_was(work: PatientsWork, fhir: StandInFhir) -> None:
    old, new = NUMBERS.new(), NUMBERS.new()
    stored = await create(work, nhs_number=old)
    fhir.mood = "refusing"
    for number in (new, old):
        with pytest.raises(PatientRefused):
            await update(work, stored, nhs_number=number, gender="other")
    assert await numbers(work) == {old: stored.patient_id}


async def test_number_of_another_patient_cannot_be_moved_to(work: PatientsWork) -> None:
    taken = NUMBERS.new()
    await create(work, nhs_number=taken)
    with pytest.raises(NhsNumberTaken):
        await update(work, await create(work), nhs_number=taken)


async def test_known_family_name_and_birth_date_stay(work: PatientsWork) -> None:
    stored = await create(work)
    with pytest.raises(Invalid):
        await update(work, stored, birth_date=None)
    with pytest.raises(Invalid):
        await update(work, stored, name=mapping.shown(stored.resource).name.model_copy(update={"family": None}))


@pytest.mark.parametrize(("told", "refused"), [("A\0b", True), ("\\\0", True), ("\\u0000", False)])
async def test_record_in_which_others_wrote_what_cannot_be_stored_is_refused(
    work: PatientsWork, fhir: StandInFhir, told: str, refused: bool
) -> None:
    stored = await create(work)
    fhir.put(patient(id=str(stored.patient_id), maritalStatus={"text": told}))
    current = await service.read_patient(work, DOCTOR, patient_id=stored.patient_id)
    assert await outcomes(update(work, current, gender="other")) == ["PatientRefused" if refused else "Demographics"]
    assert fhir.current(stored.patient_id)["gender"] == ("female" if refused else "other")


async def test_deleted_patient_is_not_found(work: PatientsWork, fhir: StandInFhir) -> None:
    stored = await create(work)
    fhir.delete(stored.patient_id)
    with pytest.raises(NotFound):
        await service.read_demographics(work, DOCTOR, patient_id=stored.patient_id)
    with pytest.raises(NotFound):
        await update(work, stored, gender="other")


async def test_number_of_a_deleted_patient_is_free_again(work: PatientsWork, fhir: StandInFhir) -> None:
    number = NUMBERS.new()
    gone = await create(work, nhs_number=number)
    fhir.delete(gone.patient_id)
    new = await create(work, nhs_number=number, key="k")
    assert await numbers(work) == {number: new.patient_id}
    assert await rows(work, "SELECT patient_id FROM indexed_patients") == [(new.patient_id,)]
    assert await facts(work) == [("created", 1), ("created", 1)]


async def test_number_that_others_took_away_is_free_for_an_update(work: PatientsWork, fhir: StandInFhir) -> None:
    number = NUMBERS.new()
    before, other = await create(work, nhs_number=number), await create(work)
    fhir.put(patient(id=str(before.patient_id)))
    assert (await update(work, other, nhs_number=number)).nhs_number == number
    assert await numbers(work) == {number: other.patient_id}


async def test_claim_of_a_running_operation_outlasts_a_deletion(work: PatientsWork, fhir: StandInFhir) -> None:
    number = NUMBERS.new()
    stored = await create(work)
    fhir.lost = "ill"
    with pytest.raises(OutcomeUnknown):
        await update(work, stored, nhs_number=number)
    fhir.lost = None
    fhir.delete(stored.patient_id)
    with pytest.raises(NhsNumberTaken):
        await create(work, nhs_number=number)
    assert await numbers(work) == {number: stored.patient_id}


@pytest.mark.parametrize("by", ["reading", "verifying the id", "verifying the number"])
async def test_deleted_patient_met_is_forgotten(work: PatientsWork, fhir: StandInFhir, by: str) -> None:
    number = NUMBERS.new()
    stored = await create(work, nhs_number=number)
    fhir.delete(stored.patient_id)
    if by == "reading":
        with pytest.raises(NotFound):
            await service.read_patient(work, DOCTOR, patient_id=stored.patient_id)
    else:
        by_id = PatientVerify(patient_id=stored.patient_id)
        wanted = by_id if by == "verifying the id" else PatientVerify(nhs_number=number)
        await service.verify_patient(work, DOCTOR, wanted=wanted)
    assert await rows(work, "SELECT patient_id FROM indexed_patients") == []
    assert await numbers(work) == {}


@pytest.mark.parametrize("lie", [{}, [], {"resourceType": "Basic", "id": str(uuid4())}, {"resourceType": "Patient"}])
async def test_answer_that_is_no_patient_counts_as_none(work: PatientsWork, fhir: StandInFhir, lie: Any) -> None:
    fhir.mood, fhir.lie = "lying", lie
    with pytest.raises(BackendUnavailable):
        await service.read_patient(work, DOCTOR, patient_id=uuid4())
    with pytest.raises(BackendUnavailable):
        await service.verify_patient(work, DOCTOR, wanted=PatientVerify(nhs_number=NUMBERS.new()))


async def test_patient_is_verified_by_id_or_number(work: PatientsWork, fhir: StandInFhir) -> None:
    number = NUMBERS.new()
    stored = await create(work, nhs_number=number)
    for wanted in (PatientVerify(patient_id=stored.patient_id), PatientVerify(nhs_number=number)):
        verified = await service.verify_patient(work, DOCTOR, wanted=wanted)
        assert (verified.exists, verified.patient_id) == (True, stored.patient_id)
    fhir.delete(stored.patient_id)
    for wanted in (PatientVerify(patient_id=stored.patient_id), PatientVerify(nhs_number=number)):
        verified = await service.verify_patient(work, DOCTOR, wanted=wanted)
        assert (verified.exists, verified.patient_id) == (False, None)


async def test_number_that_others_gave_under_an_id_of_another_form_is_verified(
    work: PatientsWork, fhir: StandInFhir
) -> None:
    number = NUMBERS.new()
    fhir.put(patient(nhs_number=number, id="17"))
    verified = await service.verify_patient(work, DOCTOR, wanted=PatientVerify(nhs_number=number))
    assert (verified.exists, verified.patient_id) == (True, None)
    ours = str(uuid4())
    fhir.put(patient(nhs_number=number, id=ours))
    verified = await service.verify_patient(work, DOCTOR, wanted=PatientVerify(nhs_number=number))
    assert (verified.exists, str(verified.patient_id)) == (True, ours)


async def test_inactive_and_oddly_written_patients_can_be_read(work: PatientsWork, fhir: StandInFhir) -> None:
    patient_id = uuid4()
    fhir.put({"resourceType": "Patient", "id": str(patient_id), "active": False, "birthDate": "1980"})
    shown = await service.read_demographics(work, DOCTOR, patient_id=patient_id)
    assert DemographicsUpdate.model_validate(shown.model_dump(exclude={"patient_id", "version"}))
    assert (shown.active, shown.birth_date, shown.name.family, shown.gender) == (False, None, None, "unknown")
    assert await audited(work) == [("R", "demographics")]
    assert NHS not in str(shown)


async def test_housekeeping_forgets_facts_that_the_streams_have_forgotten(work: PatientsWork) -> None:
    await create(work)
    async with work.database.transaction() as session:
        await session.execute(text("UPDATE outbox SET published_at = now() - interval '31 days'"))
    await work.forget_the_past()
    assert await rows(work, "SELECT id FROM outbox") == []
