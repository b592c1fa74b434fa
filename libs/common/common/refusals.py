"""Refused calls for clinical or demographic data: each is in the audit trail before it is answered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.requests import Request

from common.audit import Access
from common.auth import Caller
from common.errors import QuillError
from common.fhir import bare_id

MOST_ADDRESSES = 1000


async def record(request: Request, error: Exception, *, access: Access, token: str) -> None:
    """Store that a call was refused, in a transaction of its own, or count it if nobody knows whose call it was.

    Args:
        error: why. A failure on our side (5xx) is no refusal: nothing was decided, and the call may be repeated.
        access: what the route says of itself, and how it ended; 401 and 403 always deny.
        token: the bearer's, if any: it tells who calls, even if it does not let them in any more.

    Raises:
        StorageUnavailable: it cannot be stored, and so the refusal is not given either.
    """
    status = error.status if isinstance(error, QuillError) else 422
    if status >= 500:
        return
    runtime, address = request.app.state.runtime, request.client.host if request.client else None
    caller: Caller | None = getattr(request.state, "caller", None) or await runtime.gate.identify(token)
    if caller is None:
        runtime.work.strangers.count(address)
        return
    actor = replace(caller.actor, address=address, request_id=request.state.request_id)
    outcome = "denied" if status in {401, 403} else access.outcome
    await runtime.work.record(actor, replace(access, outcome=outcome, **_named(request)))


def patient_asked_for(request: Request) -> str | None:
    """Whose record a request names: in its path, or as the `patient` of a FHIR search, which may be a reference."""
    named: str | None = request.path_params.get("patient_id") or request.query_params.get("patient")
    return bare_id(named) if named else None


def _named(request: Request) -> dict[str, Any]:
    """The patient and the thing that the path names by their ids; the patient may stand in the body instead."""
    path, body = request.path_params, getattr(request, "_json", None)
    asked = patient_asked_for(request) or (body.get("patient_id") if isinstance(body, dict) else None)
    others = [value for name, value in path.items() if name != "patient_id" and _id(value)]
    return {"patient_id": _id(asked), "resource_id": others[0] if others else None}


def _id(value: object) -> UUID | None:
    try:
        found = UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if str(found) == value else None


class Strangers:
    """Refusals that anybody can cause any number of, counted by address: of callers whom nobody knows, and for too many
    tries.

    What a minute brought becomes one entry for each address: without actor and request, its resource `anonymous`, its
    resource_id the number of refusals.
    """

    def __init__(self) -> None:
        self._refused: Counter[str | None] = Counter()

    def count(self, address: str | None, number: int = 1) -> None:
        """Count refusals; those from more addresses than can be told apart are counted without one."""
        known = address in self._refused or len(self._refused) < MOST_ADDRESSES
        self._refused[address if known else None] += number

    def take(self) -> Mapping[str | None, int]:
        """What was counted since the last time."""
        taken, self._refused = self._refused, Counter()
        return taken
