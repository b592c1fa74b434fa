"""What clients see: statuses, headers, media types, and errors that do not repeat what was sent."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from patients_house import NHS, NUMBERS, Json, StandInFhir, patient
from r4_patients import BESIDE, EXAMPLE
from stand_in import Auth

pytestmark = pytest.mark.anyio

FHIR = "application/fhir+json"


@pytest.fixture
def doctor(auth: Auth) -> dict[str, str]:
    return auth.headers("clinician")


async def create(client: httpx.AsyncClient, who: dict[str, str], **elements: Any) -> httpx.Response:
    return await client.post("/api/fhir/patients", json=patient(**elements), headers={**who, "Content-Type": FHIR})


async def demographics(client: httpx.AsyncClient, who: dict[str, str]) -> tuple[str, Json]:
    """A new patient's address, and what a client would send back."""
    path = f"/api/patients/{(await create(client, who)).json()['id']}/demographics"
    shown = (await client.get(path, headers=who)).json()
    return path, {name: value for name, value in shown.items() if name not in {"patient_id", "version"}}


async def test_fhir_patient_is_created_and_read(client: httpx.AsyncClient, doctor: dict[str, str]) -> None:
    created = await create(client, doctor, id="mine", active=False, nhs_number=NUMBERS.new())
    patient_id = created.json()["id"]
    assert (created.status_code, created.headers["Content-Type"], created.headers["ETag"]) == (201, FHIR, 'W/"1"')
    assert created.headers["Location"] == f"/api/fhir/patients/{patient_id}"
    assert patient_id != "mine"
    read = await client.get(created.headers["Location"], headers=doctor)
    assert (read.status_code, read.headers["Content-Type"], read.headers["ETag"]) == (200, FHIR, 'W/"1"')
    assert read.json()["active"] is False
    assert read.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("media_type", [FHIR, "application/json", "application/fhir+json; charset=utf-8"])
async def test_both_json_types_are_taken(client: httpx.AsyncClient, doctor: dict[str, str], media_type: str) -> None:
    headers = {**doctor, "Content-Type": media_type}
    assert (await client.post("/api/fhir/patients", json=patient(), headers=headers)).status_code == 201


async def test_replay_is_marked_and_foreign_key_use_is_refused(
    client: httpx.AsyncClient, doctor: dict[str, str]
) -> None:
    headers = {**doctor, "Idempotency-Key": str(uuid4())}
    first = await create(client, headers)
    again = await create(client, headers)
    assert (again.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (201, first.json(), "true")
    assert again.headers["Location"] == first.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    other = await create(client, headers, gender="male")
    assert (other.status_code, other.json()["resourceType"]) == (422, "OperationOutcome")


async def test_taken_number_is_409_without_the_number(client: httpx.AsyncClient, doctor: dict[str, str]) -> None:
    number = NUMBERS.new()
    await create(client, doctor, nhs_number=number)
    refused = await create(client, doctor, nhs_number=number)
    assert (refused.status_code, refused.headers["Content-Type"]) == (409, FHIR)
    assert refused.json()["issue"][0]["code"] == "conflict"
    assert number not in refused.text


@pytest.mark.parametrize(
    ("status", "code", "roles", "headers", "body"),
    [
        (401, "login", None, {}, patient()),
        (403, "forbidden", ("patient",), {}, patient()),
        (403, "forbidden", ("clinician",), {"X-CSRF-Token": "wrong"}, patient()),
        (403, "forbidden", ("clinician",), {"Sec-Fetch-Site": "cross-site"}, patient()),
        (415, "not-supported", ("clinician",), {"Content-Type": "text/plain"}, patient()),
        (422, "invalid", ("clinician",), {}, {"resourceType": "Patient", "SECRET": "SECRET"}),
        (422, "invalid", ("clinician",), {}, ["SECRET"]),
        (422, "invalid", ("clinician",), {"Idempotency-Key": "with space"}, patient()),
        (413, "too-long", ("clinician",), {}, patient("SECRET" * 60_000)),
    ],
)
async def test_fhir_errors_are_operation_outcomes(
    client: httpx.AsyncClient,
    auth: Auth,
    status: int,
    code: str,
    roles: tuple[str, ...] | None,
    headers: dict[str, str],
    body: Any,
) -> None:
    sent = {"Content-Type": FHIR, **(auth.headers(*roles) if roles else {}), **headers}
    answer = await client.post("/api/fhir/patients", content=json.dumps(body), headers=sent)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, FHIR)
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert {issue["code"] for issue in outcome["issue"]} == {code}
    assert all(issue["severity"] == "error" and issue["details"]["text"] for issue in outcome["issue"])
    assert "SECRET" not in answer.text.replace("Patient.SECRET", "")


