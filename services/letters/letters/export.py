"""The export of a record: all of it, for the patient or for a subject access request."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from itertools import batched
from uuid import UUID

from common import clock
from common.audit import Access
from common.auth import Caller
from common.work import Work

from letters import service
from letters.archive import File, archive_of
from letters.clients import Backends
from letters.letter import LetterHead, Listed, PatientIdentity, StoredLetter
from letters.record import read_letter

TOGETHER = 25  # letters that are listed together
AT_ONCE = 4  # versions that are fetched at the same time


async def export_record(work: Work[Backends], caller: Caller, *, patient_id: UUID) -> AsyncIterator[bytes]:
    """All that Quill has of a patient as one archive in pieces: their resource, every letter as PDF and each of its
    versions as openEHR has it. To be given it is not to have read every letter in it."""
    newest = partial(work.backend.ehrbase.list_letters, limit=1, after=None)
    ehr_id, found = await service.in_ehr(work, caller, patient_id=patient_id, ask=newest)
    identity, resource = await asyncio.gather(
        work.backend.patients.identify(patient_id, caller=caller),
        work.backend.patients.get_resource(patient_id, caller=caller),
    )
    made_at, pages = clock.now(), _list_all(work.backend, ehr_id, found)
    first = _files_of(work.backend, ehr_id, await anext(pages, []), identity)
    begun = await anext(first, None)  # before anything is answered, so that its failure can be told

    async def files() -> AsyncIterator[File | None]:
        yield File("fhir/patient.json", resource, made_at)
        yield begun
        async for file in first:
            yield file
        async for heads in pages:
            async for file in _files_of(work.backend, ehr_id, heads, identity):
                yield file

    await work.record(caller.actor, Access(action="R", resource="export", patient_id=patient_id))
    return archive_of(files(), made_at=made_at)


async def _list_all(backend: Backends, ehr_id: UUID, found: Listed) -> AsyncIterator[list[LetterHead]]:
    """The newest alone, then page by page as the archive gets there: how many there are delays no beginning."""
    while found:
        yield [head for head, _ in found]
        found = await backend.ehrbase.list_letters(ehr_id, limit=TOGETHER, after=found[-1][1])


async def _files_of(
    backend: Backends, ehr_id: UUID, heads: Sequence[LetterHead], patient: PatientIdentity
) -> AsyncIterator[File | None]:
    """The versions of letters and their prints, as they were when they were listed; each as soon as it is there, and
    None now and then before a print."""
    letters = list[StoredLetter]()
    versions = ((head, number) for head in heads for number in range(1, head.version + 1))
    for some in batched(versions, AT_ONCE, strict=False):
        asked = (backend.ehrbase.get_composition(ehr_id, head.uid, version=number) for head, number in some)
        for (head, number), content in zip(some, await asyncio.gather(*asked), strict=True):
            yield File(f"openehr/{head.uid}-v{number}.json", content, head.changed_at)
            if number == head.version:
                letters.append(read_letter(content))
    prints = backend.printer.print_all(letters, patient)
    for letter in letters:
        while (pdf := await anext(prints)) is None:
            yield None
        yield File(f"letters/{letter.sent_at:%Y-%m-%d}-{letter.uid}.pdf", pdf, letter.changed_at)
