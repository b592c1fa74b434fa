"""The use cases of patients, one function each."""

import hashlib
from collections.abc import Sequence
from enum import Enum
from typing import Any
from uuid import UUID

from common.audit import Access, Action, Actor
from common.auth import Caller
from common.errors import Invalid, NotFound, QuillError, VersionStale
from common.operations import Completed, Idempotency, OperationKind
from common.rest import Page, decode_cursor, encode_cursor
from common.work import Work
from pydantic import BaseModel

from patients import mapping, names, policy, repository, schemas
from patients.errors import NhsNumberTaken, PatientRefused
from patients.fhir import FhirServer, StoredPatient, own_id
from patients.index import index_patients
from patients.operations import IMPORT_PATIENTS, WRITE_PATIENT, ImportPatients, WritePatient
from patients.repository import Part, Prefix

type PatientsWork = Work[FhirServer]


async def create_patient(
    work: PatientsWork, caller: Caller, *, resource: dict[str, Any], key: Idempotency | None
) -> StoredPatient:
    """A patient is acknowledged once the FHIR server has them under our id; no two have one NHS number."""
    intent = WritePatient(resource=resource, nhs_number=mapping.shown(resource).nhs_number)
    completed = await _write(work, caller.actor, (WRITE_PATIENT, intent), nhs_number=intent.nhs_number, key=key)
    if completed.committed is not None:
        return completed.committed
    stored = await work.backend.read_version(UUID(completed.answer["patient_id"]), completed.answer["version"])
    if stored is None:
        raise NotFound
    await _record(work, caller, action="R", resource="patient", patient_id=stored.patient_id)
    return stored


class Imported(Enum):
    """What became of a patient that another system has."""

    NOW, EARLIER, AS_ANOTHER, DELETED = range(4)


async def import_patients(work: PatientsWork, actor: Actor, new: ImportPatients) -> Sequence[Imported]:
    """Patients of another system are written once, all of these or none, and never changed by it.

    Raises:
        QuillError: refused. Of several, importing each alone tells whom it is about.
    """
    digest = hashlib.sha256(new.model_dump_json().encode()).hexdigest()
    alone, key = len(new.resources) == 1, Idempotency(digest, digest)
    try:
        number = next(iter(new.nhs_numbers), None) if alone else None
        completed = await _write(work, actor, (IMPORT_PATIENTS, new), nhs_number=number, key=key)
        if completed.committed is not None:
            return [Imported.NOW for _ in completed.committed]
    except QuillError as refusal:
        if refusal.slug != VersionStale.slug or not alone:
            raise
    return [await _meet(work, patient_id, resource) for patient_id, resource in new.resources.items()]


async def _meet(work: PatientsWork, patient_id: UUID, told: dict[str, Any]) -> Imported:
    """Who has the id of somebody who is told of: they may have been imported, or come of a system with the same ids."""
    known = await _current(work, patient_id)
    if known is None:
        return Imported.DELETED
    async with work.transaction() as session:
        await index_patients(session, [known])
    same = policy.may_be_one_person(mapping.shown(known.resource), mapping.shown(told))
    return Imported.EARLIER if same else Imported.AS_ANOTHER


async def read_patient(
    work: PatientsWork, caller: Caller, *, patient_id: UUID, resource: str = "patient"
) -> StoredPatient:
    """The FHIR resource as it is now; `resource` is what the audit trail calls it."""
    patient = await _known(work, patient_id)
    await _record(work, caller, action="R", resource=resource, patient_id=patient_id)
    return patient


async def read_demographics(work: PatientsWork, caller: Caller, *, patient_id: UUID) -> schemas.Demographics:
    """What Quill shows of a patient."""
    patient = await read_patient(work, caller, patient_id=patient_id, resource="demographics")
    return mapping.demographics_of(patient)


async def tell_standing(work: PatientsWork, *, patient_id: UUID) -> schemas.Standing:
    """What letters and auth ask before they act for the caller: part of that act, whose entry is theirs to record."""
    known = mapping.demographics_of(await _known(work, patient_id))
    return schemas.Standing.model_validate(known, from_attributes=True)