async def test_invalid_element_is_named_by_its_path(client: httpx.AsyncClient, doctor: dict[str, str]) -> None:
    refused = await create(client, doctor, name=[{"family": "Fine"}, {"family": 7}])
    assert refused.json()["issue"][0]["expression"] == ["Patient.name[1].family"]


@pytest.mark.parametrize("path", ["/api/fhir/patients/{}", "/api/patients/{}/demographics"])
async def test_foreign_and_absent_look_the_same(client: httpx.AsyncClient, auth: Auth, path: str) -> None:
    doctor = auth.headers("clinician")
    patient_id = (await create(client, doctor)).json()["id"]
    own = auth.headers("patient", patient_id=patient_id)
    assert (await client.get(path.format(patient_id), headers=own)).status_code == 200
    foreign = await client.get(path.format(patient_id), headers=auth.headers("patient", patient_id=uuid4()))
    absent = await client.get(path.format(uuid4()), headers=doctor)
    odd = await client.get(path.format("nobody"), headers=own)
    assert (foreign.status_code, foreign.json()) == (404, absent.json())
    assert (odd.status_code, odd.json()) == (404, absent.json())
    assert (await client.get(path.format("nobody"), headers=doctor)).status_code == 422


async def test_demographics_are_read_changed_and_versioned(client: httpx.AsyncClient, doctor: dict[str, str]) -> None:
    path, body = await demographics(client, doctor)
    contact = {"name": "Bem", "relationship": None, "telecom": [{"system": "phone", "value": "2", "use": None}]}
    body |= {"emergency_contacts": [contact], "nhs_number": NUMBERS.new()}
    changed = await client.put(path, json=body, headers={**doctor, "If-Match": 'W/"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.json() == {**body, "patient_id": path.split("/")[3], "version": 2}
    assert (await client.get(path, headers=doctor)).json() == changed.json()
    same = await client.put(path, json=body, headers={**doctor, "If-Match": '"2"'})
    assert (same.status_code, same.headers["ETag"]) == (200, '"2"')


async def test_what_fhir_has_and_demographics_have_not_is_kept(
    client: httpx.AsyncClient, doctor: dict[str, str]
) -> None:
    given = [{"family": "Okafor", "given": [None, "Ada"], "_given": [BESIDE, None]}]
    sent = EXAMPLE | {"name": given, "photo": [{"contentType": "image/png", "data": "QUJD"}]}
    created = await client.post("/api/fhir/patients", json=sent, headers=doctor)
    assert created.status_code == 201
    path = f"/api/patients/{created.json()['id']}/demographics"
    shown = (await client.get(path, headers=doctor)).json()
    wanted = {name: value for name, value in shown.items() if name not in {"patient_id", "version"}}
    wanted |= {"gender": "other", "addresses": [shown["addresses"][0] | {"use": "work"}]}
    assert (await client.put(path, json=wanted, headers={**doctor, "If-Match": '"1"'})).status_code == 200
    read = (await client.get(created.headers["Location"], headers=doctor)).json()
    address = {name: value for name, value in EXAMPLE["address"][0].items() if name != "text"}
    changed = sent | {"gender": "other", "address": [address | {"use": "work"}]}
    del changed["text"]  # it told what the patient was
    assert {name: value for name, value in read.items() if name not in {"id", "meta"}} == changed


@pytest.mark.parametrize(
    ("if_match", "status"), [(None, 428), ("*", 428), ('"7"', 412), ('"0"', 412), ("1", 412), ('"x"', 412)]
)
async def test_update_needs_the_version_that_was_read(
    client: httpx.AsyncClient, doctor: dict[str, str], if_match: str | None, status: int
) -> None:
    path, body = await demographics(client, doctor)
    headers = {**doctor, **({"If-Match": if_match} if if_match else {})}
    answer = await client.put(path, json=body | {"gender": "other"}, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("part", "loc"),
    [
        ({"nickname": "SECRET"}, ["body", "nickname"]),
        ({"version": 1}, ["body", "version"]),
        ({"active": 1}, ["body", "active"]),
        ({"name": {"given": "SECRET", "family": "x"}}, ["body", "name", "given"]),
        ({"name": None}, ["body", "name"]),
        ({"birth_date": "2999-01-01"}, ["body", "birth_date"]),
        ({"birth_date": None}, ["body", "birth_date"]),
        ({"gender": "SECRET"}, ["body", "gender"]),
        ({"nhs_number": "9434765918"}, ["body", "nhs_number"]),
        ({"identifiers": [{"system": NHS, "value": "9434765919"}]}, ["body", "identifiers", 0, "system"]),
        ({"telecom": [{"system": "pigeon", "value": "SECRET"}]}, ["body", "telecom", 0, "system"]),
        ({"addresses": [{"use": "home"}]}, ["body", "addresses", 0]),
        ({"emergency_contacts": [{"name": "SEC\u0000RET"}]}, ["body", "emergency_contacts", 0, "name"]),
        ({"emergency_contacts": [{"name": "x"}] * 21}, ["body", "emergency_contacts"]),
        ({"addresses": [{"city": "x" + "\U0001f600" * 384}]}, ["body", "addresses", 0, "city"]),
    ],
    ids=str,
)
async def test_invalid_demographics_name_the_place_only(
    client: httpx.AsyncClient, doctor: dict[str, str], part: Json, loc: list[Any]
) -> None:
    path, body = await demographics(client, doctor)
    answer = await client.put(path, json=body | part, headers={**doctor, "If-Match": '"1"'})
    assert answer.status_code == 422
    assert loc in [error["loc"] for error in answer.json()["errors"]]
    assert "SECRET" not in answer.text


async def test_left_out_member_is_refused(client: httpx.AsyncClient, doctor: dict[str, str]) -> None:
    path, body = await demographics(client, doctor)
    for member in body:
        rest = {name: value for name, value in body.items() if name != member}
        answer = await client.put(path, json=rest, headers={**doctor, "If-Match": '"1"'})
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", member])


@pytest.mark.parametrize(
    "query",
    [
        *(
            "name=x",
            "q=%00",
            "limit=0",
            "limit=101",
            "limit=x",
            "birth_date=1980",
            "gender=x",
            "nhs_number=1",
            "cursor=x",
        ),
        *(f"{part}=a+b+c+d+e+f+g+h+i+j+k" for part in ("q", "family", "given")),
    ],
)
async def test_invalid_query_is_refused(client: httpx.AsyncClient, doctor: dict[str, str], query: str) -> None:
    answer = await client.get(f"/api/patients?{query}", headers=doctor)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "body", [{}, {"patient_id": str(uuid4()), "nhs_number": "9434765919"}, {"nhs_number": "1"}, {"patient_id": "x"}]
)
async def test_verification_needs_exactly_one(client: httpx.AsyncClient, doctor: dict[str, str], body: Json) -> None:
    assert (await client.post("/api/patients", json=body, headers=doctor)).status_code == 422


async def test_outage_of_the_fhir_server_is_503_but_search_goes_on(
    client: httpx.AsyncClient, doctor: dict[str, str], app_fhir: StandInFhir
) -> None:
    family = f"Q{uuid4().hex}"
    path = (await create(client, doctor, family=family)).headers["Location"]
    app_fhir.mood = "closed"
    for url in (path, f"/api/patients/{path.split('/')[-1]}/demographics"):
        answer = await client.get(url, headers=doctor)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    created = await create(client, doctor)
    assert (created.status_code, created.json()["issue"][0]["code"]) == (503, "transient")
    found = await client.get(f"/api/patients?q={family}", headers=doctor)
    assert [item["patient_id"] for item in found.json()["items"]] == [path.split("/")[-1]]
    health = (await client.get("/api/health/patients")).json()
    assert health["backends"]["fhir"]["status"] == "down"
    app_fhir.mood = "open"
    assert (await client.get("/api/health/patients")).json()["backends"]["fhir"]["status"] == "ok"


@pytest.mark.parametrize("role", ["patient", "nobody"])
async def test_only_staff_searches_verifies_and_writes(client: httpx.AsyncClient, auth: Auth, role: str) -> None:
    path, body = await demographics(client, auth.headers("admin"))
    who = auth.headers(role, patient_id=None)
    assert (await client.get("/api/patients", headers=who)).status_code == 403
    assert (await client.post("/api/patients", json={"nhs_number": "9434765919"}, headers=who)).status_code == 403
    assert (await client.put(path, json=body, headers={**who, "If-Match": '"1"'})).status_code == 403
