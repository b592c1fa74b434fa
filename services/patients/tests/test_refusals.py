"""What is refused is in the audit trail too: each call once, with what it asked for; strangers by the number."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from patients_house import Json, StandInFhir, patient
from stand_in import Auth

pytestmark = pytest.mark.anyio

ABSENT = UUID("5f1d1a52-6c1b-4d50-9f0f-0d2a4e6f0c11")
DEMOGRAPHICS, RESOURCE = f"/api/patients/{ABSENT}/demographics", f"/api/fhir/patients/{ABSENT}"

type Case = tuple[str, str, str, dict[str, str], int, tuple[str, str, UUID | None, str]]

CASES: list[Case] = [
    ("patient", "GET", DEMOGRAPHICS, {}, 404, ("R", "demographics", ABSENT, "denied")),
    ("patient", "GET", "/api/patients/x/demographics", {}, 404, ("R", "demographics", None, "denied")),
    ("patient", "PUT", DEMOGRAPHICS, {}, 403, ("U", "demographics", ABSENT, "denied")),
    ("patient", "GET", "/api/patients?q=x", {}, 403, ("E", "patient", None, "denied")),
    ("patient", "POST", "/api/patients", {}, 403, ("E", "patient", None, "denied")),
    ("clinician", "POST", "/api/fhir/patients", {"X-CSRF-Token": "x"}, 403, ("C", "patient", None, "denied")),
    ("clinician", "POST", "/api/patients", {"Sec-Fetch-Site": "cross-site"}, 403, ("E", "patient", None, "denied")),
    ("clinician", "GET", RESOURCE, {}, 404, ("R", "patient", ABSENT, "failed")),
    ("clinician", "GET", "/api/patients?gender=x", {}, 422, ("E", "patient", None, "failed")),
    ("clinician", "PUT", DEMOGRAPHICS, {"If-Match": '"1"'}, 422, ("U", "demographics", ABSENT, "failed")),
    ("clinician", "POST", "/api/patients", {}, 422, ("E", "patient", ABSENT, "failed")),
]


def entries(database_url: str, request_id: str | None) -> list[Json]:
    """What the audit trail will say of a request, or of strangers."""
    query = "SELECT body FROM outbox WHERE subject = 'quill.audit.v1.access.recorded.patients'"
    with psycopg.connect(database_url) as connection:
        bodies = [body for (body,) in connection.execute(query)]
    return [body for body in bodies if body["request_id"] == request_id]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]} {case[2]} {case[4]}")
async def test_refusal_leaves_one_entry_of_what_was_asked(
    client: httpx.AsyncClient, auth: Auth, app_database_url: str, case: Case
) -> None:
    role, method, path, headers, status, expected = case
    request_id = str(uuid4())
    sent = {**auth.headers(role), "X-Request-Id": request_id, **headers}
    body = {"patient_id": str(ABSENT), "nhs_number": "none"} if method != "GET" else None
    answer = await client.request(method, path, json=body, headers=sent)
    assert answer.status_code == status
    (entry,) = entries(app_database_url, request_id)
    action, resource, patient_id, outcome = expected
    assert (entry["action"], entry["resource"], entry["outcome"]) == (action, resource, outcome)
    assert (entry["patient_id"], entry["roles"]) == (patient_id and str(patient_id), [role])
    assert (entry["resource_id"], entry["address"]) == (None, "127.0.0.1")


async def test_failure_on_our_side_is_no_refusal(
    client: httpx.AsyncClient, auth: Auth, app_database_url: str, app_fhir: StandInFhir
) -> None:
    app_fhir.mood, request_id = "closed", str(uuid4())
    answer = await client.get(RESOURCE, headers={**auth.headers("clinician"), "X-Request-Id": request_id})
    assert (answer.status_code, entries(app_database_url, request_id)) == (503, [])


async def test_refusal_that_cannot_be_stored_is_not_given(
    client: httpx.AsyncClient, auth: Auth, app_database_url: str
) -> None:
    with psycopg.connect(app_database_url) as connection:
        connection.execute("LOCK TABLE outbox")
        answer = await client.get(DEMOGRAPHICS, headers=auth.headers("patient"))
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


async def test_replayed_answer_is_a_read(client: httpx.AsyncClient, auth: Auth, app_database_url: str) -> None:
    doctor, body, told = auth.headers("clinician"), patient(), []
    for _ in range(2):
        request_id = str(uuid4())
        headers = {**doctor, "Idempotency-Key": "once", "X-Request-Id": request_id}
        assert (await client.post("/api/fhir/patients", json=body, headers=headers)).status_code == 201
        told += [entry["action"] for entry in entries(app_database_url, request_id)]
    assert told == ["C", "R"]


async def test_standing_is_told_to_services_without_an_entry_of_its_own(
    client: httpx.AsyncClient, auth: Auth, app_database_url: str
) -> None:
    doctor = auth.headers("clinician")
    patient_id = (await client.post("/api/fhir/patients", json=patient(), headers=doctor)).json()["id"]
    request_id = str(uuid4())
    answer = await client.get(f"/internal/patients/{patient_id}", headers={**doctor, "X-Request-Id": request_id})
    assert answer.json() == {
        "active": True,
        "name": {"prefix": [], "given": ["Ada"], "family": "Okafor"},
        "birth_date": "1980-02-29",
        "nhs_number": None,
    }
    for headers, status in ((auth.headers("patient"), 404), (auth.headers("nobody"), 403), ({}, 401)):
        refused = await client.get(f"/internal/patients/{patient_id}", headers={**headers, "X-Request-Id": request_id})
        assert refused.status_code == status
    assert entries(app_database_url, request_id) == []


async def test_refusals_of_strangers_are_counted_and_stored_each_minute(
    stranger: httpx.AsyncClient, app_database_url: str, move_clock: Callable[[float], None]
) -> None:
    calls: list[dict[str, str]] = [{}, {"Authorization": "Bearer x.y.z"}, {"Sec-Fetch-Site": "cross-site"}]
    request_id = str(uuid4())
    for headers in calls:
        answer = await stranger.post("/api/patients", json={}, headers={**headers, "X-Request-Id": request_id})
        assert answer.status_code in {401, 403}
    move_clock(61)
    counted: list[Json] = []
    async with asyncio.timeout(10):
        while sum(int(entry["resource_id"]) for entry in counted) < 3:  # a minute may end between two calls
            await asyncio.sleep(0.05)
            counted = [one for one in entries(app_database_url, None) if one["address"] == "192.0.2.7"]
    assert sum(int(entry["resource_id"]) for entry in counted) == 3
    assert len(counted) < 3
    for entry in counted:
        assert (entry["action"], entry["resource"]) == ("E", "anonymous")
        assert (entry["actor_id"], entry["outcome"]) == (None, "denied")
    assert entries(app_database_url, request_id) == []
