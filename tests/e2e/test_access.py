"""Every cell of docs/access.md through Caddy: who is let in, how the others are refused, and the proof against CSRF."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from access import CALLERS, Call, read_calls
from common.errors import CsrfRefused
from e2e.client import Person, eventually, new_linked_patient, new_patient_account, new_staff
from e2e.push_receiver import PushReceiver
from fleet import Fleet
from httpx import Response

CALLS = read_calls()
CHANGES = [call for call in CALLS if call.changes]
LETTER = {"title": "Clinic letter", "body": "Seen in clinic."}
NAMED = {"file": "docs.css", "slug": "not-found", "subject": "quill.letters.v1.letter.created"}
QUERIES = {"/api/fhir/DocumentReference": "?patient={patient_id}"}  # which name the record
CSRF = CsrfRefused.title
ENDS_SESSIONS = {"/api/auth/logout", "/api/auth/logout-all"}

type Ids = dict[str, str]


@dataclass(frozen=True)
class House:
    """One caller of each kind, and what a path can name: of the linked patient, of somebody else, and of nobody."""

    people: dict[str, Person]
    own: Ids
    foreign: Ids
    absent: Ids

    def send(self, caller: str, call: Call, ids: Ids, **kwargs: Any) -> Response:
        """The call as that caller makes it, with an empty body where it may have one."""
        path = (call.path + QUERIES.get(call.path, "")).format_map(NAMED | ids)
        return self.people[caller].send(call.method, path, json={} if call.changes else None, **kwargs)


@pytest.fixture(scope="module")
def house(fleet: Fleet, push_service: PushReceiver) -> Iterator[House]:
    """Accounts of these tests' own, since some calls end all sessions of an account."""
    with ExitStack() as stack:
        clinician = stack.enter_context(new_staff(fleet, "clinician"))
        admin = stack.enter_context(new_staff(fleet, "admin"))
        linked, record = new_linked_patient(fleet, clinician)
        stranger, foreign_record = new_linked_patient(fleet, clinician)
        people = [Person(fleet.url), new_patient_account(fleet), stack.enter_context(linked), clinician, admin]
        stack.enter_context(stranger)
        own = {"patient_id": record, "uid": _write_letter(clinician, record)}
        foreign = {"patient_id": foreign_record, "uid": _write_letter(clinician, foreign_record)}
        device = stranger.post("/api/push/register", push_service.subscribe().to_json())
        foreign["device_id"] = device.json()["id"]
        foreign["notification_id"] = eventually(lambda: stranger.get("/api/notifications").json()["items"])[0]["id"]
        foreign["user_id"] = stranger.id
        foreign["session_id"] = stranger.get("/api/auth/sessions").json()["items"][0]["id"]
        absent = dict.fromkeys((*foreign, "webhook_id"), str(uuid4()))
        yield House(dict(zip(CALLERS, people, strict=True)), own, foreign, absent)


def _write_letter(clinician: Person, patient_id: str) -> str:
    return str(clinician.post(f"/api/patients/{patient_id}/letters", LETTER).json()["uid"])


@pytest.mark.usefixtures("identity_provider")
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_caller_is_let_in_or_refused_as_the_page_says(house: House, call: Call, caller: str) -> None:
    cell = call.cells[caller]
    answer = house.send(caller, call, house.absent if call.changes else house.own)
    if cell.isdigit():
        assert answer.status_code == int(cell), answer.text
    elif not call.changes:
        assert answer.status_code in {200, 302}, answer.text
    elif cell == "own" and "{" in call.path:
        assert answer.status_code == 404, answer.text
    else:
        assert answer.status_code not in {401, 403, 500}, answer.text
    if call.path in ENDS_SESSIONS and answer.status_code < 300:
        house.people[caller].sign_in(house.people[caller].user["username"])


def hidden() -> Iterator[tuple[Call, str, str]]:
    """What a caller may not see behind a call that is open to them: (call, caller, whose things the path names)."""
    for call in CALLS:
        for caller, cell in call.cells.items():
            if ("{" in call.path or call.path in QUERIES) and cell in {"own", "404"}:
                yield call, caller, "another's"
            if "{uid}" in call.path and not call.changes and cell in {"own", "404", "yes"}:
                yield call, caller, "another's letter in one's own record"


@pytest.mark.parametrize(("call", "caller", "whose"), list(hidden()), ids=str)
def test_what_belongs_elsewhere_looks_like_what_is_absent(house: House, call: Call, caller: str, whose: str) -> None:
    ids = house.foreign if whose == "another's" else {**house.foreign, "patient_id": house.own["patient_id"]}
    seen, absent = (house.send(caller, call, named) for named in (ids, house.absent))
    assert absent.status_code == 404
    assert told(seen) == told(absent)


def told(answer: Response) -> tuple[int, bytes, dict[str, str]]:
    """All that an answer says, but for when and to which request."""
    changing = {"date", "x-request-id"}
    return (
        answer.status_code,
        answer.content,
        {name: value for name, value in answer.headers.items() if name.lower() not in changing},
    )


@pytest.mark.parametrize("call", CHANGES, ids=str)
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://elsewhere.example"}],
    ids=["cross-site", "same-site", "foreign origin"],
)
def test_change_from_elsewhere_is_refused(house: House, call: Call, headers: dict[str, str | None]) -> None:
    answer = house.send(call.admitted[0], call, house.absent, headers=headers)
    assert (answer.status_code, CSRF in answer.text) == (403, True)


@pytest.mark.parametrize("call", [call for call in CHANGES if call.cells["anonymous"] == "401"], ids=str)
@pytest.mark.parametrize("token", [None, "x" * 43], ids=["no token", "wrong token"])
def test_change_without_csrf_proof_is_refused(house: House, call: Call, token: str | None) -> None:
    answer = house.send(call.admitted[0], call, house.absent, headers={"X-CSRF-Token": token})
    assert (answer.status_code, CSRF in answer.text) == (403, True)
