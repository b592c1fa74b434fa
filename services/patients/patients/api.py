"""HTTP endpoints of patients: who, what, where, and one call."""

from typing import Annotated, Any

from common.fhir import FHIR_JSON, FhirResponse
from common.openapi import with_headers
from common.policy import PolicyRouter, allow, refuses
from common.rest import CurrentCaller, CurrentWork, ExpectedVersion, IdempotencyKey, Page, PathId, etag
from fastapi import Query

from patients import fhir_schemas, policy, schemas, service
from patients.errors import NhsNumberTaken, PatientRefused
from patients.fhir import StoredPatient

patients = PolicyRouter("/patients")
fhir_patients = PolicyRouter("/fhir/patients")
internal = PolicyRouter("/patients", base="/internal")


@patients.get("", tags=["patients"])
@allow(policy.SEARCH_PATIENTS, audits="patient", action="E")
async def search_patients(
    query: Annotated[schemas.PatientQuery, Query()], caller: CurrentCaller, work: CurrentWork
) -> Page[schemas.PatientListed]:
    """Find patients by the beginnings of their names or by exact values."""
    return await service.search_patients(work, caller, query=query)


@patients.post("", tags=["patients"])
@allow(policy.VERIFY_PATIENTS, audits="patient", action="E")
async def verify_patient(
    wanted: schemas.PatientVerify, caller: CurrentCaller, work: CurrentWork
) -> schemas.PatientVerified:
    """Whether a patient exists."""
    return await service.verify_patient(work, caller, wanted=wanted)


@patients.get("/{patient_id}/demographics", responses={200: with_headers("ETag")}, tags=["patients"])
@allow(policy.READ_PATIENT, audits="demographics")
async def read_demographics(patient_id: PathId, caller: CurrentCaller, work: CurrentWork) -> schemas.Demographics:
    """A patient's demographics."""
    demographics = await service.read_demographics(work, caller, patient_id=patient_id)
    work.answer_headers["ETag"] = etag(demographics.version)
    return demographics


@patients.put("/{patient_id}/demographics", responses={200: with_headers("ETag")}, tags=["patients"])
@allow(policy.WRITE_PATIENTS, audits="demographics")
@refuses(NhsNumberTaken, PatientRefused)
async def update_demographics(
    patient_id: PathId,
    wanted: schemas.DemographicsUpdate,
    version: ExpectedVersion,
    caller: CurrentCaller,
    work: CurrentWork,
) -> schemas.Demographics:
    """Replace a patient's demographics."""
    demographics = await service.update_demographics(
        work, caller, patient_id=patient_id, version=version, wanted=wanted
    )
    work.answer_headers["ETag"] = etag(demographics.version)
    return demographics


@fhir_patients.post(
    "", status_code=201, response_class=FhirResponse, responses={201: with_headers("ETag", "Location")}, tags=["fhir"]
)
@allow(policy.WRITE_PATIENTS, media_types=(FHIR_JSON, "application/json"), audits="patient")
@refuses(NhsNumberTaken, PatientRefused)
async def create_patient(
    patient: fhir_schemas.Patient, caller: CurrentCaller, work: CurrentWork, key: IdempotencyKey
) -> dict[str, Any]:
    """Register a patient (FHIR R4 Patient). The server chooses the id; a client's id, version, time and source are
    ignored (FHIR R4 §3.1.0.8)."""
    stored = await service.create_patient(work, caller, resource=patient, key=key)
    work.answer_headers["Location"] = f"/api/fhir/patients/{stored.patient_id}"
    return _resource(stored, work)


@fhir_patients.get("/{patient_id}", response_class=FhirResponse, responses={200: with_headers("ETag")}, tags=["fhir"])
@allow(policy.READ_PATIENT, audits="patient")
async def read_patient(patient_id: PathId, caller: CurrentCaller, work: CurrentWork) -> dict[str, Any]:
    """A patient as FHIR R4."""
    return _resource(await service.read_patient(work, caller, patient_id=patient_id), work)


@internal.get("/{patient_id}", include_in_schema=False)
@allow(policy.READ_PATIENT)
async def tell_standing(patient_id: PathId, work: CurrentWork) -> schemas.Standing:
    """For a service that acts for the caller and records that act itself; Caddy leads nobody here."""
    return await service.tell_standing(work, patient_id=patient_id)


def _resource(patient: StoredPatient, work: CurrentWork) -> dict[str, Any]:
    work.answer_headers["ETag"] = etag(patient.version, weak=True)
    return patient.resource
