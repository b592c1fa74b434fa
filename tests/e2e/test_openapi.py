"""What the OpenAPI documents say is true: what fits them, and what does not, is sent through Caddy by three callers.

`make fuzz` does at length what every test run does briefly.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from access import read_calls
from common.rest import CANONICAL_UUID
from e2e.client import REFRESH_COOKIE, Person, demo_person, new_linked_patient, new_patient_account, new_staff
from fleet import Fleet
from hypothesis import HealthCheck, Phase, settings
from oidc_provider import OidcProvider
from schemathesis import BaseSchema, Case, CheckContext, Config, Response

DOCUMENTS = Path(__file__).parents[2] / "docs/openapi"
SERVICES = ("auth", "patients", "letters", "notify")
ROLES = ("patient", "clinician", "admin")
BY_COOKIE = {"/api/auth/refresh", "/api/auth/logout"}
APART = {*BY_COOKIE, "/api/auth/logout-all"}
EXAMPLES = int(os.environ.get("QUILL_FUZZ_EXAMPLES", "3"))
TOKEN_SECONDS = 600.0
TELLING = 12
# What the door and HTTP itself go by is none of a document's matter.
FRAMING = ("Host", "Connection", "Content-Length", "Transfer-Encoding", "Expect", "Upgrade")

# A document cannot say all: a valid NHS number, a version that is the newest, a code that was given out.
TO_WHAT_FITS = ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "428", "429"]
TO_WHAT_DOES_NOT = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428", "429"]
SAME_EVERY_TIME = {"extra-data-sources": {"responses": False}}  # nothing is learnt from answers
CONFIG = {
    "seed": 1,
    "max-redirects": 0,
    "generation": {"deterministic": True, "with-security-parameters": False},
    "phases": {"coverage": SAME_EVERY_TIME, "fuzzing": {**SAME_EVERY_TIME, "error-feedback": {"enabled": False}}},
    "checks": {
        "positive_data_acceptance": {"expected-statuses": TO_WHAT_FITS},
        "negative_data_rejection": {"expected-statuses": TO_WHAT_DOES_NOT},
        "missing_required_header": {"expected-statuses": TO_WHAT_DOES_NOT},
    },
    "operations": [
        # The edges of a FHIR resource, which nests without end, are too many to list.
        {"include-path": "/api/fhir/patients", "phases": {"coverage": {"enabled": False}}},
        # To DELETE this is to unlink a patient whose id is "redeem": 422, not 405.
        {
            "include-path": "/api/auth/patient-links/redeem",
            "phases": {"coverage": {"unexpected-methods": ["get", "put"]}},
        },
    ],
}
CAREFUL = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


def load(service: str) -> BaseSchema:
    """A service's document as it is committed."""
    document = json.loads((DOCUMENTS / f"{service}.json").read_text())
    return schemathesis.openapi.from_dict(document, config=Config.from_dict(CONFIG))


@dataclass
class Caller:
    """Somebody who renews the token before it expires; each call that ends sessions has an account of its own.

    known: what there is, by the name that paths have for it.
    refused: the calls that are not for them.
    """

    make: Callable[[], Person]
    known: dict[str, str]
    refused: set[str]
    people: dict[str, Person] = field(default_factory=dict)
    renewed_at: float = 0.0

    def credentials(self, path: str) -> dict[str, Any]:
        """Headers and cookies for a call."""
        person = self._person(path if path in APART else "")
        headers = {name: person.http.headers[name] for name in ("Authorization", "X-CSRF-Token")}
        cookies = {REFRESH_COOKIE: person.http.cookies[REFRESH_COOKIE]} if path in BY_COOKIE else {}
        return {"headers": headers, "cookies": cookies}

    def _person(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = self.make()
        self.renewed_at = self.renewed_at or time.monotonic()
        if not name and time.monotonic() - self.renewed_at > TOKEN_SECONDS:
            self.people[name].refresh()
            self.renewed_at = time.monotonic()
        return self.people[name]


@pytest.fixture(scope="module")
def callers(fleet: Fleet, identity_provider: OidcProvider) -> Iterator[dict[str, Caller]]:
    """By role, accounts that no other test has; the patient's record is the one that there is."""
    identity_provider.be_honest()
    with demo_person(fleet, "clinician") as desk, ExitStack() as stack:
        patient, record = new_linked_patient(fleet, desk)
        letter = desk.post(f"/api/patients/{record}/letters", {"title": "Clinic letter", "body": "Seen in clinic."})
        somebody = stack.enter_context(new_staff(fleet, "clinician"))
        known = {"patient_id": record, "uid": letter.json()["uid"], "user_id": somebody.id}
        make = {
            "patient": lambda: stack.enter_context(new_patient_account(fleet)),
            "clinician": lambda: stack.enter_context(new_staff(fleet, "clinician")),
            "admin": lambda: stack.enter_context(new_staff(fleet, "admin")),
        }
        callers = {role: Caller(make[role], known, refused_to(role)) for role in ROLES}
        callers["patient"].people[""] = stack.enter_context(patient)
        yield callers


def refused_to(role: str) -> set[str]:
    """The calls of docs/access.md that a caller is not let in to."""
    column = "linked patient" if role == "patient" else role
    return {str(call) for call in read_calls() if call.cells[column].isdigit()}


@schemathesis.check
def nothing_is_echoed(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """A refusal names members and never repeats a value that was sent."""
    if response.status_code >= 400:
        sent = [text for text in texts(case.body) if len(text) >= TELLING]
        assert [text for text in sent if text in response.text] == []


def texts(value: object) -> Iterator[str]:
    """Every text in a body."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(item)


def send(case: Case[Any], fleet: Fleet, caller: Caller) -> None:
    """Make the call, about what there is where it may be; the checks compare it and its answer with the document."""
    phase = case.meta and case.meta.phase.name
    if phase == "coverage" and case.operation.label in caller.refused:
        return  # every edge of it is refused alike
    for name in FRAMING:
        case.headers.pop(name, None)
    for name, value in case.path_parameters.items():
        if CANONICAL_UUID.fullmatch(str(value)):
            case.path_parameters[name] = caller.known.get(name, value)
    case.call_and_validate(base_url=fleet.url, timeout=15, **caller.credentials(case.path))


@pytest.mark.parametrize("service", SERVICES)
def test_document_behind_the_door_is_the_committed_one(fleet: Fleet, service: str) -> None:
    answer = httpx.get(f"{fleet.url}/api/docs/{service}.json")
    assert answer.json() == json.loads((DOCUMENTS / f"{service}.json").read_text())


@load("auth").parametrize()
@pytest.mark.parametrize("role", ROLES)
@CAREFUL
def test_auth_keeps_its_document(case: Case[Any], fleet: Fleet, callers: dict[str, Caller], role: str) -> None:
    send(case, fleet, callers[role])


@load("patients").parametrize()
@pytest.mark.parametrize("role", ROLES)
@CAREFUL
def test_patients_keeps_its_document(case: Case[Any], fleet: Fleet, callers: dict[str, Caller], role: str) -> None:
    send(case, fleet, callers[role])


@load("letters").parametrize()
@pytest.mark.parametrize("role", ROLES)
@CAREFUL
def test_letters_keeps_its_document(case: Case[Any], fleet: Fleet, callers: dict[str, Caller], role: str) -> None:
    send(case, fleet, callers[role])


@load("notify").parametrize()
@pytest.mark.parametrize("role", ROLES)
@CAREFUL
def test_notify_keeps_its_document(case: Case[Any], fleet: Fleet, callers: dict[str, Caller], role: str) -> None:
    send(case, fleet, callers[role])
