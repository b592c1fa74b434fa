"""What must be off in the FHIR server is off: each of HAPI's other powers answers 4xx and does nothing."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

INSTANCE_OPERATIONS = [
    "$everything",
    "$validate",
    "$meta",
    "$meta-add",
    "$meta-delete",
    "$expunge",
    "$merge",
    "$graphql",
]
SYSTEM_OPERATIONS = [
    "$mark-all-resources-for-reindexing",
    "$perform-reindexing-pass",
    "$reindex",
    "$reindex-terminology",
    "$expunge",
    "$delete-expunge",
    "$export",
    "$import",
    "$graphql",
    "$meta",
    "$get-resource-counts",
    "$process-message",
    "$hapi.fhir.replace-references",
]
OTHER_TYPES = [
    "DocumentReference",
    "Observation",
    "Organization",
    "SearchParameter",
    "Subscription",
    "Binary",
    "Bundle",
]
SEARCHES = [
    "family:contains=a",
    "unknown=a",
    "_filter=name eq a",
    "_has:Observation:patient:code=a",
    "_text=a",
    "_content=a",
    "_include=Patient:organization",
    "_revinclude=Observation:patient",
    "organization.name=a",
    "_sort=nonsense",
    "birthdate=nonsense",
]
PARAMETERS = {"resourceType": "Parameters"}


@pytest.fixture
def patient(fhir: httpx.Client) -> Iterator[dict[str, Any]]:
    """A stored patient that must be untouched at the end."""
    body = {"resourceType": "Patient", "id": str(uuid4()), "name": [{"family": "Closed"}]}
    assert fhir.put(f"/Patient/{body['id']}", json=body).status_code == 201
    yield body
    now = fhir.get(f"/Patient/{body['id']}").json()
    assert (now["meta"]["versionId"], now["name"]) == ("1", body["name"])


def refused(answer: httpx.Response) -> bool:
    return 400 <= answer.status_code < 500


@pytest.mark.parametrize("operation", INSTANCE_OPERATIONS)
def test_operation_on_patients_is_refused(fhir: httpx.Client, patient: dict[str, Any], operation: str) -> None:
    for path in (f"/Patient/{patient['id']}/{operation}", f"/Patient/{operation}"):
        assert refused(fhir.post(path, json=PARAMETERS))
        assert refused(fhir.get(path))


@pytest.mark.parametrize("operation", SYSTEM_OPERATIONS)
def test_operation_on_the_system_is_refused(fhir: httpx.Client, operation: str) -> None:
    assert refused(fhir.post(f"/{operation}", json=PARAMETERS))
    assert refused(fhir.get(f"/{operation}"))


@pytest.mark.parametrize("resource_type", OTHER_TYPES)
def test_other_resource_type_is_unknown(fhir: httpx.Client, resource_type: str) -> None:
    body = {"resourceType": resource_type, "id": "a"}
    assert fhir.put(f"/{resource_type}/a", json=body).status_code == 404
    assert fhir.post(f"/{resource_type}", json=body).status_code == 404
    assert fhir.get(f"/{resource_type}").status_code == 404


def test_create_by_post_is_refused(fhir: httpx.Client) -> None:
    assert refused(fhir.post("/Patient", json={"resourceType": "Patient"}))


def test_patch_is_refused(fhir: httpx.Client, patient: dict[str, Any]) -> None:
    patch = b'[{"op": "remove", "path": "/name"}]'
    headers = {"Content-Type": "application/json-patch+json"}
    assert refused(fhir.patch(f"/Patient/{patient['id']}", content=patch, headers=headers))


def test_conditional_update_and_delete_are_refused(fhir: httpx.Client, patient: dict[str, Any]) -> None:
    query = {"_id": patient["id"]}
    assert refused(fhir.put("/Patient", params=query, json={"resourceType": "Patient"}))
    assert refused(fhir.delete("/Patient", params=query))


@pytest.mark.parametrize("bundle_type", ["transaction", "batch"])
@pytest.mark.parametrize(
    ("method", "url"),
    [
        *(("DELETE", "Patient/{id}"), ("GET", "Patient/{id}"), ("POST", "Patient"), ("PATCH", "Patient/{id}")),
        *(("PUT", "Patient?_id={id}"), ("PUT", "Observation/{id}"), ("PUT", "Patient/another"), ("PUT", "")),
        ("POST", "Patient/$mark-all-resources-for-reindexing"),
    ],
)
def test_bundle_of_anything_but_patients_by_put_is_refused(
    fhir: httpx.Client, patient: dict[str, Any], bundle_type: str, method: str, url: str
) -> None:
    resource = {**patient, "name": [{"family": "Changed"}]}
    entry = {"resource": resource, "request": {"method": method, "url": url.format(id=patient["id"])}}
    assert refused(fhir.post("/", json={"resourceType": "Bundle", "type": bundle_type, "entry": [entry]}))


@pytest.mark.parametrize("number", [2, 26])
def test_bundle_of_one_patient_twice_or_of_very_many_is_refused(fhir: httpx.Client, number: int) -> None:
    ids = [str(uuid4()) for _ in range(number)]
    entries = [
        {
            "resource": {"resourceType": "Patient", "id": one},
            "request": {"method": "PUT", "url": f"Patient/{one}"},
        }
        for one in (ids if number > 2 else ids[:1] * 2)
    ]
    assert refused(fhir.post("/", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    assert fhir.get(f"/Patient/{ids[0]}").status_code == 404


def test_other_bundles_and_no_bundle_are_refused(fhir: httpx.Client, patient: dict[str, Any]) -> None:
    entry = {"resource": patient, "request": {"method": "PUT", "url": f"Patient/{patient['id']}"}}
    for body in ({"resourceType": "Bundle", "type": "batch", "entry": [entry]}, patient, {"resourceType": "Bundle"}):
        assert refused(fhir.post("/", json=body))


@pytest.mark.parametrize("path", ["/_history", "/Patient/_history"])
def test_history_of_more_than_one_patient_is_refused(fhir: httpx.Client, path: str) -> None:
    assert refused(fhir.get(path))


@pytest.mark.parametrize("query", SEARCHES)
def test_search_beyond_the_declared_parameters_is_refused(fhir: httpx.Client, query: str) -> None:
    assert refused(fhir.get(f"/Patient?{query}"))


def test_metadata_declares_patients_only(fhir: httpx.Client) -> None:
    (rest,) = fhir.get("/metadata").json()["rest"]
    declared = {resource["type"]: resource for resource in rest["resource"]}
    interactions = {entry["code"] for entry in declared["Patient"]["interaction"]}
    assert interactions == {"read", "vread", "update", "delete", "history-instance", "search-type"}
    assert set(declared) <= {"Patient", "OperationDefinition"}
    assert "operation" not in declared["Patient"]


def test_body_above_the_limit_is_413(fhir: httpx.Client) -> None:
    assert fhir.put(f"/Patient/{uuid4()}", content=b" " * 300_000).status_code == 413


def test_body_of_undeclared_length_is_411(fhir: httpx.Client) -> None:
    assert fhir.put(f"/Patient/{uuid4()}", content=iter([b"{}"])).status_code == 411


def test_compressed_body_is_not_unpacked(fhir: httpx.Client, patient: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/fhir+json", "Content-Encoding": "gzip"}
    assert refused(fhir.put(f"/Patient/{patient['id']}", content=b"\x1f\x8b", headers=headers))


def test_oversized_header_is_refused(fhir: httpx.Client) -> None:
    assert refused(fhir.get("/metadata", headers={"X-Long": "a" * 20_000}))


def test_actuator_shows_health_without_details_and_nothing_else(fhir_url: str) -> None:
    root = fhir_url.removesuffix("/fhir")
    with httpx.Client(base_url=root, timeout=30, trust_env=False) as client:
        health = client.get("/actuator/health")
        assert (health.status_code, health.json()["status"]) == (200, "UP")
        assert "components" not in health.json()
        for path in ("", "/env", "/metrics", "/beans", "/heapdump", "/loggers", "/shutdown", "/health/db"):
            assert client.get(f"/actuator{path}").status_code == 404
