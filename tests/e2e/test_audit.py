"""The audit trail from outside: every answered read, write and refusal is in it once, whatever dies; changes show."""

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from e2e.audit_calls import KINDS, Done, Json, Stage
from e2e.client import Person, assert_problem, eventually, new_linked_patient, new_patient_account, new_staff
from fleet import Fleet
from native import postgres
from quill_command import quill

CALLS = int(os.environ.get("QUILL_AUDIT_CALLS", "120"))  # the proof that is reported had 500
CALLERS_AT_ONCE = 4
SHAPE = {"id", "at", "actor", "action", "resource", "resource_id", "patient_id", "outcome", "address", "request_id"}


@pytest.fixture(scope="module")
def stage(fleet: Fleet) -> Iterator[Stage]:
    clinician, admin, leaver = (new_staff(fleet, role) for role in ("clinician", "admin", "clinician"))
    patient, patient_id = new_linked_patient(fleet, clinician)
    people = {"clinician": clinician, "admin": admin, "leaver": leaver, "patient": patient}
    people |= {"stranger": new_patient_account(fleet), "nobody": Person(fleet.url)}
    with ExitStack() as stack:
        for person in people.values():
            stack.enter_context(person)
        letter = clinician.post(f"/api/patients/{patient_id}/letters", {"title": "T", "body": "B"}).json()["uid"]
        leaver.sign_out()
        paths = [f"/api/patients/{patient_id}/{part}" for part in ("demographics", "letters")]
        eventually(lambda: all(leaver.get(path).status_code == 401 for path in paths))
        yield Stage(people, {"patient": patient_id, "letter": letter, "nobody": str(uuid4())})


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def read_trail(admin: Person, **query: str) -> list[Json]:
    """All that the query finds."""
    return list(admin.every("/api/auth/audit", **query))


def kill_auth(fleet: Fleet, stage: Stage) -> None:
    """Kill auth while it answers."""
    with Person(fleet.url) as anybody:
        eventually(lambda: anybody.get("/api/auth/.well-known/jwks.json").status_code == 200, within=60)
    fleet.kill("auth")
    stage.kills.append(time.monotonic())


