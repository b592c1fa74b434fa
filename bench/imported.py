"""What every store of a fleet holds of an import: all patients, and none twice. Only reads."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from uuid import UUID, uuid5

import httpx
import psycopg
from fhir_alone import FHIR, Json
from made_up_patients import NHS_NUMBER_SYSTEM
from measuring import Running
from native import postgres
from native.secrets import load_secrets

NAMESPACE = UUID("3d4f0f0e-5a51-4c55-9a0c-7f9f5d7f9b0e")  # docs/import.md
PAGE = 50  # a request line must fit into 8 KiB
ANNOUNCED = "SELECT body->>'patient_id' FROM outbox WHERE subject = 'quill.patients.v1.patient.created'"
AUDITED = "SELECT patient_id::text FROM audit_entries WHERE source = 'patients' AND action = 'C'"
# By service and place: what its database has of every patient once.
KEPT = {
    "announced": ("patients", ANNOUNCED),
    "found by the search": ("patients", "SELECT patient_id::text FROM indexed_patients"),
    "with an EHR": ("letters", "SELECT patient_id::text FROM patient_ehrs"),
    "in the audit trail": ("auth", AUDITED),
}
FOLLOWING = ("with an EHR", "in the audit trail")  # by events, after the import
PATIENCE, POLL_SECONDS = 120.0, 2.0  # seconds without any progress of those; between looks


def ids_of(people: Sequence[Json], *, source: str) -> dict[str, str | None]:
    """The ids that Quill gives to the patients of a source, with their NHS numbers."""
    return {str(uuid5(NAMESPACE, f"{source} Patient/{one['id']}")): _nhs_number(one) for one in people}


def _nhs_number(resource: Json) -> str | None:
    numbers = (one["value"] for one in resource.get("identifier", ()) if one.get("system") == NHS_NUMBER_SYSTEM)
    return next(numbers, None)


@dataclass(frozen=True)
class Stores:
    """The databases and the FHIR server of a running fleet."""

    fleet: Running

    def announced(self) -> int:
        """How many patients were announced so far: by this others see how far an import is."""
        return int(self._row("patients", f"SELECT count(*) FROM ({ANNOUNCED}) AS kept")[0])  # noqa: S608

    def wait_for_followers(self, wanted: Sequence[str]) -> bool:
        """Until everybody who follows events has them all; False when they stop before."""
        seen, moved_at = -1, time.monotonic()
        while time.monotonic() - moved_at < PATIENCE:
            now = sum(self._kept(place, wanted)[1] for place in FOLLOWING)
            if now == len(FOLLOWING) * len(wanted):
                return True
            if now != seen:
                seen, moved_at = now, time.monotonic()
            time.sleep(POLL_SECONDS)
        return False

    def faults(self, wanted: Mapping[str, str | None]) -> Iterator[str]:
        """A sentence for each place where somebody is missing, or is twice."""
        for place in KEPT:
            kept, persons = self._kept(place, list(wanted))
            if kept != persons or persons != len(wanted):
                yield f"{place}: {persons:,} of {len(wanted):,}, and {kept - persons:,} again"
        yield from self._faults_of_server(wanted)

    def _kept(self, place: str, wanted: Sequence[str]) -> tuple[int, int]:
        """How often these patients stand in a place, and how many of them do."""
        service, query = KEPT[place]
        count = f"SELECT count(*), count(DISTINCT id) FROM ({query}) AS kept (id) WHERE id = ANY(%s)"  # noqa: S608
        kept, persons = self._row(service, count, list(wanted))
        return kept, persons

    def _row(self, service: str, query: str, *values: object) -> Sequence[int]:
        port = self.fleet.processes["postgres"]["port"]
        password = load_secrets(self.fleet.home)[f"database_{service}"]
        with psycopg.connect(postgres.url(service, password, port=port, database=service)) as connection:
            return connection.execute(query, values).fetchone() or ()

    def _faults_of_server(self, wanted: Mapping[str, str | None]) -> Iterator[str]:
        url = self.fleet.processes["fhir"]["url"]
        with httpx.Client(base_url=url, headers=FHIR, timeout=60, trust_env=False) as fhir:
            found = dict[str, str | None]()
            for some in batched(wanted, PAGE, strict=False):
                answer = fhir.get("/Patient", params={"_id": ",".join(some), "_count": PAGE})
                found |= {one["id"]: _nhs_number(one) for one in _resources(answer) if one["meta"]["versionId"] == "1"}
            if found != wanted:
                right = len(found.items() & wanted.items())
                yield f"FHIR server: {right:,} of {len(wanted):,} as they were sent, in their first version"
            numbers = [number for number in wanted.values() if number is not None]
            yield from _faults_of_numbers(fhir, numbers)


def _faults_of_numbers(fhir: httpx.Client, numbers: Sequence[str]) -> Iterator[str]:
    """Nobody was written a second time under another id."""
    held = 0
    for some in batched(numbers, PAGE, strict=False):
        query = {"identifier": ",".join(f"{NHS_NUMBER_SYSTEM}|{number}" for number in some), "_summary": "count"}
        held += fhir.get("/Patient", params=query).raise_for_status().json()["total"]
    if held != len(numbers):
        yield f"FHIR server: {held:,} patients have one of the {len(numbers):,} NHS numbers"


def _resources(answer: httpx.Response) -> list[Json]:
    return [entry["resource"] for entry in answer.raise_for_status().json().get("entry", ())]
