"""The export of a record: all of it, for the patient or for a subject access request."""

import asyncio
from collections.abc import AsyncIterator
from itertools import batched
from uuid import UUID

from common import clock
from common.audit import Access
from common.auth import Caller
from common.work import Work

from letters import service
from letters.archive import File, archive_of
from letters.clients import Backends
from letters.letter import LetterHead, PatientIdentity
from letters.printer import AT_ONCE

PAGE = 100


async def export_record(work: Work[Backends], caller: Caller, *, patient_id: UUID) -> AsyncIterator[bytes]:
    """All that Quill has of a patient as one archive in pieces: their resource, every letter as PDF and each of its
    versions as openEHR has it. To be given it is not to have read every letter in it."""
    ehr_id = await service.ehr_of(work, caller, patient_id=patient_id)
    identity, resource, heads = await asyncio.gather(
        work.backend.patients.identify(patient_id, caller=caller),
        work.backend.patients.get_resource(patient_id, caller=caller),
        _list_all(work, ehr_id),
    )
    made_at = clock.now()

    async def files() -> AsyncIterator[File]:
        yield File("fhir/patient.json", resource, made_at)
        for some in batched(heads, AT_ONCE, strict=False):
            for found in await asyncio.gather(*(_files_of(work.backend, ehr_id, head, identity) for head in some)):
                for file in found:
                    yield file

    archive = await _begun(archive_of(files(), made_at=made_at), pieces=2)
    await work.record(caller.actor, Access(action="R", resource="export", patient_id=patient_id))
    return archive


async def _begun(archive: AsyncIterator[bytes], *, pieces: int) -> AsyncIterator[bytes]:
    """Make the first pieces before anything is answered: what fails in them, the first letter's too, can be told."""
    first = [await anext(archive) for _ in range(pieces)]

    async def whole() -> AsyncIterator[bytes]:
        for piece in first:
            yield piece
        async for piece in archive:
            yield piece

    return whole()


async def _list_all(work: Work[Backends], ehr_id: UUID) -> list[LetterHead]:
    heads, after = list[LetterHead](), None
    while found := await work.backend.ehrbase.list_letters(ehr_id, limit=PAGE, after=after):
        heads += [head for head, _ in found]
        after = found[-1][1]
    return heads


async def _files_of(backend: Backends, ehr_id: UUID, head: LetterHead, patient: PatientIdentity) -> list[File]:
    letter = await backend.ehrbase.get_letter(ehr_id, head.uid)
    changed_at = letter.amended_at or letter.sent_at
    pdf = await backend.printer.print(letter, patient)
    files = [File(f"letters/{letter.sent_at:%Y-%m-%d}-{letter.uid}.pdf", pdf, changed_at)]
    for version in range(1, letter.version + 1):
        content = await backend.ehrbase.get_composition(ehr_id, letter.uid, version=version)
        files.append(File(f"openehr/{letter.uid}-v{version}.json", content, changed_at))
    return files
