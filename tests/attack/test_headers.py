"""Headers: every answer there is, whoever gives it, tells a browser what it must not do with it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from e2e.client import Person, assert_problem, eventually, unique
from fleet import Fleet

from attack.people import Cast

SAME_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FOR_THE_APP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
TELL_TALES = {"server", "via", "x-powered-by", "x-aspnet-version", "x-debug"}
JWKS, SWAGGER = "/api/auth/.well-known/jwks.json", "/api/docs"
NOBODY = "018f4ed5-3bb0-7c1d-9d2c-0123456789ab"
LETTERS = f"/api/patients/{NOBODY}/letters"
JSON = {"Content-Type": "application/json"}

# Who asks for what, with what, and the status of the answer.
ANSWERS: list[tuple[str, str, str, dict[str, Any], int]] = [
    ("nobody", "GET", "/", {}, 200),
    ("nobody", "HEAD", "/", {}, 200),
    ("nobody", "GET", "/style.css", {}, 200),
    ("nobody", "GET", "/quill.svg", {}, 200),
    ("nobody", "GET", "/nothing", {}, 404),
    ("nobody", "POST", "/", {}, 405),
    ("nobody", "GET", "/problems", {}, 200),
    ("nobody", "GET", "/problems/csrf", {}, 200),
    ("nobody", "GET", "/problems/nothing", {}, 404),
    ("nobody", "GET", SWAGGER, {}, 200),
    ("nobody", "GET", "/api/docs/events", {}, 200),
    ("nobody", "GET", "/api/docs/auth.json", {}, 200),
    ("nobody", "GET", "/api/docs/assets/swagger-ui-bundle.js", {}, 200),
    ("nobody", "GET", "/api/health", {}, 200),
    ("nobody", "GET", JWKS, {}, 200),
    ("nobody", "GET", "/api/auth/oidc/callback?state=x&code=x", {}, 302),
    ("clinician", "GET", "/api/auth/me", {}, 200),
    ("clinician", "HEAD", "/api/auth/me", {}, 200),
    ("clinician", "GET", "/api/patients", {}, 200),
    ("clinician", "POST", "/api/patients", {"json": {"patient_id": NOBODY}}, 200),
    ("patient", "GET", "/api/notifications", {}, 200),
    ("clinician", "POST", "/api/push/send", {"json": {"user_id": NOBODY, "template": "test"}}, 202),
    ("nobody", "GET", "/api/auth/me", {}, 401),
    ("nobody", "POST", "/api/auth/refresh", {}, 401),
    ("nobody", "GET", f"/api/fhir/patients/{NOBODY}", {}, 401),
    ("patient", "GET", "/api/auth/users", {}, 403),
    ("clinician", "POST", "/api/patients", {"json": {}, "headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
    ("clinician", "GET", LETTERS, {}, 404),
    ("clinician", "GET", f"/api/fhir/patients/{NOBODY}", {}, 404),
    ("clinician", "GET", "/api/nothing", {}, 404),
    ("clinician", "GET", "/api/auth/nothing", {}, 404),
    ("clinician", "DELETE", "/api/patients", {}, 405),
    ("nobody", "TRACE", "/api/auth/me", {}, 405),
    ("nobody", "OPTIONS", "/api/auth/login", {"headers": {"Access-Control-Request-Method": "POST"}}, 405),
    ("clinician", "POST", "/api/patients", {"content": b" " * 300_000, "headers": JSON}, 413),
    ("clinician", "POST", "/api/patients", {"data": {"patient_id": NOBODY}}, 415),
    ("nobody", "GET", "/", {"headers": {"Host": "elsewhere.example"}}, 421),
    ("nobody", "GET", "/api/auth/me", {"headers": {"Host": "elsewhere.example"}}, 421),
    ("nobody", "POST", "/api/auth/login", {"json": []}, 422),
    ("clinician", "POST", "/api/fhir/patients", {"json": {}}, 422),
    ("clinician", "PUT", f"/api/patients/{NOBODY}/demographics", {"json": {}}, 428),
]


@pytest.fixture
def people(fleet: Fleet, cast: Cast) -> Iterator[dict[str, Person]]:
    with Person(fleet.url) as nobody:
        yield {"nobody": nobody, "patient": cast.patient, "clinician": cast.clinician, "admin": cast.admin}


def ask(person: Person, method: str, path: str, **sent: Any) -> httpx.Response:
    return person.http.request(method, path, **sent)


def assert_guarded(answer: httpx.Response) -> None:
    """The answer has every header of `security.md`, each once, and none that tells too much."""
    names = [name.lower() for name, _ in answer.headers.multi_items() if name.lower() != "set-cookie"]
    assert len(names) == len(set(names))
    assert {name: answer.headers.get(name) for name in SAME_EVERYWHERE} == SAME_EVERYWHERE
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not [word for word in ("unsafe-inline", "unsafe-eval", "*", "http:") if word in policy]
    for feature in ("camera", "geolocation", "microphone", "payment", "usb"):
        assert f"{feature}=()" in answer.headers["Permissions-Policy"]
    assert str(UUID(answer.headers["X-Request-Id"])) == answer.headers["X-Request-Id"]
    assert not TELL_TALES & set(names)
    assert not [name for name in names if name.startswith("access-control-")]
    path = answer.request.url.path
    if path.startswith("/api") and path != JWKS:
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("who", "method", "path", "sent", "status"), ANSWERS, ids=[f"{row[1]} {row[2]} {row[4]}" for row in ANSWERS]
)
def test_answer_carries_the_security_headers(
    people: dict[str, Person], who: str, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    answer = ask(people[who], method, path, **sent)
    assert answer.status_code == status, answer.text
    assert_guarded(answer)


def test_answer_to_too_many_tries_carries_the_security_headers(people: dict[str, Person]) -> None:
    credentials = {"username": unique(), "password": "not the password of anybody"}
    answers = [people["nobody"].post("/api/auth/login", credentials) for _ in range(6)]
    assert_problem(answers[-1], 429, "too-many-requests")
    for answer in answers:
        assert_guarded(answer)


def test_answer_while_a_backend_is_away_carries_the_security_headers(fleet: Fleet, cast: Cast) -> None:
    fleet.kill("openehr")
    path = f"/api/patients/{cast.patient.user['patient_id']}/letters"
    answer = cast.clinician.get(path)
    assert_problem(answer, 503, "backend-unavailable")
    assert_guarded(answer)
    eventually(lambda: cast.clinician.get(path).status_code == 200, within=60)


def test_policy_of_the_app_is_the_written_one_and_swagger_ui_has_its_own(fleet: Fleet) -> None:
    with Person(fleet.url) as person:
        pages = {path: person.get(path).headers["Content-Security-Policy"] for path in ("/", "/nothing", SWAGGER)}
    assert pages["/"] == pages["/nothing"] == FOR_THE_APP
    assert pages[SWAGGER] != FOR_THE_APP


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://localhost:1"])
def test_page_of_another_origin_is_allowed_nothing(people: dict[str, Person], origin: str) -> None:
    for path in ("/api/auth/me", "/api/patients", JWKS, "/", "/api/docs/auth.json"):
        assert_guarded(ask(people["clinician"], "GET", path, headers={"Origin": origin}))
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-csrf-token",
    }
    for path in ("/api/auth/login", "/api/patients", "/api/push/register"):
        preflight = ask(people["clinician"], "OPTIONS", path, headers=asked)
        assert preflight.status_code == 405
        assert_guarded(preflight)
