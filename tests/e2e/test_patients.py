"""Patients at the public door: created once, changed by one, read by those who may, kept in the real FHIR server."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from e2e.client import (
    NHS_NUMBER,
    Person,
    assert_problem,
    eventually,
    new_linked_patient,
    new_nhs_number,
    new_patient,
    new_patient_account,
    new_staff,
    patient_resource,
    unique,
)
from fleet import Fleet

FHIR = "application/fhir+json"


@pytest.fixture(scope="module")
def clinician(fleet: Fleet) -> Iterator[Person]:
    with new_staff(fleet, "clinician") as person:
        yield person


@pytest.fixture
def fhir(fleet: Fleet) -> Iterator[httpx.Client]:
    """The FHIR server itself, as another system writes to it."""
    with httpx.Client(base_url=f"{fleet.fhir_url}/", timeout=15, trust_env=False) as client:
        yield client


def at_once(number: int, attempt: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(attempt, range(number)))


def demographics(who: Person, patient_id: str) -> tuple[int, dict[str, Any]]:
    """The version, and what a client would send back."""
    answer = who.get(f"/api/patients/{patient_id}/demographics")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert answer.headers["ETag"] == f'"{shown["version"]}"'
    return shown["version"], {name: value for name, value in shown.items() if name not in {"patient_id", "version"}}


def assert_outcome(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, FHIR), answer.text
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert {issue["code"] for issue in outcome["issue"]} == {code}


def test_patient_is_created_read_and_replayed(clinician: Person) -> None:
    resource, key = patient_resource(maritalStatus={"text": "married"}), unique("k")
    created = clinician.post("/api/fhir/patients", resource, key=key, headers={"Content-Type": FHIR})
    assert (created.status_code, created.headers["Content-Type"], created.headers["ETag"]) == (201, FHIR, 'W/"1"')
    read = clinician.get(created.headers["Location"])
    assert (read.status_code, read.headers["ETag"], read.json()) == (200, 'W/"1"', created.json())
    assert resource.items() <= read.json().items()
    replayed = clinician.post("/api/fhir/patients", resource, key=key, headers={"Content-Type": FHIR})
    assert (replayed.status_code, replayed.json()) == (201, created.json())
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert_outcome(clinician.post("/api/fhir/patients", patient_resource(), key=key), 422, "invalid")


def test_one_nhs_number_is_given_once_to_twenty_at_once(clinician: Person, fhir: httpx.Client) -> None:
    number = new_nhs_number()
    resource = patient_resource(identifier=[{"system": NHS_NUMBER, "value": number}])
    answers = at_once(20, lambda _: clinician.post("/api/fhir/patients", resource))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert all(number not in answer.text for answer in answers if answer.status_code == 409)
    query = {"identifier": f"{NHS_NUMBER}|{number}", "_total": "accurate"}
    assert fhir.get("Patient", params=query, headers={"Cache-Control": "no-store"}).json()["total"] == 1


def test_number_that_another_system_gave_is_taken(clinician: Person, fhir: httpx.Client) -> None:
    resource, patient_id = patient_resource(), str(uuid4())
    assert fhir.put(f"Patient/{patient_id}", json=resource | {"id": patient_id}).status_code == 201
    assert_outcome(clinician.post("/api/fhir/patients", resource), 409, "conflict")
    number = resource["identifier"][0]["value"]
    verified = clinician.post("/api/patients", {"nhs_number": number})
    assert verified.json() == {"exists": True, "patient_id": patient_id}
    own = new_patient(clinician)
    version, body = demographics(clinician, own)
    path = f"/api/patients/{own}/demographics"
    assert_problem(clinician.put(path, body | {"nhs_number": number}, version=version), 409, "nhs-number-taken")


@pytest.mark.parametrize("same", [True, False], ids=["same content", "different contents"])
def test_one_of_twenty_updates_at_once_wins(clinician: Person, same: bool) -> None:
    patient_id = new_patient(clinician)
    version, body = demographics(clinician, patient_id)

    def attempt(number: int) -> httpx.Response:
        phone = {"system": "phone", "value": "1" if same else str(number), "use": "home"}
        return clinician.put(f"/api/patients/{patient_id}/demographics", body | {"telecom": [phone]}, version=version)

    answers = at_once(20, attempt)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert winner.json()["version"] == version + 1
    assert demographics(clinician, patient_id)[1]["telecom"] == winner.json()["telecom"]


def test_update_keeps_what_demographics_do_not_show(clinician: Person, fhir: httpx.Client) -> None:
    extension = [{"url": "http://example.org/ethnicity", "valueString": "A"}]
    patient_id = new_patient(clinician, maritalStatus={"text": "married"}, extension=extension)
    theirs = fhir.get(f"Patient/{patient_id}").json() | {"multipleBirthBoolean": True}
    assert fhir.put(f"Patient/{patient_id}", json=theirs).status_code == 200
    version, body = demographics(clinician, patient_id)
    assert version == 2
    address = {"lines": ["1 Road"], "city": "Leeds", "district": None, "postal_code": "LS1 1AA", "country": "GB"}
    contact = {"name": "Bem", "relationship": "son", "telecom": [{"system": "sms", "value": "2", "use": "mobile"}]}
    body |= {"addresses": [address | {"use": "home"}], "emergency_contacts": [contact], "nhs_number": new_nhs_number()}
    changed = clinician.put(f"/api/patients/{patient_id}/demographics", body, version=version)
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"3"')
    assert changed.json() == {**body, "patient_id": patient_id, "version": 3}
    kept = clinician.get(f"/api/fhir/patients/{patient_id}").json()
    assert kept["extension"] == extension
    assert (kept["maritalStatus"], kept["multipleBirthBoolean"]) == ({"text": "married"}, True)
    unchanged = clinician.put(f"/api/patients/{patient_id}/demographics", body, headers={"If-Match": 'W/"3"'})
    assert (unchanged.status_code, unchanged.json()["version"]) == (200, 3)


def test_freed_nhs_number_can_be_given_again(clinician: Person) -> None:
    resource = patient_resource()
    patient_id = str(clinician.post("/api/fhir/patients", resource).json()["id"])
    version, body = demographics(clinician, patient_id)
    moved = clinician.put(f"/api/patients/{patient_id}/demographics", body | {"nhs_number": None}, version=version)
    assert (moved.status_code, moved.json()["nhs_number"]) == (200, None)
    assert clinician.post("/api/fhir/patients", resource).status_code == 201


def test_stale_or_missing_version_is_refused(clinician: Person) -> None:
    patient_id = new_patient(clinician)
    path, (version, body) = f"/api/patients/{patient_id}/demographics", demographics(clinician, patient_id)
    assert_problem(clinician.put(path, body), 428, "version-missing")
    assert_problem(clinician.put(path, body, version=version + 1), 412, "version-stale")
    assert clinician.put(path, body | {"gender": "other"}, version=version).status_code == 200
    assert_problem(clinician.put(path, body, version=version), 412, "version-stale")


def test_linked_patient_reads_own_record_and_no_other(fleet: Fleet, clinician: Person) -> None:
    person, own = new_linked_patient(fleet, clinician)
    other, absent = new_patient(clinician), str(uuid4())
    with person:
        for path in ("/api/patients/{}/demographics", "/api/fhir/patients/{}"):
            assert person.get(path.format(own)).status_code == 200
            foreign, nobody = person.get(path.format(other)), clinician.get(path.format(absent))
            assert foreign.status_code == nobody.status_code == 404
            assert foreign.json() == nobody.json() == person.get(path.format("nobody")).json()
        version, body = demographics(person, own)
        assert_problem(person.put(f"/api/patients/{own}/demographics", body, version=version), 403)
        assert_problem(person.get("/api/patients"), 403)
        assert_problem(person.post("/api/patients", {"patient_id": own}), 403)
        assert_outcome(person.post("/api/fhir/patients", patient_resource()), 403, "forbidden")


def test_unlinked_and_anonymous_see_nothing(fleet: Fleet, clinician: Person) -> None:
    patient_id = new_patient(clinician)
    with new_patient_account(fleet) as nobody:
        assert_problem(nobody.get(f"/api/patients/{patient_id}/demographics"), 404)
    with Person(fleet.url) as stranger:
        assert_problem(stranger.get(f"/api/patients/{patient_id}/demographics"), 401)
        assert_outcome(stranger.get(f"/api/fhir/patients/{patient_id}"), 401, "login")


def test_writes_need_the_csrf_token(clinician: Person) -> None:
    without = {"X-CSRF-Token": None}
    assert_outcome(clinician.post("/api/fhir/patients", patient_resource(), headers=without), 403, "forbidden")
    assert_problem(clinician.post("/api/patients", {"nhs_number": new_nhs_number()}, headers=without), 403, "csrf")


@pytest.mark.parametrize(
    "elements",
    [
        {"birthDate": "2999-01-01"},
        {"birthDate": "1980"},
        {"birthDate": None},
        {"deceasedDateTime": "2023-02-30"},
        {"gender": "CANARY"},
        {"nickname": "CANARY"},
        {"name": [{"family": "CANARY\u0000"}]},
        {"name": [{"family": 7}]},
        {"identifier": [{"system": NHS_NUMBER, "value": "9434765918"}]},
        {"managingOrganization": {"reference": "Organization/CANARY"}},
        {"resourceType": "Person"},
    ],
    ids=str,
)
def test_invalid_patient_is_refused_without_being_repeated(clinician: Person, elements: dict[str, Any]) -> None:
    refused = clinician.post("/api/fhir/patients", patient_resource(**elements))
    assert_outcome(refused, 422, "invalid")
    assert "CANARY" not in refused.text
    assert "9434765918" not in refused.text


def test_oversized_and_wrongly_typed_bodies_are_refused(clinician: Person) -> None:
    huge = patient_resource(name=[{"family": "x" * 300_000}])
    assert_outcome(clinician.post("/api/fhir/patients", huge), 413, "too-long")
    text = clinician.post("/api/fhir/patients", patient_resource(), headers={"Content-Type": "text/plain"})
    assert_outcome(text, 415, "not-supported")
    assert_outcome(clinician.get("/api/fhir/patients/x/y"), 404, "not-found")
    assert_outcome(clinician.get(f"/api/fhir/patients/{str(uuid4()).upper()}"), 422, "invalid")


def test_patient_is_found_by_the_starts_of_names(clinician: Person) -> None:
    family = unique("Ö")
    names = [{"use": "official", "family": f"{family}-Smith", "given": ["Zoë", "Anne"]}]
    patient_id = new_patient(clinician, name=names)
    queries = (f"q={family}", f"q=ann {family[:-2]}".lower().replace("ö", "o"), f"family=smith {family}&given=zoe")
    for query in queries:
        found = clinician.get(f"/api/patients?{query}")
        assert found.status_code == 200
        assert [item["patient_id"] for item in found.json()["items"]] == [patient_id], query
    for query in (f"q={family}%25", "q=%25", "q=_", f"given={family}", f"q={family}&birth_date=1962-01-01"):
        assert clinician.get(f"/api/patients?{query}").json() == {"items": [], "next_cursor": None}, query
    for query in ("name=x", "limit=0", "limit=1000", "q=%00", "cursor=abc", "birth_date=1980", "_sort=name"):
        assert_problem(clinician.get(f"/api/patients?{query}"), 422)


def test_pages_show_everybody_once_though_others_are_added(clinician: Person) -> None:
    family = unique("Page")
    expected = {new_patient(clinician, name=[{"family": family, "given": [f"G{number}"]}]) for number in range(5)}
    found: list[str] = []
    cursor = ""
    while True:
        page = clinician.get(f"/api/patients?q={family}&limit=2{cursor}").json()
        found += [item["patient_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        new_patient(clinician, name=[{"family": family, "given": ["Aaron"]}])
    assert len(found) == len(set(found))
    assert expected <= set(found)


def test_deleted_in_the_fhir_server_is_not_found(clinician: Person, fhir: httpx.Client) -> None:
    patient_id = new_patient(clinician)
    version, body = demographics(clinician, patient_id)
    assert fhir.delete(f"Patient/{patient_id}").status_code == 200
    path = f"/api/patients/{patient_id}/demographics"
    assert_problem(clinician.get(path), 404)
    assert_problem(clinician.put(path, body | {"gender": "other"}, version=version), 404)
    assert_outcome(clinician.get(f"/api/fhir/patients/{patient_id}"), 404, "not-found")
    verified = clinician.post("/api/patients", {"patient_id": patient_id})
    assert verified.json() == {"exists": False, "patient_id": None}


def test_number_of_a_deleted_patient_can_be_given_again(clinician: Person, fhir: httpx.Client) -> None:
    resource = patient_resource()
    gone = clinician.post("/api/fhir/patients", resource).json()["id"]
    assert fhir.delete(f"Patient/{gone}").status_code == 200
    again = clinician.post("/api/fhir/patients", resource)
    assert again.status_code == 201, again.text
    listed = clinician.get(f"/api/patients?nhs_number={resource['identifier'][0]['value']}").json()["items"]
    assert [item["patient_id"] for item in listed] == [again.json()["id"]]


def test_what_was_read_can_be_posted_again(clinician: Person) -> None:
    text = {"status": "additional", "div": '<div xmlns="http://www.w3.org/1999/xhtml">More <b>here</b></div>'}
    rich: dict[str, Any] = {
        **{"language": "en-GB", "text": text, "multipleBirthBoolean": True, "name": [{"text": unique("Whole Name")}]},
        **{"meta": {"tag": [{"system": "http://x.org/tags", "code": "t"}]}, "address": [{"text": "1 Road\nLeeds"}]},
        **{"link": [{"other": {"reference": f"Patient/{new_patient(clinician)}"}, "type": "seealso"}]},
    }
    numbers = [{"value": "7", "assigner": {"display": "Leeds"}}]
    first = clinician.post("/api/fhir/patients", patient_resource(**rich, identifier=numbers))
    assert first.status_code == 201, first.text
    second = clinician.post("/api/fhir/patients", clinician.get(first.headers["Location"]).json())
    assert second.status_code == 201, second.text
    kept = second.json()
    assert kept["meta"]["tag"] == rich["meta"]["tag"]
    assert {name: kept[name] for name in rich if name != "meta"} == {
        name: value for name, value in rich.items() if name != "meta"
    }
    found = clinician.get(f"/api/patients?q={rich['name'][0]['text']}").json()["items"]
    assert {item["patient_id"] for item in found} == {first.json()["id"], kept["id"]}


def test_frozen_fhir_server_is_503_and_the_accepted_patient_arrives(fleet: Fleet, clinician: Person) -> None:
    known, family = new_patient(clinician), unique("Frozen")
    resource, key = patient_resource(name=[{"family": family}]), unique("k")
    fleet.kill("fhir", signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(3) as pool:
            read = pool.submit(clinician.get, f"/api/patients/{known}/demographics")
            created = pool.submit(clinician.post, "/api/fhir/patients", resource, key=key)
            found = pool.submit(clinician.get, "/api/patients?limit=1")
        assert_problem(read.result(), 503)
        assert_outcome(created.result(), 503, "transient")
        assert found.result().status_code == 200
        assert max(answer.result().elapsed.total_seconds() for answer in (read, created, found)) < 10
    finally:
        fleet.kill("fhir", signal.SIGCONT)
    answer = eventually(lambda: _settled(clinician, resource, key), within=60)
    assert answer is not None
    assert answer.status_code == 201, answer.text
    items = clinician.get(f"/api/patients?family={family}").json()["items"]
    assert [item["patient_id"] for item in items] == [answer.json()["id"]]


def _settled(clinician: Person, resource: dict[str, Any], key: str) -> httpx.Response | None:
    answer = clinician.post("/api/fhir/patients", resource, key=key)
    return None if answer.status_code == 503 or "Retry-After" in answer.headers else answer


def test_names_and_numbers_stay_out_of_logs(fleet: Fleet, clinician: Person) -> None:
    family, number = unique("Canary"), new_nhs_number()
    identifier = [{"system": NHS_NUMBER, "value": number}]
    patient_id = new_patient(clinician, name=[{"family": family}], identifier=identifier)
    clinician.get(f"/api/patients?q={family}&nhs_number={number}")
    clinician.post("/api/fhir/patients", patient_resource(name=[{"family": family}], identifier=identifier))
    clinician.post("/api/fhir/patients", patient_resource(name=[{"family": family, "x": 1}]))
    clinician.get(f"/api/patients/{patient_id}/demographics")
    for name in ("patients", "caddy", "fhir", "postgres", "nats", "letters"):
        log = fleet.log(name).lower()
        assert family.lower() not in log, name
        assert number not in log, name
    assert patient_id not in fleet.log("patients")
