"""HTTP endpoints of patients: who, what, where, and one call."""

from typing import Annotated, Any

from common.policy import PolicyRouter, allow
from common.rest import CurrentCaller, CurrentWork, ExpectedVersion, IdempotencyKey, Page, PathId, etag
from fastapi import Query
from fastapi.responses import JSONResponse

from patients import policy, service
from patients.fhir import StoredPatient
from patients.fhir_schemas import Patient
from patients.schemas import (
    Demographics,
    DemographicsUpdate,
    PatientListed,
    PatientQuery,
    PatientVerified,
    PatientVerify,
)
from patients.service import PatientsWork

FHIR_JSON = "application/fhir+json"

patients = PolicyRouter("/patients")
fhir_patients = PolicyRouter("/fhir/patients")


class FhirResponse(JSONResponse):
    """JSON under FHIR's media type."""

    media_type = FHIR_JSON


@patients.get("", tags=["patients"])
@allow(policy.SEARCH_PATIENTS)
async def search_patients(
    query: Annotated[PatientQuery, Query()], caller: CurrentCaller, work: CurrentWork
) -> Page[PatientListed]:
    """Find patients by the starts of their names or by exact data."""
    return await service.search_patients(work, caller, query=query)


@patients.post("", tags=["patients"])
@allow(policy.VERIFY_PATIENTS)
async def verify_patient(wanted: PatientVerify, caller: CurrentCaller, work: CurrentWork) -> PatientVerified:
    """Whether a patient exists."""
    return await service.verify_patient(work, caller, wanted=wanted)


@patients.get("/{patient_id}/demographics", tags=["patients"])
@allow(policy.READ_PATIENT)
async def read_demographics(patient_id: PathId, caller: CurrentCaller, work: CurrentWork) -> Demographics:
    """A patient's demographics."""
    demographics = await service.read_demographics(work, caller, patient_id=patient_id)
    work.answer_headers["ETag"] = etag(demographics.version)
    return demographics


@patients.put("/{patient_id}/demographics", tags=["patients"])
@allow(policy.WRITE_PATIENTS)
async def update_demographics(
    patient_id: PathId,
    wanted: DemographicsUpdate,
    version: ExpectedVersion,
    caller: CurrentCaller,
    work: CurrentWork,
) -> Demographics:
    """Replace a patient's demographics."""
    demographics = await service.update_demographics(
        work, caller, patient_id=patient_id, version=version, wanted=wanted
    )
    work.answer_headers["ETag"] = etag(demographics.version)
    return demographics


@fhir_patients.post("", status_code=201, response_class=FhirResponse, tags=["fhir"])
@allow(policy.WRITE_PATIENTS, media_types=(FHIR_JSON, "application/json"))
async def create_patient(
    patient: Patient, caller: CurrentCaller, work: CurrentWork, key: IdempotencyKey
) -> dict[str, Any]:
    """Register a patient (FHIR R4 Patient). The server chooses the id."""
    stored = await service.create_patient(work, caller, resource=patient.to_json(), key=key)
    work.answer_headers["Location"] = f"/api/fhir/patients/{stored.patient_id}"
    return _answer(stored, work)


@fhir_patients.get("/{patient_id}", response_class=FhirResponse, tags=["fhir"])
@allow(policy.READ_PATIENT)
async def read_patient(patient_id: PathId, caller: CurrentCaller, work: CurrentWork) -> dict[str, Any]:
    """A patient as FHIR R4."""
    return _answer(await service.read_patient(work, caller, patient_id=patient_id), work)


def _answer(patient: StoredPatient, work: PatientsWork) -> dict[str, Any]:
    work.answer_headers["ETag"] = etag(patient.version, weak=True)
    return patient.resource
