"""The write of patients as an operation: what is claimed, sent to the FHIR server, and left behind."""

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
from patients.index import index_patient


class WritePatient(BaseModel):
    """A whole resource in the place of `version`; for a new patient that is 0, and the operation's target their id.
    `nhs_number` is one that they do not have yet."""

    patient_id: UUID | None = None
    version: int = 0
    resource: dict[str, Any]
    nhs_number: str | None


def _patient_id(operation: Operation[WritePatient]) -> UUID:
    return operation.intent.patient_id or operation.target_id


async def _claim(session: AsyncSession, operation: Operation[WritePatient]) -> None:
    if operation.intent.nhs_number is not None:
        number, patient_id = operation.intent.nhs_number, _patient_id(operation)
        await repository.claim_nhs_number(session, number, patient_id=patient_id)


async def _release(session: AsyncSession, operation: Operation[WritePatient]) -> None:
    if operation.intent.nhs_number is not None:
        number, patient_id = operation.intent.nhs_number, _patient_id(operation)
        await repository.release_nhs_number(session, number, patient_id=patient_id)


async def _write(fhir: FhirServer, operation: Operation[WritePatient]) -> StoredPatient:
    intent, patient_id = operation.intent, _patient_id(operation)
    try:
        if intent.nhs_number is not None:
            await fhir.check_nhs_number(intent.nhs_number, patient_id=patient_id)
    except NhsNumberTaken:
        # Others took it meanwhile; an earlier attempt, whose answer was lost, may have been before them.
        written = await fhir.find_written(patient_id, version=intent.version, operation_id=operation.target_id)
        if written is None:
            raise
        return written
    return await fhir.write(patient_id, intent.resource, version=intent.version, operation_id=operation.target_id)


async def _finish(session: AsyncSession, operation: Operation[WritePatient], patient: StoredPatient) -> Outcome:
    await index_patient(session, patient)
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
