"""The patients service, asked with the caller's own token: it decides again whether the caller may know."""

from datetime import date
from uuid import UUID

import httpx
from common import http
from common.auth import Caller
from common.errors import BackendUnavailable, NotFound, Unauthenticated


async def get_birth_date(patients: httpx.AsyncClient, caller: Caller, *, patient_id: UUID) -> date | None:
    """The birth date of a patient's record, for an act of the caller that is in the audit trail.

    Raises:
        NotFound: there is no such record.
        Unauthenticated: the caller's session ended meanwhile.
        BackendUnavailable: patients is away, or does not answer as agreed.
    """
    headers = {"Authorization": f"Bearer {caller.token}"}
    answer = await http.call(patients, "GET", f"/internal/patients/{patient_id}", headers=headers)
    if answer.status_code == 404:
        raise NotFound
    if answer.status_code == 401:
        raise Unauthenticated
    try:
        told = answer.json()["birth_date"]
        return None if told is None else date.fromisoformat(told)
    except (ValueError, KeyError, TypeError) as error:
        raise BackendUnavailable from error