async def update_demographics(
    work: PatientsWork, caller: Caller, *, patient_id: UUID, version: int, wanted: schemas.DemographicsUpdate
) -> schemas.Demographics:
    """Exactly the version that was read is replaced; what Demographics does not show is kept."""
    current = await _known(work, patient_id)
    policy.check_version(current=current.version, expected=version)
    before = mapping.shown(current.resource)
    policy.check_kept("name", known=before.name.family, wanted=wanted.name.family)
    policy.check_kept("birth_date", known=before.birth_date, wanted=wanted.birth_date)
    resource = mapping.merged(current.resource, wanted)
    if resource == current.resource:
        await _record(work, caller, action="U", resource="demographics", patient_id=patient_id)
        return mapping.demographics_of(current)
    number = wanted.nhs_number if wanted.nhs_number != before.nhs_number else None
    intent = WritePatient(patient_id=patient_id, version=version, resource=resource, nhs_number=number)
    # Without pairs of backslashes: they stand for one in the text.
    if "\\u0000" in intent.model_dump_json().replace("\\\\", ""):
        raise PatientRefused("The record has U+0000 in it, from another system, and Quill cannot store that")
    completed = await _write(work, caller.actor, (WRITE_PATIENT, intent), nhs_number=number, key=None)
    return mapping.demographics_of(completed.committed or current)


async def search_patients(
    work: PatientsWork, caller: Caller, *, query: schemas.PatientQuery
) -> Page[schemas.PatientListed]:
    """A page in the order of names, from our own index: it works while the FHIR server is away."""
    after = None if query.cursor is None else _position(query.cursor)
    exact = {name: getattr(query, name) for name in ("birth_date", "gender", "nhs_number")}
    async with work.transaction() as session:
        found = await repository.find_patients(session, _prefixes(query), exact, limit=query.limit + 1, after=after)
        work.audit(session, caller.actor, Access(action="E", resource="patient"))
    items = [schemas.PatientListed.model_validate(row, from_attributes=True) for row in found.patients[: query.limit]]
    more = len(found.patients) > query.limit
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].patient_id), found.leading) if more else None)


def _prefixes(query: schemas.PatientQuery) -> list[Prefix]:
    typed: tuple[tuple[str, Part], ...] = ((query.q, None), (query.family, "family"), (query.given, "given"))
    return [Prefix(word, part) for text, part in typed for word in names.words_typed(text)]


async def verify_patient(
    work: PatientsWork, caller: Caller, *, wanted: schemas.PatientVerify
) -> schemas.PatientVerified:
    """Whether the FHIR server has the patient now, active or not, and whoever gave the number."""
    patient_id = wanted.patient_id
    if wanted.nhs_number is None:
        exists = patient_id is not None and await _current(work, patient_id) is not None
        patient_id = patient_id if exists else None
    else:
        holders = await work.backend.holders([wanted.nhs_number])
        exists, patient_id = bool(holders), next(filter(None, map(own_id, holders)), None)
        if patient_id is None:
            await _ask_for_holder(work, wanted.nhs_number)
    await work.record(caller.actor, Access(action="E", resource="patient", patient_id=patient_id))
    return schemas.PatientVerified(exists=exists, patient_id=patient_id)


async def _write[I: BaseModel, C](
    work: PatientsWork,
    actor: Actor,
    operation: tuple[OperationKind[FhirServer, I, C], I],
    *,
    nhs_number: str | None,
    key: Idempotency | None,
) -> Completed[C]:
    """Carry a write through; `nhs_number` is the one that it may be refused for."""
    kind, intent = operation
    try:
        return await work.operation(kind, intent, actor=actor, idempotency=key)
    except NhsNumberTaken:
        # Others may have deleted the patient who has the number, or taken it from them, in the FHIR server.
        if nhs_number is None or not await _ask_for_holder(work, nhs_number):
            raise
    return await work.operation(kind, intent, actor=actor, idempotency=key)


async def _ask_for_holder(work: PatientsWork, nhs_number: str) -> bool:
    """Let our tables follow the FHIR server about the patient who has this number; False when nobody has it settled."""
    async with work.transaction() as session:
        holder = await repository.nhs_number_holder(session, nhs_number)
    if holder is None:
        return False
    patient = await _current(work, holder)
    if patient is not None:
        async with work.transaction() as session:
            await index_patients(session, [patient])
    return True


async def _current(work: PatientsWork, patient_id: UUID) -> StoredPatient | None:
    """What the FHIR server has now; whom it does not have is forgotten here too."""
    patient = await work.backend.read(patient_id)
    if patient is None:
        async with work.transaction() as session:
            await repository.forget_patient(session, patient_id)
    return patient


async def _known(work: PatientsWork, patient_id: UUID) -> StoredPatient:
    patient = await _current(work, patient_id)
    if patient is None:
        raise NotFound
    return patient


async def _record(work: PatientsWork, caller: Caller, *, action: Action, resource: str, patient_id: UUID) -> None:
    access = Access(action=action, resource=resource, resource_id=str(patient_id), patient_id=patient_id)
    await work.record(caller.actor, access)


def _position(cursor: str) -> tuple[UUID, int]:
    patient_id, leading = decode_cursor(cursor, str, int)
    try:
        return UUID(patient_id), leading
    except ValueError as error:
        raise Invalid.cursor() from error
