"""The use case of an import: each patient once, whatever is killed on the way, and no faster than was asked for."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID, uuid4

import tenacity
from common.audit import Actor
from common.errors import BeingWorkedOn, QuillError
from sqlalchemy.ext.asyncio import AsyncSession

from patients import mapping, policy, repository, service
from patients.errors import NhsNumberTaken
from patients.importing.fitting import fit, patient_id_of
from patients.importing.report import Report
from patients.importing.sources import Json, Refused, Row, Sources
from patients.operations import ImportPatients
from patients.service import Imported, PatientsWork

CHUNK = 500
TOGETHER = 25
LARGEST = 192 * 1024  # of a group; the FHIR server takes requests of 256 KB
# No account has this id: in the audit trail it stands for whoever ran the command, and the request id for the run.
IMPORTER = UUID("00000000-0000-5000-8000-696d706f7274")
_AS_ANOTHER = Refused(("Patient", "was imported with another birth date or NHS number; nobody is changed by an import"))
_DELETED = Refused(("Patient", "was imported, and deleted in the FHIR server since"))


@dataclass(slots=True)
class Pace:
    """Lets through so many a second at most; None for any number."""

    rate: float | None
    _next: float = 0.0

    def group(self, most: int) -> int:
        """How many may go together, so that there is a group each second."""
        return most if self.rate is None else max(1, min(most, int(self.rate)))

    async def wait(self, number: int) -> None:
        """Until it is the turn of so many."""
        if self.rate is not None:
            now = asyncio.get_running_loop().time()
            turn = max(now, self._next)
            self._next = turn + number / self.rate
            await asyncio.sleep(turn - now)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that Quill could take."""

    place: str
    patient_id: UUID
    resource: Json
    nhs_number: str | None


def groups_of(candidates: Iterable[Candidate], most: int, held: Mapping[str, UUID]) -> Iterator[Sequence[Candidate]]:
    """As they can be written together: not too many, not too long, no two with one id or one NHS number. Whose number
    somebody holds goes alone: a group would be refused for it."""
    group, length, met = list[Candidate](), 0, set[object]()
    for one in candidates:
        ids, size = {one.patient_id, one.nhs_number or one.patient_id}, len(json.dumps(one.resource))
        if held.get(one.nhs_number or "", one.patient_id) != one.patient_id:
            yield [one]
            continue
        if group and (len(group) == most or length + size > LARGEST or ids & met):
            yield group
            group, length, met = [], 0, set()
        group, length, met = [*group, one], length + size, met | ids
    if group:
        yield group


