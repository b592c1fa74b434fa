"""The FHIR server: parsed answers or a named error. Its own words are never passed on, they quote patients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from common import http
from common.errors import BackendUnavailable, NotFound, VersionStale
from common.rest import CANONICAL_UUID

from patients.errors import PatientRefused
from patients.policy import NHS_NUMBER_SYSTEM

_FHIR_JSON = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"}
_FRESH = {"Accept": "application/fhir+json", "Cache-Control": "no-store"}
_NOBODY = UUID(int=0)
PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class StoredPatient:
    """A version of a Patient resource as the server keeps it."""

    patient_id: UUID
    version: int
    resource: dict[str, Any]

    def is_by(self, operation_id: UUID) -> bool:
        """Whether this version was written for that operation: HAPI keeps the start of our X-Request-Id with it."""
        source = self.resource.get("meta", {}).get("source")
        return isinstance(source, str) and source.rpartition("#")[2] == _mark(operation_id)


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

    async def create(self, patient_id: UUID, resource: dict[str, Any]) -> StoredPatient:
        """Store version 1 under our id. Idempotent: when it is there already, it is read.

        Raises:
            PatientRefused: the server does not take it.
        """
        # No resource has version 0, so that an existing one is never overwritten (HAPI ignores If-None-Match here).
        created = await self._put(patient_id, resource, if_version=0, operation_id=patient_id)
        created = created or await self.read_version(patient_id, 1)
        if created is None:
            raise BackendUnavailable  # another attempt of ours is not committed yet
        return created

    async def update(
        self, patient_id: UUID, resource: dict[str, Any], *, version: int, operation_id: UUID
    ) -> StoredPatient:
        """Store the version after `version`; unchanged content keeps the version. Idempotent by `operation_id`.

        Raises:
            VersionStale: somebody else has changed it since `version`.
            NotFound: somebody has deleted it.
            PatientRefused: the server does not take it.
        """
        updated = await self._put(patient_id, resource, if_version=version, operation_id=operation_id)
        if updated is not None:
            return updated
        following = await self.read_version(patient_id, version + 1)
        if following is not None:
            if following.is_by(operation_id):
                return following
            raise VersionStale
        current = await self.read(patient_id)
        if current is None:
            raise NotFound
        raise BackendUnavailable

    async def find_nhs_number(self, nhs_number: str) -> list[str]:
        """Ids of the patients that have this number now, whoever wrote them and whatever ids they chose."""
        query = {"identifier": f"{NHS_NUMBER_SYSTEM}|{nhs_number}", "_count": "10"}
        return [str(resource.get("id")) for resource in await self._search(query)]

    async def page(self, offset: int) -> tuple[int, list[StoredPatient]]:
        """All patients, a page at a time, in the order of their ids.

        Returns:
            How many there were, 0 being the end, and those whose ids are of the form that we give.
        """
        found = await self._search({"_sort": "_id", "_offset": str(offset), "_count": str(PAGE_SIZE)})
        return len(found), [_parse(resource) for resource in found if _is_uuid(resource.get("id"))]

    async def check(self) -> None:
        """Raises BackendUnavailable unless the server answers from its database (its metadata come without it)."""
        await self.read(_NOBODY)

    async def _get(self, path: str) -> StoredPatient | None:
        response = await http.call(self._client, "GET", path, headers=_FRESH)
        if response.status_code in {404, 410}:
            return None
        return _parse(_json(response))

    async def _search(self, query: dict[str, str]) -> list[dict[str, Any]]:
        form = {"Content-Type": "application/x-www-form-urlencoded", **_FRESH}
        bundle = _json(await http.call(self._client, "POST", "Patient/_search", data=query, headers=form))
        entries = bundle.get("entry", [])
        if bundle.get("resourceType") != "Bundle" or not isinstance(entries, list):
            raise BackendUnavailable
        found = [entry.get("resource") for entry in entries if isinstance(entry, dict)]
        return [resource for resource in found if isinstance(resource, dict)]

    async def _put(
        self, patient_id: UUID, resource: dict[str, Any], *, if_version: int, operation_id: UUID
    ) -> StoredPatient | None:
        """None means a conflict (409)."""
        headers = {**_FHIR_JSON, "If-Match": f'W/"{if_version}"', "X-Request-Id": _mark(operation_id)}
        body = {**resource, "resourceType": "Patient", "id": str(patient_id)}
        response = await http.call(self._client, "PUT", f"Patient/{patient_id}", json=body, headers=headers)
        if response.status_code in {409, 412}:
            return None
        if response.status_code in {400, 413, 422}:
            raise PatientRefused
        return _parse(_json(response))


@asynccontextmanager
async def open_fhir(url: str) -> AsyncIterator[FhirServer]:
    """The client for the life of the process.

    Args:
        url: the server's FHIR base, without a slash at its end.
    """
    async with http.create_client(f"{url}/", timeout=4.0) as client:
        yield FhirServer(client)


def _mark(operation_id: UUID) -> str:
    return operation_id.hex[:16]  # HAPI keeps 16 characters


def _json(response: httpx.Response) -> dict[str, Any]:
    if response.status_code not in {200, 201}:
        raise BackendUnavailable
    try:
        document = response.json()
    except ValueError as error:
        raise BackendUnavailable from error
    if not isinstance(document, dict):
        raise BackendUnavailable
    return document


def _is_uuid(text: object) -> bool:
    return isinstance(text, str) and CANONICAL_UUID.fullmatch(text) is not None


def _parse(resource: object) -> StoredPatient:
    try:
        if not isinstance(resource, dict) or resource["resourceType"] != "Patient":
            raise BackendUnavailable
        return StoredPatient(UUID(resource["id"]), int(resource["meta"]["versionId"]), resource)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BackendUnavailable from error