def test_every_answered_call_is_in_the_trail_once_though_auth_is_killed_twice(
    fleet: Fleet, stage: Stage, record_testsuite_property: Callable[[str, object], None]
) -> None:
    since, admin = now(), stage.people["admin"]
    chosen = random.Random(20260514).choices(KINDS, k=CALLS)  # noqa: S311 - a run that can be repeated

    def make(number: int) -> Done:
        if number in {CALLS // 3, 2 * CALLS // 3}:
            kill_auth(fleet, stage)
        return stage.make(chosen[number])

    with ThreadPoolExecutor(CALLERS_AT_ONCE) as pool:
        done = list(pool.map(make, range(CALLS)))
    assert [one for one in done if one.status not in {one.call.status, 502, 503}] == []
    eventually(lambda: admin.get("/api/auth/me").status_code == 200, within=60)
    told: dict[str, list[Json]] = {}

    def is_complete() -> bool:
        told.clear()
        for entry in read_trail(admin, since=since):
            told.setdefault(entry["request_id"], []).append(entry)
        return all(told.get(one.request_id) for one in done if one.answered and one.call.leaves)

    eventually(is_complete, within=60, pause=0.5)  # each look is in the trail, too
    wrong = [(one, told.get(one.request_id)) for one in done if not stage.is_told(one, told.get(one.request_id, []))]
    assert wrong == []
    assert quill(fleet, "audit", "verify").code == 0
    record_testsuite_property("calls answered", sum(one.answered for one in done))
    record_testsuite_property("entries of theirs", sum(len(told.get(one.request_id, [])) for one in done))


def test_one_row_changed_in_the_database_is_found_and_named(fleet: Fleet, stage: Stage) -> None:
    admin, read = (
        stage.people["admin"],
        stage.make(next(kind for kind in KINDS if kind.leaves == ("R", "letter", "ok"))),
    )
    patient_id = stage.names["patient"]
    (entry,) = eventually(
        lambda: [one for one in read_trail(admin, patient_id=patient_id) if one["request_id"] == read.request_id]
    )
    secret, port = fleet.secrets["database_postgres"], fleet.processes["postgres"]["port"]
    url = postgres.url(postgres.SUPERUSER, secret, port=port, database="auth")
    with psycopg.connect(url, autocommit=True) as database:
        change = "UPDATE audit_entries SET actor_id = %s WHERE id = %s"
        database.execute(change, [admin.id, entry["id"]])
        try:
            found = quill(fleet, "audit", "verify", "--json")
        finally:
            database.execute(change, [entry["actor"]["id"], entry["id"]])
    faults = {one["source"]: one["fault"] for one in found.json}
    assert found.code == 1
    assert faults["letters"]["entry_id"] == entry["id"]
    assert [faults[source] for source in ("auth", "patients", "notify")] == [None] * 3
    assert quill(fleet, "audit", "verify").code == 0


def test_administrator_narrows_the_trail_and_pages_through_it(fleet: Fleet, stage: Stage) -> None:
    clinician, admin, patient_id = stage.people["clinician"], stage.people["admin"], stage.names["patient"]
    since = now()
    for path in ("demographics", "letters", "demographics"):
        assert clinician.get(f"/api/patients/{patient_id}/{path}").status_code == 200
    query = {"patient_id": patient_id, "user_id": clinician.id, "action": "R", "since": since}
    eventually(lambda: len(read_trail(admin, **query)) == 3)
    entries = read_trail(admin, **query)
    assert all(set(entry) == SHAPE for entry in entries)
    assert [entry["resource"] for entry in entries] == ["demographics", "letter", "demographics"]
    assert {entry["address"] for entry in entries} == {clinician.address}
    actor = {"id": clinician.id, "name": clinician.user["display_name"], "roles": ["clinician"]}
    assert [entry["actor"] for entry in entries] == [actor] * 3
    first = admin.http.get("/api/auth/audit", params={**query, "limit": "2"}).json()
    rest = admin.http.get("/api/auth/audit", params={**query, "limit": "2", "cursor": first["next_cursor"]}).json()
    assert (first["items"] + rest["items"], rest["next_cursor"]) == (entries, None)
    assert read_trail(admin, **query, until=entries[0]["at"]) == entries[1:]
    looked = read_trail(admin, patient_id=patient_id, user_id=admin.id, since=since)
    assert {(entry["action"], entry["resource"]) for entry in looked} == {("R", "audit")}


def test_patient_sees_who_did_what_with_their_record_but_not_from_where(fleet: Fleet, stage: Stage) -> None:
    patient, clinician = stage.people["patient"], stage.people["clinician"]
    answer = patient.get("/api/auth/audit/mine?limit=100")
    assert answer.status_code == 200
    entries = answer.json()["items"]
    assert all(set(entry) == SHAPE - {"address"} for entry in entries)
    assert {entry["patient_id"] for entry in entries} == {stage.names["patient"]}
    assert clinician.user["display_name"] in {entry["actor"]["name"] for entry in entries}
    assert stage.people["stranger"].get("/api/auth/audit/mine").json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    "query",
    [
        *(
            "since=yesterday",
            "since=2026-05-14",
            "until=1767225600",
            "since=2026-05-14T09:30:00",
            "since=0000-01-01T00:00:00Z",
        ),
        *("until=0001-01-01T00:00:00%2B14:00", "since=2026-02-30T00:00:00Z", "patient_id=x", "user_id=X", "action=X"),
        *("user_id=X", "action=X", "limit=0", "limit=101", "cursor=x", "cursor=WyJ4IiwgIngiXQ", "resource=letter"),
    ],
)
def test_query_that_makes_no_sense_is_422_and_says_where(stage: Stage, query: str) -> None:
    problem = assert_problem(stage.people["admin"].get(f"/api/auth/audit?{query}"), 422)
    assert problem["errors"][0]["loc"] == ["query", query.partition("=")[0]]
