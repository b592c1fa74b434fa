"""The HTTP endpoints of letters."""

from typing import Annotated, Any

from common.errors import Conflict, MethodNotAllowed
from common.fhir import FhirResponse
from common.openapi import with_headers
from common.policy import PolicyRouter, allow, refuses
from common.rest import CurrentCaller, CurrentWork, Cursor, ExpectedVersion, IdempotencyKey, Limit, Page, PathId, etag
from fastapi import Depends, Query
from fastapi.responses import Response, StreamingResponse
from starlette.convertors import StringConvertor, register_url_convertor

from letters import export, policy, service
from letters.document import DocumentQuery, bundle_of
from letters.errors import LetterRefused, LetterWithdrawn, PatientInactive, PrinterUnavailable, RecordUnreadable
from letters.letter import LetterAt
from letters.schemas import (
    BODY_LIMIT_BYTES,
    Letter,
    LetterAmend,
    LetterCreate,
    LetterSummary,
    LetterVersion,
    LetterWithdraw,
)


class Undotted(StringConvertor):
    """A part of a path without a dot, so that a call of a letter is none of its PDF."""

    regex = "[^/.]+"


register_url_convertor("undotted", Undotted())

router = PolicyRouter("/patients")
fhir = PolicyRouter("/fhir")


async def _at(patient_id: PathId, uid: PathId) -> LetterAt:
    return LetterAt(patient_id, uid)


At = Annotated[LetterAt, Depends(_at)]
Version = Annotated[int | None, Query(ge=1, description="An older version; by default the newest")]


@router.post(
    "/{patient_id}/letters", status_code=201, responses={201: with_headers("ETag", "Location")}, tags=["letters"]
)
@allow(policy.WRITE_LETTERS, body_limit=BODY_LIMIT_BYTES, audits="letter")
@refuses(PatientInactive, Conflict, LetterRefused)
async def create_letter(
    patient_id: PathId, draft: LetterCreate, caller: CurrentCaller, work: CurrentWork, key: IdempotencyKey
) -> Letter:
    """Write a letter into a patient's record."""
    letter = await service.create_letter(work, caller, patient_id=patient_id, draft=draft, key=key)
    work.answer_headers["Location"] = f"/api/patients/{patient_id}/letters/{letter.uid}"
    work.answer_headers["ETag"] = etag(letter.version)
    return letter


@router.get("/{patient_id}/letters", tags=["letters"])
@allow(policy.READ_LETTERS, audits="letter")
@refuses(RecordUnreadable)
async def list_letters(
    patient_id: PathId, caller: CurrentCaller, work: CurrentWork, limit: Limit = 20, cursor: Cursor = None
) -> Page[LetterSummary]:
    """A patient's letters without their text, newest first."""
    return await service.list_letters(work, caller, patient_id=patient_id, limit=limit, cursor=cursor)


class PdfResponse(Response):
    media_type = "application/pdf"


PDF = {"content": {PdfResponse.media_type: {"schema": {"type": "string", "format": "binary"}}}}


class ZipResponse(StreamingResponse):
    media_type = "application/zip"


ZIP = {"content": {ZipResponse.media_type: {"schema": {"type": "string", "format": "binary"}}}}


# Before the letter itself, whose path takes any last part.
@router.get(
    "/{patient_id}/letters/{uid}.pdf",
    response_class=PdfResponse,
    responses={200: PDF | with_headers("Content-Disposition", "ETag")},
    tags=["letters"],
)
@allow(policy.READ_LETTERS, audits="letter")
@refuses(PrinterUnavailable, RecordUnreadable)
async def print_letter(at: At, caller: CurrentCaller, work: CurrentWork, version: Version = None) -> PdfResponse:
    """A letter as tagged PDF (PDF/UA-1); for the patient, this counts as reading it."""
    letter, pdf = await service.print_letter(work, caller, at=at, version=version)
    named = f'inline; filename="letter-{at.uid}.pdf"'
    return PdfResponse(pdf, headers={"Content-Disposition": named, "ETag": etag(letter.version)})


@router.get("/{patient_id}/letters/{uid}", responses={200: with_headers("ETag")}, tags=["letters"])
@allow(policy.READ_LETTERS, audits="letter")
@refuses(RecordUnreadable)
async def read_letter(at: At, caller: CurrentCaller, work: CurrentWork, version: Version = None) -> Letter:
    """A letter with its text; the patient's first reading is recorded."""
    letter = await service.read_letter(work, caller, at=at, version=version)
    work.answer_headers["ETag"] = etag(letter.version)
    return letter


@router.put("/{patient_id}/letters/{uid:undotted}", responses={200: with_headers("ETag")}, tags=["letters"])
@allow(policy.WRITE_LETTERS, body_limit=BODY_LIMIT_BYTES, audits="letter")
@refuses(LetterWithdrawn, Conflict, LetterRefused, RecordUnreadable, MethodNotAllowed)
async def amend_letter(
    at: At, draft: LetterAmend, version: ExpectedVersion, caller: CurrentCaller, work: CurrentWork
) -> Letter:
    """Replace a letter with a new version; the old one stays readable."""
    letter = await service.amend_letter(work, caller, at=at, version=version, draft=draft)
    work.answer_headers["ETag"] = etag(letter.version)
    return letter


@router.post("/{patient_id}/letters/{uid}/withdraw", responses={200: with_headers("ETag")}, tags=["letters"])
@allow(policy.WRITE_LETTERS, audits="letter", action="U")
@refuses(LetterWithdrawn, Conflict, LetterRefused, RecordUnreadable)
async def withdraw_letter(
    at: At, draft: LetterWithdraw, version: ExpectedVersion, caller: CurrentCaller, work: CurrentWork
) -> Letter:
    """Mark a letter as no longer valid; it is never deleted."""
    letter = await service.withdraw_letter(work, caller, at=at, version=version, draft=draft)
    work.answer_headers["ETag"] = etag(letter.version)
    return letter


@router.get("/{patient_id}/letters/{uid}/versions", tags=["letters"])
@allow(policy.READ_LETTERS, audits="letter")
@refuses(RecordUnreadable)
async def list_versions(
    at: At, caller: CurrentCaller, work: CurrentWork, limit: Limit = 20, cursor: Cursor = None
) -> Page[LetterVersion]:
    """Who made each version of a letter, when and why, newest first."""
    return await service.list_versions(work, caller, at=at, limit=limit, cursor=cursor)


@router.get(
    "/{patient_id}/export",
    response_class=ZipResponse,
    responses={200: ZIP | with_headers("Content-Disposition")},
    tags=["letters"],
)
@allow(policy.READ_LETTERS, audits="export")
@refuses(RecordUnreadable)
async def export_record(patient_id: PathId, caller: CurrentCaller, work: CurrentWork) -> ZipResponse:
    """Everything about a patient as one archive: the FHIR Patient, letters as PDF, their versions as openEHR JSON."""
    pieces = await export.export_record(work, caller, patient_id=patient_id)
    return ZipResponse(pieces, headers={"Content-Disposition": 'attachment; filename="record.zip"'})


@fhir.get("/DocumentReference", response_class=FhirResponse, tags=["fhir"])
@allow(policy.READ_LETTERS, audits="letter")
@refuses(RecordUnreadable)
async def search_documents(
    query: Annotated[DocumentQuery, Query()], caller: CurrentCaller, work: CurrentWork
) -> dict[str, Any]:
    """A patient's letters as FHIR R4 documents, newest first."""
    page = await service.list_letters(work, caller, patient_id=query.patient, limit=query.count, cursor=query.cursor)
    return bundle_of(page, query=query)
