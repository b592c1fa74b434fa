"""The use cases of patients, one function each."""

from typing import Any
from uuid import UUID

from common.audit import Access
from common.auth import Caller
from common.errors import Invalid, NotFound
from common.operations import Idempotency
from common.rest import Page, decode_cursor, encode_cursor
from common.work import Work

from patients import mapping, names, policy, repository
from patients.fhir import FhirServer, StoredPatient
from patients.operations import CREATE_PATIENT, UPDATE_DEMOGRAPHICS, CreatePatient, UpdateDemographics, access
from patients.repository import Criteria
from patients.schemas import (
    Demographics,
    DemographicsUpdate,
    PatientListed,
    PatientQuery,
    PatientVerified,
    PatientVerify,
)

type PatientsWork = Work[FhirServer]


async def create_patient(
    work: PatientsWork, caller: Caller, *, resource: dict[str, Any], key: Idempotency | None
) -> StoredPatient:
    """A patient is acknowledged once the FHIR server has them under our id; no two have one NHS number."""
    intent = CreatePatient(resource=resource, nhs_number=mapping.nhs_number_of(resource))
    completed = await work.operation(CREATE_PATIENT, intent, actor=caller.actor, idempotency=key)
    if completed.committed is not None:
        return completed.committed
    stored = await work.backend.read_version(UUID(completed.answer["patient_id"]), completed.answer["version"])
    if stored is None:
        raise NotFound
    return stored


async def read_patient(work: PatientsWork, caller: Caller, *, patient_id: UUID) -> StoredPatient:
    """The FHIR resource as it is now."""
    return await _read(work, caller, patient_id=patient_id, resource="patient")


async def read_demographics(work: PatientsWork, caller: Caller, *, patient_id: UUID) -> Demographics:
    """What Quill shows of a patient."""
    return mapping.demographics_of(await _read(work, caller, patient_id=patient_id, resource="demographics"))


async def _read(work: PatientsWork, caller: Caller, *, patient_id: UUID, resource: str) -> StoredPatient:
    patient = await _known(work, patient_id)
    await work.record(caller.actor, access("R", resource, patient_id))
    return patient


async def _known(work: PatientsWork, patient_id: UUID) -> StoredPatient:
    patient = await work.backend.read(patient_id)
    if patient is None:
        raise NotFound
    return patient


async def update_demographics(
    work: PatientsWork, caller: Caller, *, patient_id: UUID, version: int, wanted: DemographicsUpdate
) -> Demographics:
    """Exactly the version that was read is replaced; what Demographics does not show is kept."""
    current = await _known(work, patient_id)
    policy.check_version(current=current.version, expected=version)
    before = mapping.shown(current.resource)
    policy.check_identity_kept(
        known=(before.name.family, before.birth_date), wanted=(wanted.name.family, wanted.birth_date)
    )
    resource = mapping.merged(current.resource, wanted)
    if resource == current.resource:
        await work.record(caller.actor, access("U", "demographics", patient_id))
        return mapping.demographics_of(current)
    intent = UpdateDemographics(patient_id=patient_id, version=version, resource=resource, nhs_number=wanted.nhs_number)
    completed = await work.operation(UPDATE_DEMOGRAPHICS, intent, actor=caller.actor, idempotency=None)
    return mapping.demographics_of(completed.committed or current)


async def search_patients(work: PatientsWork, caller: Caller, *, query: PatientQuery) -> Page[PatientListed]:
    """A page in the order of names, from our own index: it works while the FHIR server is away."""
    after = None if query.cursor is None else _position(query.cursor)
    async with work.transaction() as session:
        found = await repository.find_patients(session, _criteria(query), limit=query.limit + 1, after=after)
        work.audit(session, caller.actor, Access(action="E", resource="patient"))
    items = [PatientListed.model_validate(row, from_attributes=True) for row in found[: query.limit]]
    more = len(found) > query.limit
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].patient_id)) if more else None)


def _criteria(query: PatientQuery) -> Criteria:
    typed = ((None, query.q), ("family", query.family), ("given", query.given))
    prefixes = [(part, word) for part, text in typed for word in names.words_of(text) or text.split()]
    return Criteria(prefixes=prefixes, birth_date=query.birth_date, gender=query.gender, nhs_number=query.nhs_number)


def _position(cursor: str) -> UUID:
    (patient_id,) = decode_cursor(cursor, str)
    try:
        return UUID(patient_id)
    except ValueError as error:
        raise Invalid.at("query", "cursor", type="cursor", msg="Not a cursor of this list") from error


async def verify_patient(work: PatientsWork, caller: Caller, *, wanted: PatientVerify) -> PatientVerified:
    """Whether the FHIR server has the patient now, active or not."""
    patient_id = wanted.patient_id
    if wanted.nhs_number is not None:
        patient_id = next(map(UUID, await work.backend.find_nhs_number(wanted.nhs_number)), None)
    elif patient_id is not None and await work.backend.read(patient_id) is None:
        patient_id = None
    await work.record(caller.actor, Access(action="E", resource="patient", patient_id=patient_id))
    return PatientVerified(exists=patient_id is not None, patient_id=patient_id)
