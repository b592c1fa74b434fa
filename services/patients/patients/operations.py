"""The writes of patients as operations: what is claimed, sent to the FHIR server, and left behind."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from common.audit import Access
from common.events import PatientCreated, PatientUpdated
from common.operations import Operation, OperationKind, Outcome
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from patients import repository
from patients.errors import NhsNumberTaken
from patients.fhir import FhirServer, StoredPatient
from patients.index import index_patients


class WritePatient(BaseModel):
    """A whole resource in the place of `version`; for a new patient that is 0, and the operation's target their id.
    `nhs_number` is one that they do not have yet."""

    patient_id: UUID | None = None
    version: int = 0
    resource: dict[str, Any]
    nhs_number: str | None


class ImportPatients(BaseModel):
    """New patients who are stored together, all of them or none, and who of them is to have which NHS number."""

    resources: dict[UUID, dict[str, Any]]
    nhs_numbers: dict[str, UUID]


type _Writing = Operation[WritePatient] | Operation[ImportPatients]


def _numbers(operation: _Writing) -> Mapping[str, UUID]:
    intent = operation.intent
    if isinstance(intent, ImportPatients):
        return intent.nhs_numbers
    return {intent.nhs_number: intent.patient_id or operation.target_id} if intent.nhs_number else {}


async def _claim(session: AsyncSession, operation: _Writing) -> None:
    await repository.claim_nhs_numbers(session, _numbers(operation))


async def _release(session: AsyncSession, operation: _Writing) -> None:
    if numbers := _numbers(operation):
        await repository.release_nhs_numbers(session, numbers)


async def _write(fhir: FhirServer, operation: Operation[WritePatient]) -> StoredPatient:
    intent, patient_id = operation.intent, operation.intent.patient_id or operation.target_id
    try:
        await fhir.check_nhs_numbers(_numbers(operation))
    except NhsNumberTaken:
        # Others took it meanwhile; an earlier attempt, whose answer was lost, may have been before them.
        written = await fhir.find_written(patient_id, version=intent.version, operation_id=operation.target_id)
        if written is None:
            raise
        return written
    return await fhir.write(patient_id, intent.resource, version=intent.version, operation_id=operation.target_id)


async def _finish(session: AsyncSession, operation: Operation[WritePatient], patient: StoredPatient) -> Outcome:
    await index_patients(session, [patient])
    await _release(session, operation)  # the number is held now
    patient_id, version = patient.patient_id, patient.version
    new = operation.intent.version == 0
    event = (PatientCreated if new else PatientUpdated)(patient_id=patient_id, version=version)
    done = partial(Access, resource_id=str(patient_id), patient_id=patient_id)
    return Outcome(
        answer={"patient_id": str(patient_id), "version": version},
        events=[event] if version > operation.intent.version else [],
        audit=[done(action="C", resource="patient") if new else done(action="U", resource="demographics")],
    )


WRITE_PATIENT: OperationKind[FhirServer, WritePatient, StoredPatient] = OperationKind(
    name="patient.write", intent=WritePatient, perform=_write, finish=_finish, claim=_claim, release=_release
)


async def _import(fhir: FhirServer, operation: Operation[ImportPatients]) -> Sequence[StoredPatient]:
    resources, operation_id = operation.intent.resources, operation.target_id
    try:
        await fhir.check_nhs_numbers(_numbers(operation))
    except NhsNumberTaken:  # as above
        written = await fhir.find_new(resources, operation_id=operation_id)
        if written is None:
            raise
        return written
    if len(resources) > 1:
        return await fhir.write_new(resources, operation_id=operation_id)
    # A server without transactions takes patients, too: one after the other.
    return [await fhir.write(one, told, version=0, operation_id=operation_id) for one, told in resources.items()]


async def _settle(
    session: AsyncSession, operation: Operation[ImportPatients], patients: Sequence[StoredPatient]
) -> Outcome:
    # Places give ids, and a stored intent has its own order.
    patients = sorted(patients, key=lambda one: one.patient_id)
    await index_patients(session, patients)
    await _release(session, operation)
    new = partial(Access, action="C", resource="patient")
    return Outcome(
        answer={"imported": len(patients)},
        events=[PatientCreated(patient_id=one.patient_id, version=one.version) for one in patients],
        audit=[new(resource_id=str(one.patient_id), patient_id=one.patient_id) for one in patients],
    )


IMPORT_PATIENTS: OperationKind[FhirServer, ImportPatients, Sequence[StoredPatient]] = OperationKind(
    name="patients.import", intent=ImportPatients, perform=_import, finish=_settle, claim=_claim, release=_release
)
OPERATIONS = (WRITE_PATIENT, IMPORT_PATIENTS)
