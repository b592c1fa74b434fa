"""The FHIR server: parsed answers or a named error. Its own words are never passed on, they quote patients."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from common import http
from common.errors import BackendUnavailable, NotFound, VersionStale
from common.rest import CANONICAL_UUID

from patients.errors import NhsNumberTaken, PatientRefused
from patients.policy import NHS_NUMBER_SYSTEM

PAGE_SIZE = 100  # with no-store, HAPI finds no more at once, whatever it is asked for (measured)
REFUSED = {400, 413, 422}
_NOBODY = UUID(int=0)
_FRESH = {"Accept": "application/fhir+json", "Cache-Control": "no-store"}
_FHIR_JSON = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"}


@dataclass(frozen=True, slots=True)
class StoredPatient:
    """A version of a Patient resource as the server keeps it."""

    patient_id: UUID
    version: int
    resource: dict[str, Any]

    def is_by(self, operation_id: UUID) -> bool:
        """Whether this version was written for that operation: HAPI keeps the X-Request-Id of a write with it."""
        return str(self.resource["meta"].get("source")).rpartition("#")[2] == _mark(operation_id)


class FhirServer:
    """HAPI FHIR R4, as far as patients are concerned."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def read(self, patient_id: UUID) -> StoredPatient | None:
        """The current version; None when absent or deleted."""
        return await self._get(f"Patient/{patient_id}")

    async def read_version(self, patient_id: UUID, version: int) -> StoredPatient | None:
        """One version; None when there is none, or when it is the deletion."""
        return await self._get(f"Patient/{patient_id}/_history/{version}")

    async def write(
        self, patient_id: UUID, resource: dict[str, Any], *, version: int, operation_id: UUID
    ) -> StoredPatient:
        """Store the version after `version`, 0 for a new patient; unchanged content keeps its version. Idempotent.

        Raises VersionStale or NotFound when somebody else has changed or deleted it, PatientRefused when the server
        does not take it.
        """
        # No resource has version 0, so that an existing one is not overwritten (HAPI ignores If-None-Match on PUT).
        headers = {**_FHIR_JSON, "If-Match": f'W/"{version}"', "X-Request-Id": _mark(operation_id)}
        body = _patient(patient_id, resource)
        response = await http.call(self._client, "PUT", f"Patient/{patient_id}", json=body, headers=headers)
        if response.status_code in REFUSED:
            raise PatientRefused
        if response.status_code not in {409, 412}:
            return _parse(_json(response))
        following = await self.read_version(patient_id, version + 1)
        if following is not None and following.is_by(operation_id):
            return following  # an earlier attempt, whose answer was lost
        if following is not None:
            raise VersionStale
        if version > 0 and await self.read(patient_id) is None:
            raise NotFound
        raise BackendUnavailable  # another attempt is not committed yet

    async def write_new(self, resources: Mapping[UUID, dict[str, Any]], *, operation_id: UUID) -> list[StoredPatient]:
        """Store the first versions of new patients, all of them or none. Idempotent.

        Raises VersionStale when somebody else has written one of them, PatientRefused when the server does not take
        one.
        """
        entries = [
            {
                "resource": _patient(patient_id, resource),
                "request": {"method": "PUT", "url": f"Patient/{patient_id}", "ifMatch": 'W/"0"'},  # as in `write`
            }
            for patient_id, resource in resources.items()
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        headers = {**_FHIR_JSON, "X-Request-Id": _mark(operation_id)}
        response = await http.call(self._client, "POST", "", json=bundle, headers=headers)
        if response.status_code in REFUSED:
            raise PatientRefused
        if response.status_code not in {409, 412}:
            _check_all_new(_json(response), resources)
            return [StoredPatient(patient_id, 1, resource) for patient_id, resource in resources.items()]
        written = await self.find_new(resources, operation_id=operation_id)
        if written is None:
            raise BackendUnavailable  # another attempt is not committed yet
        return written

    async def find_new(self, patient_ids: Collection[UUID], *, operation_id: UUID) -> list[StoredPatient] | None:
        """What that operation wrote as the first versions of these patients; None if nobody did. Raises VersionStale
        when somebody else wrote one of them."""
        versions = await asyncio.gather(*(self.read_version(patient_id, 1) for patient_id in patient_ids))
        written = [one for one in versions if one is not None]
        if not all(one.is_by(operation_id) for one in written):
            raise VersionStale
        return written if len(written) == len(patient_ids) else None

    async def find_written(self, patient_id: UUID, *, version: int, operation_id: UUID) -> StoredPatient | None:
        """What that operation wrote in the place of `version`; None if it did not."""
        following = await self.read_version(patient_id, version + 1)
        return following if following is not None and following.is_by(operation_id) else None

    async def holders(self, nhs_numbers: Collection[str]) -> list[str]:
        """The ids, of any form, of those who have one of these numbers now."""
        tokens = ",".join(f"{NHS_NUMBER_SYSTEM}|{number}" for number in nhs_numbers)
        query = {"identifier": tokens, "_count": str(PAGE_SIZE)}
        return [str(resource.get("id")) for resource in await self._search(query)]

    async def check_nhs_numbers(self, numbers: Mapping[str, UUID]) -> None:
        """Others may write to the server too, under ids of any form. Raises NhsNumberTaken when they gave one of the
        numbers to somebody who is not among these patients."""
        if numbers and set(await self.holders(numbers)) - set(map(str, numbers.values())):
            raise NhsNumberTaken

    async def page(self, offset: int) -> list[StoredPatient | None]:
        """Some of all patients, in the order of their ids; None for one whose id has not the form that we give."""
        found = await self._search({"_sort": "_id", "_offset": str(offset), "_count": str(PAGE_SIZE)})
        return [_parse(one) if own_id(str(one.get("id"))) else None for one in found]

    async def check(self) -> None:
        """Raises BackendUnavailable unless the server answers from its database (its metadata come without it)."""
        await self.read(_NOBODY)

    async def _get(self, path: str) -> StoredPatient | None:
        response = await http.call(self._client, "GET", path, headers=_FRESH)
        return None if response.status_code in {404, 410} else _parse(_json(response))

    async def _search(self, query: dict[str, str]) -> list[dict[str, Any]]:
        bundle = _json(await http.call(self._client, "POST", "Patient/_search", data=query, headers=_FRESH))
        entries = bundle.get("entry", [])
        if bundle.get("resourceType") != "Bundle" or not isinstance(entries, list):
            raise BackendUnavailable
        found = [entry.get("resource") for entry in entries if isinstance(entry, dict)]
        return [resource for resource in found if isinstance(resource, dict)]


@asynccontextmanager
async def open_fhir(url: str, *, timeout: float = 4.0) -> AsyncIterator[FhirServer]:
    """A client of the FHIR server whose base is `url`; it waits at most `timeout` seconds for an answer."""
    async with http.create_client(f"{url}/", "fhir", timeout=timeout, probe=f"/Patient/{_NOBODY}") as client:
        yield FhirServer(client)


def own_id(found: str) -> UUID | None:
    """An id, if it has the form that we give."""
    return UUID(found) if CANONICAL_UUID.fullmatch(found) else None


def _mark(operation_id: UUID) -> str:
    return operation_id.hex[:16]  # HAPI keeps 16 characters


def _patient(patient_id: UUID, resource: dict[str, Any]) -> dict[str, Any]:
    return {**resource, "resourceType": "Patient", "id": str(patient_id)}


def _check_all_new(answer: dict[str, Any], patient_ids: Collection[UUID]) -> None:
    try:
        written = [str(entry["response"]["location"]) for entry in answer["entry"]]
    except (KeyError, TypeError) as error:
        raise BackendUnavailable from error
    wanted = [f"Patient/{patient_id}/_history/1" for patient_id in patient_ids]
    if len(written) != len(wanted) or not all(map(str.endswith, written, wanted)):
        raise BackendUnavailable


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json() if response.status_code in {200, 201} else None
    except ValueError as error:
        raise BackendUnavailable from error
    if not isinstance(document, dict):
        raise BackendUnavailable
    return document


def _parse(resource: dict[str, Any]) -> StoredPatient:
    try:
        patient = StoredPatient(UUID(resource["id"]), int(resource["meta"]["versionId"]), resource)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BackendUnavailable from error
    if resource.get("resourceType") != "Patient":
        raise BackendUnavailable
    return patient
