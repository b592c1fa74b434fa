"""What the search index keeps of a patient, and how it is made anew from the FHIR server."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from common import clock
from common.work import Work
from sqlalchemy.ext.asyncio import AsyncSession

from patients import mapping, names, repository
from patients.fhir import FhirServer, StoredPatient
from patients.models import IndexedPatient, IndexedWord


async def index_patients(session: AsyncSession, found: Sequence[StoredPatient], before: datetime | None = None) -> None:
    """Make versions of different patients findable by all their names, former ones too, and their NHS numbers held. A
    version gives way to a newer one, and to any if it was last seen before that time."""
    indexed = [_index_of(patient) for patient in found]
    words = [word for _, words in indexed for word in words]
    await repository.index_patients(session, [row for row, _ in indexed], words=words, before=before)


def _index_of(patient: StoredPatient) -> tuple[IndexedPatient, list[IndexedWord]]:
    shown = mapping.shown(patient.resource)
    told = mapping.names_of(patient.resource)
    family = set(names.words_of(" ".join(name.family or "" for name in told)))
    given = set(names.words_of(" ".join(part for name in told for part in name.given)))
    row = IndexedPatient(
        patient_id=patient.patient_id,
        version=patient.version,
        sort_key=names.sort_key(shown.name.family, shown.name.given),
        name=shown.name.model_dump(),
        birth_date=shown.birth_date,
        gender=shown.gender,
        nhs_number=shown.nhs_number,
        active=shown.active,
        seen_at=clock.now(),
    )
    words = [
        IndexedWord(
            patient_id=row.patient_id,
            word=word,
            sort_key=row.sort_key,
            in_family=word in family,
            in_given=word in given,
        )
        for word in family | given
    ]
    return row, words


async def rebuild(work: Work[FhirServer]) -> tuple[int, int]:
    """Index every patient that the FHIR server has and forget the others; safe while the service runs. Tells how many
    were indexed and how many forgotten."""
    begun, offset, indexed = clock.now(), 0, 0
    while page := await work.backend.page(offset):
        found = [patient for patient in page if patient is not None]
        async with work.transaction() as session:
            # The server may have gone back to older versions, from a backup; and the service's clock be a little late.
            await index_patients(session, found, before=begun - timedelta(minutes=1))
        offset, indexed = offset + len(page), indexed + len(found)
    return indexed, await _forget_absent(work, begun)


async def _forget_absent(work: Work[FhirServer], begun: datetime) -> int:
    """A page can miss a patient when others were deleted meanwhile, so each is asked for by its id."""
    async with work.transaction() as session:
        unseen = await repository.unseen_since(session, begun)
    absent = [patient_id for patient_id in unseen if await work.backend.read(patient_id) is None]
    async with work.transaction() as session:
        for patient_id in absent:
            await repository.forget_patient(session, patient_id)
    return len(absent)
