"""Every public path reaches its owner, and nothing else reaches anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edge.conftest import Edge

P = "018f4ed5-3bb0-7c1d-9d2c-0123456789ab"
L = "018f4ed5-3bb0-7c1d-9d2c-ba9876543210"

OWNED = {
    "auth": """
        POST /api/auth/register
        POST /api/auth/login
        POST /api/auth/login/totp
        POST /api/auth/refresh
        POST /api/auth/logout
        GET /api/auth/me
        POST /api/auth/totp/enrol
        POST /api/auth/totp/confirm
        POST /api/auth/totp/disable
        POST /api/auth/password
        GET /api/auth/sessions
        DELETE /api/auth/sessions/{P}
        POST /api/auth/logout-all
        GET /api/auth/users?q=ann
        POST /api/auth/users
        PATCH /api/auth/users/{P}
        POST /api/auth/activate
        POST /api/auth/patient-links
        POST /api/auth/patient-links/redeem
        DELETE /api/auth/patient-links/{P}
        GET /api/auth/audit?patient_id={P}
        GET /api/auth/audit/mine
        GET /api/auth/.well-known/jwks.json
        GET /api/auth/oidc/login
        GET /api/auth/oidc/callback?code=a&state=b
        GET /api/health/auth
        GET /api/docs/auth.json
    """,
    "patients": """
        GET /api/patients?q=M%C3%BCller
        POST /api/patients
        GET /api/patients/{P}/demographics
        PUT /api/patients/{P}/demographics
        POST /api/fhir/patients
        GET /api/fhir/patients/{P}
        GET /api/health/patients
        GET /api/docs/patients.json
    """,
    "letters": """
        POST /api/patients/{P}/letters
        GET /api/patients/{P}/letters?limit=5
        GET /api/patients/{P}/letters/{L}?version=1
        PUT /api/patients/{P}/letters/{L}
        GET /api/patients/{P}/letters/{L}/versions
        POST /api/patients/{P}/letters/{L}/withdraw
        GET /api/patients/{P}/letters/{L}.pdf
        GET /api/patients/{P}/export
        GET /api/fhir/DocumentReference?patient={P}
        GET /api/health/letters
        GET /api/docs/letters.json
    """,
    "notify": """
        POST /api/push/register
        POST /api/push/send
        GET /api/push/public-key
        GET /api/push/registrations
        DELETE /api/push/registrations/{P}
        GET /api/notifications?unread=true
        POST /api/notifications/{P}/read
        POST /api/webhooks
        GET /api/webhooks
        DELETE /api/webhooks/{P}
        GET /api/health/notify
        GET /api/docs/notify.json
    """,
}
CALLS = [(service, *line.split()) for service, block in OWNED.items() for line in block.split("\n") if line.strip()]


@pytest.mark.parametrize(("service", "method", "path"), CALLS)
def test_public_path_reaches_its_owner_unchanged(edge: Edge, service: str, method: str, path: str) -> None:
    path = path.format(P=P, L=L)
    seen = edge.ask(method, path).seen
    assert (seen["service"], seen["method"], seen["path"]) == (service, method, path)


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/docs", "/api/docs/events", "/api/docs/a.css", "/problems", "/problems/csrf"]
)
def test_shared_path_is_answered_by_any_service(edge: Edge, path: str) -> None:
    assert {edge.ask("GET", path).seen["path"] for _ in range(4)} == {path}


@pytest.mark.parametrize("path", ["/api/health", "/api/docs", "/problems/not-found"])
def test_shared_path_is_answered_while_three_services_are_down(fragile_edge: Edge, path: str) -> None:
    for name in ("auth", "patients", "letters"):
        fragile_edge.upstreams[name].stop()
    for _ in range(4):
        assert fragile_edge.ask("GET", path).seen["service"] == "notify"


@pytest.mark.parametrize(
    "path",
    [
        "/livez",
        "/readyz",
        "/metrics",
        "/internal/patients/x",
        "/livez/",
        "/READYZ",
        "/metrics/x",
        "/%6divez",
        "/api/docs/../../livez",
    ],
)
def test_internal_path_is_never_reachable(edge: Edge, path: str) -> None:
    answer = edge.ask("GET", path)
    assert answer.status == 404
    assert answer.media_type == "text/html"


CROOKED = [
    "/api/auth/../patients",
    "/api/auth/..",
    "/api/./auth/me",
    "/api/docs/../../api/auth/me",
    "//api/auth/me",
    "/api//auth/me",
    "/api/auth%2Fme",
    "/api/auth/%6De",
    "/api/auth%5cme",
    "/api/patients/%2e%2e/letters",
    "/api/auth/me%00",
    "/API/auth/me",
    "/api/Auth/me",
]


@pytest.mark.parametrize("path", CROOKED)
def test_other_spelling_of_a_path_is_not_found(edge: Edge, path: str) -> None:
    answer = edge.ask("GET", path)
    assert answer.status == 404
    assert answer.media_type == "application/problem+json"


@pytest.mark.parametrize("raw", ["ü".encode(), "ü".encode("latin-1"), b"\xff", "李".encode()], ids=repr)
@pytest.mark.parametrize(
    "path", [b"/api/patients?q=M", b"/api/fhir/DocumentReference?patient=", b"/api/nothing?", b"/?"]
)
def test_query_with_bytes_that_no_address_has_is_refused(edge: Edge, path: bytes, raw: bytes) -> None:
    host = f"Host: localhost:{edge.port}\r\nConnection: close\r\n\r\n".encode()
    head, _, body = edge.raw(b"GET " + path + raw + b"ller HTTP/1.1\r\n" + host).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert (b"application/fhir+json" if b"/fhir/" in path else b"application/problem+json") in head
    assert b"ller" not in body


UNKNOWN = [
    "/api",
    "/api/",
    "/api/nothing",
    "/api/auth",
    "/api/patients/",
    f"/api/patients/{P}",
    f"/api/patients/{P}/labs",
    f"/api/patients/{P}/export/all",
    "/api/healthy",
    "/api/Health",
    "/api/health/Auth",
    "/api/health/postgres",
    "/api/push",
    "/api/webhooksx",
    "/api/fhir/metadata",
    "/api/fhir/Patient",
    "/problems/",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown_path_is_not_found(edge: Edge, path: str) -> None:
    answer = edge.ask("GET", path)
    assert answer.status == 404
    assert answer.media_type == (
        "application/fhir+json" if path.startswith("/api/fhir/") else "application/problem+json"
    )


def test_static_page_is_served_with_a_policy_and_revalidation(edge: Edge) -> None:
    answer = edge.ask("GET", "/")
    assert (answer.status, answer.media_type) == (200, "text/html")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert b"Quill" in answer.body


@pytest.mark.parametrize("path", ["/nothing", "/.git/config", "/../Caddyfile", "/nothing.css"])
def test_missing_page_is_a_page(edge: Edge, path: str) -> None:
    answer = edge.ask("GET", path)
    assert (answer.status, answer.media_type) == (404, "text/html")
