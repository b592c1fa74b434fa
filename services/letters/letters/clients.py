"""The systems that letters asks: its openEHR server, and patients and auth in the caller's name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import httpx
from common import clock, http
from common.auth import Caller
from common.errors import BackendUnavailable, Forbidden, NotFound, QuillError, Unauthenticated
from common.health import LIVES
from pydantic import BaseModel, ConfigDict, ValidationError

from letters import ehrbase
from letters.ehrbase import EHRbase
from letters.letter import Author, PatientIdentity
from letters.printer import Printer
from letters.settings import Settings

ANSWER_SECONDS = 1.0
NAMES_KEPT = 1000
REFUSALS: dict[int, type[QuillError]] = {401: Unauthenticated, 403: Forbidden, 404: NotFound}


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class _Standing(_Answer):
    active: bool


class _Name(_Answer):
    prefix: list[str]
    given: list[str]
    family: str | None


class _Identity(_Answer):
    name: _Name
    birth_date: date | None
    nhs_number: str | None


class _User(_Answer):
    username: str
    display_name: str | None = None


async def _fetch(client: httpx.AsyncClient, path: str, *, caller: Caller) -> bytes:
    bearer = {"Authorization": f"Bearer {caller.token}"}
    response = await http.call(client, "GET", path, headers=bearer)
    if response.status_code != 200:
        raise REFUSALS.get(response.status_code, BackendUnavailable)
    return response.content


async def _ask[A: _Answer](client: httpx.AsyncClient, path: str, *, caller: Caller, answer: type[A]) -> A:
    content = await _fetch(client, path, caller=caller)
    try:
        return answer.model_validate_json(content)
    except ValidationError as error:
        raise BackendUnavailable from error


class Patients:
    """What letters wants to know of the patients service."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def is_active(self, patient_id: UUID, *, caller: Caller) -> bool:
        """Whether the patient's record is active, asked with the caller's token, within a second.

        What the caller does with the answer is in the audit trail; asking is not.

        Raises:
            NotFound: there is no such patient for this caller.
            BackendUnavailable: patients does not say.
        """
        return (await self._ask(patient_id, caller=caller, answer=_Standing)).active

    async def identify(self, patient_id: UUID, *, caller: Caller) -> PatientIdentity:
        """Who the patient is. Asked, recorded and refused as `is_active`."""
        told = await self._ask(patient_id, caller=caller, answer=_Identity)
        words = [*told.name.prefix, *told.name.given, told.name.family or ""]
        return PatientIdentity(
            name=" ".join(filter(None, words)), birth_date=told.birth_date, nhs_number=told.nhs_number
        )

    async def get_resource(self, patient_id: UUID, *, caller: Caller) -> bytes:
        """The patient as FHIR R4 JSON; patients records that the caller read it. Refused as `is_active`."""
        return await _fetch(self._client, f"/api/fhir/patients/{patient_id}", caller=caller)

    async def _ask[A: _Answer](self, patient_id: UUID, *, caller: Caller, answer: type[A]) -> A:
        return await _ask(self._client, f"/internal/patients/{patient_id}", caller=caller, answer=answer)


class Users:
    """The names that auth knows its users by; tokens carry none."""

    def __init__(self, client: httpx.AsyncClient, *, fresh_seconds: float = 300.0) -> None:
        self._client, self._fresh_seconds = client, fresh_seconds
        self._names: dict[UUID, tuple[str, float]] = {}

    async def author_of(self, caller: Caller) -> Author:
        """The caller as author; a name is asked for again when it is not fresh, and used longer while auth is silent.

        Raises:
            BackendUnavailable: auth does not say, and we have not heard the name before.
        """
        name, heard_at = self._names.get(caller.user_id, ("", float("-inf")))
        if clock.monotonic() - heard_at > self._fresh_seconds:
            try:
                name = await self._ask_name(caller)
            except BackendUnavailable:
                if not name:
                    raise
        return Author(id=caller.user_id, name=name)

    async def _ask_name(self, caller: Caller) -> str:
        user = await _ask(self._client, "/api/auth/me", caller=caller, answer=_User)
        name = (user.display_name or "").strip() or user.username
        if len(self._names) >= NAMES_KEPT:
            self._names.clear()
        self._names[caller.user_id] = (name, clock.monotonic())
        return name


@dataclass(frozen=True, slots=True)
class Backends:
    """All that letters needs beside its database, for the life of the process."""

    ehrbase: EHRbase
    patients: Patients
    users: Users
    printer: Printer


@asynccontextmanager
async def open_backends(settings: Settings) -> AsyncIterator[Backends]:
    """Open the clients; no connection is made before the first call."""
    credentials = (settings.ehrbase_user, settings.ehrbase_password.get_secret_value())
    base_url = settings.ehrbase_url.rstrip("/")
    patience = ehrbase.TIMEOUT_SECONDS
    async with (
        http.create_client(base_url, "openehr", timeout=patience, auth=credentials, probe=ehrbase.PROBE) as openehr,
        http.create_client(settings.patients_url, "patients", timeout=ANSWER_SECONDS, probe=LIVES) as patients,
        http.create_client(settings.auth_url, "auth", timeout=ANSWER_SECONDS, probe=LIVES) as auth,
    ):
        record = EHRbase(openehr, system_id=settings.ehrbase_system_id)
        yield Backends(record, Patients(patients), Users(auth), Printer(settings))
