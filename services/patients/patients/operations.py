"""The two writes of patients as operations: what is claimed, sent to the FHIR server, and left behind."""

from typing import Any
from uuid import UUID

from common.audit import Access, Action
from common.events import PatientCreated, PatientUpdated
from common.operations import Operation, OperationKind, Outcome
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from patients import mapping, names, repository
from patients.errors import NhsNumberTaken
from patients.fhir import FhirServer, StoredPatient
from patients.repository import IndexEntry


class CreatePatient(BaseModel):
    """A patient to come; the operation's target id becomes theirs."""

    resource: dict[str, Any]
    nhs_number: str | None


class UpdateDemographics(CreatePatient):
    """A whole new resource in the place of `version`."""

    patient_id: UUID
    version: int


def index_entry(patient: StoredPatient) -> IndexEntry:
    """What the search index keeps of a version."""
    shown = mapping.shown(patient.resource)
    families, givens = mapping.names_of(patient.resource)
    words = {("family", word) for name in families for word in names.words_of(name)}
    words |= {("given", word) for name in givens for word in names.words_of(name)}
    return IndexEntry(
        patient_id=patient.patient_id,
        version=patient.version,
        sort_key=names.sort_key(shown.name.family, shown.name.given),
        name=shown.name.model_dump(),
        birth_date=shown.birth_date,
        gender=shown.gender,
        nhs_number=shown.nhs_number,
        active=shown.active,
        words=frozenset(words),
    )


def _patient_id(operation: Operation[CreatePatient]) -> UUID:
    intent = operation.intent
    return intent.patient_id if isinstance(intent, UpdateDemographics) else operation.target_id


async def _claim(session: AsyncSession, operation: Operation[CreatePatient]) -> None:
    if operation.intent.nhs_number is not None:
        number, patient_id = operation.intent.nhs_number, _patient_id(operation)
        await repository.claim_nhs_number(session, number, patient_id=patient_id)


async def _release(session: AsyncSession, operation: Operation[CreatePatient]) -> None:
    if operation.intent.nhs_number is not None:
        number, patient_id = operation.intent.nhs_number, _patient_id(operation)
        await repository.release_nhs_number(session, number, patient_id=patient_id)


async def _check_not_registered(fhir: FhirServer, operation: Operation[CreatePatient]) -> None:
    """Our claim binds Quill only; others may write to the FHIR server too.

    Raises:
        NhsNumberTaken: they have given the number to another patient.
    """
    number = operation.intent.nhs_number
    if number is not None and set(await fhir.find_nhs_number(number)) - {str(_patient_id(operation))}:
        raise NhsNumberTaken


async def _create(fhir: FhirServer, operation: Operation[CreatePatient]) -> StoredPatient:
    await _check_not_registered(fhir, operation)
    return await fhir.create(operation.target_id, operation.intent.resource)


async def _update(fhir: FhirServer, operation: Operation[UpdateDemographics]) -> StoredPatient:
    await _check_not_registered(fhir, operation)
    intent = operation.intent
    return await fhir.update(
        intent.patient_id, intent.resource, version=intent.version, operation_id=operation.target_id
    )


async def _finish_create(session: AsyncSession, operation: Operation[CreatePatient], patient: StoredPatient) -> Outcome:
    await _settle(session, operation, patient)
    event = PatientCreated(patient_id=patient.patient_id, version=patient.version)
    return Outcome(answer=_answer(patient), events=[event], audit=[access("C", "patient", patient.patient_id)])


async def _finish_update(
    session: AsyncSession, operation: Operation[UpdateDemographics], patient: StoredPatient
) -> Outcome:
    await _settle(session, operation, patient)
    changed = patient.version > operation.intent.version
    events = [PatientUpdated(patient_id=patient.patient_id, version=patient.version)] if changed else []
    return Outcome(answer=_answer(patient), events=events, audit=[access("U", "demographics", patient.patient_id)])


async def _settle(session: AsyncSession, operation: Operation[CreatePatient], patient: StoredPatient) -> None:
    await repository.index_patient(session, index_entry(patient))
    await _release(session, operation)  # the index holds the number now


def _answer(patient: StoredPatient) -> dict[str, Any]:
    return {"patient_id": str(patient.patient_id), "version": patient.version}


def access(action: Action, resource: str, patient_id: UUID) -> Access:
    """The audit entry of something done to one patient's record."""
    return Access(action=action, resource=resource, resource_id=str(patient_id), patient_id=patient_id)


CREATE_PATIENT: OperationKind[FhirServer, CreatePatient, StoredPatient] = OperationKind(
    name="patient.create",
    intent=CreatePatient,
    perform=_create,
    finish=_finish_create,
    claim=_claim,
    release=_release,
)

UPDATE_DEMOGRAPHICS: OperationKind[FhirServer, UpdateDemographics, StoredPatient] = OperationKind(
    name="demographics.update",
    intent=UpdateDemographics,
    perform=_update,
    finish=_finish_update,
    claim=_claim,
    release=_release,
)
