"""The export of a record: all of it, for the patient or for a subject access request."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import batched, count
from uuid import UUID

from common import clock
from common.audit import Access
from common.auth import Caller
from common.work import Work

from letters import service
from letters.archive import File, archive_of
from letters.clients import Backends
from letters.letter import LetterHead, PatientIdentity
from letters.record import read_letter

TOGETHER = 25  # letters that are listed, fetched and printed together
AT_ONCE = 4  # of which so many are fetched at the same time


async def export_record(work: Work[Backends], caller: Caller, *, patient_id: UUID) -> AsyncIterator[bytes]:
    """All that Quill has of a patient as one archive in pieces: their resource, every letter as PDF and each of its
    versions as openEHR has it. To be given it is not to have read every letter in it."""
    ehr_id = await service.ehr_of(work, caller, patient_id=patient_id)
    identity, resource = await asyncio.gather(
        work.backend.patients.identify(patient_id, caller=caller),
        work.backend.patients.get_resource(patient_id, caller=caller),
    )
    made_at = clock.now()

    async def files() -> AsyncIterator[File]:
        yield File("fhir/patient.json", resource, made_at)
        async for heads in _list_all(work.backend, ehr_id):
            for file in await _files_of(work.backend, ehr_id, heads, identity):
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


async def _list_all(backend: Backends, ehr_id: UUID) -> AsyncIterator[list[LetterHead]]:
    """The newest alone, then page by page as the archive gets there: how many there are delays no beginning."""
    after, limit = None, 1
    while found := await backend.ehrbase.list_letters(ehr_id, limit=limit, after=after):
        yield [head for head, _ in found]
        after, limit = found[-1][1], TOGETHER


async def _files_of(
    backend: Backends, ehr_id: UUID, heads: Sequence[LetterHead], patient: PatientIdentity
) -> list[File]:
    """Each letter's print, and its versions, as they were when it was listed."""
    histories = list[list[bytes]]()
    for some in batched(heads, AT_ONCE, strict=False):
        histories += await asyncio.gather(*(_versions_of(backend, ehr_id, head) for head in some))
    letters = [read_letter(versions[-1]) for versions in histories]
    files = list[File]()
    for letter, pdf, versions in zip(
        letters, await backend.printer.print_all(letters, patient), histories, strict=True
    ):
        changed_at = letter.amended_at or letter.sent_at
        files.append(File(f"letters/{letter.sent_at:%Y-%m-%d}-{letter.uid}.pdf", pdf, changed_at))
        names = (f"openehr/{letter.uid}-v{number}.json" for number in count(1))
        files += [File(name, content, changed_at) for name, content in zip(names, versions, strict=False)]
    return files


async def _versions_of(backend: Backends, ehr_id: UUID, head: LetterHead) -> list[bytes]:
    get = backend.ehrbase.get_composition
    return [await get(ehr_id, head.uid, version=number) for number in range(1, head.version + 1)]