@dataclass(frozen=True, kw_only=True)
class Import:
    """One run. `source` is a URI that names the other system; so many groups of `together` patients are under way
    `at_once`."""

    work: PatientsWork
    source: str
    report: Report
    pace: Pace
    at_once: int = 4
    together: int = TOGETHER
    dry_run: bool = False
    patience: float = 60.0  # seconds
    actor: Actor = field(default_factory=lambda: Actor(user_id=IMPORTER, roles=("import",), request_id=str(uuid4())))
    _numbers: dict[str, UUID] = field(default_factory=dict)  # that a dry run would have given

    async def run(self, sources: Sources) -> None:
        """Import what is not there yet.

        Raises:
            QuillError: the FHIR server or the database has been away for longer than `patience`; run it again to go on.
        """
        rows = sources.rows()
        while chunk := await asyncio.to_thread(lambda: list(islice(rows, CHUNK))):
            missing = await self._missing(self._candidates(chunk))
            if self.dry_run:
                await self._foresee(missing)
            else:
                await self._write_all(missing)
            self.report.progress()

    def _candidates(self, chunk: Sequence[Row]) -> Iterator[Candidate]:
        for row in chunk:
            try:
                if isinstance(row.resource, Refused):
                    raise row.resource
                patient_id = patient_id_of(row, row.resource, source=self.source)
                resource, dropped = fit(row.resource)
            except Refused as refusal:
                self.report.refuse(row.place, refusal)
            else:
                self.report.dropped += dropped
                yield Candidate(row.place, patient_id, resource, mapping.shown(resource).nhs_number)

    async def _missing(self, candidates: Iterator[Candidate]) -> list[Candidate]:
        """Those that are not there, so that going on after a break takes no time."""
        told = list(candidates)
        known = await self._settled(self._look_up, repository.known_patients, [one.patient_id for one in told])
        for one in told:
            if (row := known.get(one.patient_id)) is not None:
                same = policy.may_be_one_person(row, mapping.shown(one.resource))
                self._note(one, Imported.EARLIER if same else Imported.AS_ANOTHER)
        return [one for one in told if one.patient_id not in known]

    async def _foresee(self, missing: Sequence[Candidate]) -> None:
        """What would become of them, as far as our own tables tell."""
        self._numbers.update(await self._holders(missing))
        for one in missing:
            if self._numbers.setdefault(one.nhs_number or str(one.patient_id), one.patient_id) == one.patient_id:
                self._note(one, Imported.NOW)
            else:
                self.report.refuse(one.place, _refused(NhsNumberTaken()))

    async def _holders(self, missing: Sequence[Candidate]) -> Mapping[str, UUID]:
        numbers = [one.nhs_number for one in missing if one.nhs_number is not None]
        return await self._settled(self._look_up, repository.nhs_number_holders, numbers)

    async def _write_all(self, missing: Sequence[Candidate]) -> None:
        waiting = groups_of(missing, self.pace.group(self.together), await self._holders(missing))

        async def write_some() -> None:
            for group in waiting:
                await self.pace.wait(len(group))
                await self._write(group)
                self.report.progress()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.at_once):
                tasks.create_task(write_some())

    async def _write(self, group: Sequence[Candidate]) -> None:
        """One operation; if it is refused, one for each, so that only whom it is about is refused."""
        try:
            new = ImportPatients(
                resources={one.patient_id: one.resource for one in group},
                nhs_numbers={one.nhs_number: one.patient_id for one in group if one.nhs_number is not None},
            )
            imported = await self._settled(service.import_patients, self.work, self.actor, new)
        except QuillError as refusal:
            if _may_settle(refusal):
                raise
            if len(group) == 1:
                self.report.refuse(group[0].place, _refused(refusal))
                return
            for one in group:
                await self._write([one])
        else:
            for one, outcome in zip(group, imported, strict=True):
                self._note(one, outcome)

    async def _look_up[K, V](
        self, query: Callable[[AsyncSession, Sequence[K]], Awaitable[Mapping[K, V]]], keys: Sequence[K]
    ) -> Mapping[K, V]:
        async with self.work.transaction() as session:
            return await query(session, keys)

    async def _settled[**P, T](self, ask: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask until it is settled. A write is the same operation each time, so that no attempt is a second one."""
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_may_settle),
            wait=tenacity.wait_random_exponential(max=5),
            stop=tenacity.stop_after_delay(self.patience),
            before_sleep=self._say_why,
            reraise=True,
        )
        answer: T = await retrying(ask, *args, **kwargs)
        return answer

    def _say_why(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        an_earlier = "what an earlier run began is being completed"
        self.report.progress(waiting_for=an_earlier if isinstance(error, BeingWorkedOn) else str(error))

    def _note(self, one: Candidate, imported: Imported) -> None:
        match imported:
            case Imported.NOW:
                self.report.imported += 1
            case Imported.EARLIER:
                self.report.present += 1
            case Imported.AS_ANOTHER:
                self.report.refuse(one.place, _AS_ANOTHER)
            case Imported.DELETED:
                self.report.refuse(one.place, _DELETED)


def _may_settle(error: BaseException) -> bool:
    return isinstance(error, BeingWorkedOn) or (isinstance(error, QuillError) and error.retryable)


def _refused(refusal: QuillError) -> Refused:
    return Refused(("Patient.identifier" if refusal.slug == NhsNumberTaken.slug else "Patient", str(refusal.detail)))
