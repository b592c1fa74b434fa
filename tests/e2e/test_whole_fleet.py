"""What is true of the fleet as a whole: health, documentation, and that nothing personal leaks."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from e2e.client import (
    Person,
    assert_problem,
    demo_person,
)
from fleet import Fleet

ABSENT = "3d0f7a4e-5c1b-4b8e-9a6d-2f7c1e8b9a04"
ROOT = Path(__file__).parents[2]
PROBLEMS = json.loads((ROOT / "libs/common/common/data/problems.json").read_text())


@pytest.fixture(scope="module")
def people(fleet: Fleet) -> Iterator[dict[str, Person]]:
    """Nobody, and a clinician."""
    everyone = {"anonymous": Person(fleet.url), "clinician": demo_person(fleet, "clinician")}
    yield everyone
    for person in everyone.values():
        person.http.close()


def test_health_tells_every_service_and_backend(fleet: Fleet) -> None:
    health = httpx.get(f"{fleet.url}/api/health").json()
    backends = {name: set(part["backends"]) for name, part in health["services"].items()}
    assert health["status"] == "ok"
    assert backends == {
        "auth": {"postgres", "nats"},
        "patients": {"postgres", "nats", "fhir"},
        "letters": {"postgres", "nats", "openehr"},
        "notify": {"postgres", "nats"},
    }
    assert health["services"]["letters"]["backends"]["openehr"]["product"]
    for name, part in health["services"].items():
        assert httpx.get(f"{fleet.url}/api/health/{name}").json() == part


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/docs",
        "/api/docs/events",
        "/api/docs/events/contract",
        "/api/docs/events/quill.letters.v1.letter.created",
        "/api/docs/assets/swagger-ui.css",
        "/api/docs/assets/swagger-ui-bundle.js",
        "/problems",
        *(f"/problems/{slug}" for slug in PROBLEMS),
    ],
)
def test_page_is_there(fleet: Fleet, path: str) -> None:
    assert httpx.get(fleet.url + path).status_code == 200


@pytest.mark.parametrize("service", ["auth", "patients", "letters", "notify"])
def test_openapi_document_describes_the_service(fleet: Fleet, service: str) -> None:
    document = httpx.get(f"{fleet.url}/api/docs/{service}.json").json()
    assert document["openapi"].startswith("3.1")
    assert any(path.startswith("/api/") and "health" not in path for path in document["paths"])


def test_event_schema_stands_where_the_events_say(fleet: Fleet) -> None:
    schema = httpx.get(f"{fleet.url}/api/docs/events/quill.letters.v1.letter.created.json")
    assert set(schema.json()["required"]) == {"letter_uid", "patient_id", "version", "author_id"}
    assert_problem(httpx.get(f"{fleet.url}/api/docs/events/quill.none.json"), 404)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/patients", "GET, HEAD, POST"),
        (f"/api/patients/{ABSENT}/letters", "GET, HEAD, POST"),
        (f"/api/patients/{ABSENT}/demographics", "GET, HEAD, PUT"),
        ("/api/auth/users", "GET, HEAD, POST"),
        ("/api/push/send", "POST"),
    ],
)
@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "TRACE"])
def test_wrong_method_names_every_right_one(people: dict[str, Person], method: str, path: str, methods: str) -> None:
    answer = people["clinician"].send(method, path)
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == methods


@pytest.mark.parametrize("path", ["/api/health", "/api/auth/.well-known/jwks.json", "/api/docs", "/api/auth/me"])
def test_head_answers_as_get_without_the_body(people: dict[str, Person], path: str) -> None:
    asked, got = (people["clinician"].send(method, path) for method in ("HEAD", "GET"))
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["Content-Type"] == got.headers["Content-Type"]


def test_openapi_says_who_signs_in_and_how_it_can_be_refused(fleet: Fleet) -> None:
    document = httpx.get(f"{fleet.url}/api/docs/auth.json").json()
    login, users = document["paths"]["/api/auth/login"]["post"], document["paths"]["/api/auth/users"]["post"]
    assert (login["security"], users["security"]) == ([], [{"token": []}])
    assert "X-CSRF-Token" in {parameter["name"] for parameter in users["parameters"]}
    assert set(login["responses"]) == {"200", "401", "403", "413", "415", "422", "429", "503"}
    assert list(login["responses"]["429"]["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in json.dumps(document)
