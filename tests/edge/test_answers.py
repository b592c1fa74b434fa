"""What Caddy adds to and removes from requests and answers, and what it says itself."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.conftest import Answer, Edge

P = "018f4ed5-3bb0-7c1d-9d2c-0123456789ab"
KIB = 1024
POLICY = "default-src 'none'; script-src 'self';"


def check_problem(answer: Answer, status: int, slug: str) -> None:
    assert answer.status == status
    assert answer.media_type == "application/problem+json"
    problem = json.loads(answer.body)
    assert (problem["status"], problem["type"]) == (status, f"/problems/{slug}")
    assert problem["title"]
    assert problem["detail"]


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // (64 * KIB)):
        yield b"x" * 64 * KIB
    yield b"x" * (size % (64 * KIB))


ANSWERS = [
    ("GET", "/"),
    ("GET", "/nothing"),
    ("GET", "/api/auth/me"),
    ("GET", "/api/nothing"),
    ("GET", "/api/fhir/nothing"),
    ("TRACE", "/api/auth/me"),
    ("POST", "/"),
]


@pytest.mark.parametrize(("method", "path"), ANSWERS)
def test_every_answer_carries_the_security_headers(edge: Edge, method: str, path: str) -> None:
    headers = edge.ask(method, path).headers
    assert headers["Content-Security-Policy"].startswith(POLICY)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert UUID(headers["X-Request-Id"])
    assert {"Server", "Via", "Strict-Transport-Security", "Retry-After"}.isdisjoint(headers)
    if path.startswith("/api"):
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_https_answers_ask_to_stay_on_https(https_edge: Edge, host: str) -> None:
    answer = https_edge.ask("GET", "/api/nothing", {"Host": host})
    assert answer.status == (404 if host == "localhost" else 421)
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_services_own_policy_and_caching_stay(edge: Edge) -> None:
    assert edge.ask("GET", "/api/docs").headers.get_all("Content-Security-Policy") == ["default-src 'self'"]
    jwks = edge.ask("GET", "/api/auth/.well-known/jwks.json")
    assert jwks.headers.get_all("Cache-Control") == ["public, max-age=300"]


def test_callers_request_id_is_kept_when_it_is_a_uuid(edge: Edge) -> None:
    sent = str(uuid4())
    answer = edge.ask("GET", "/api/auth/me", {"X-Request-Id": sent})
    assert answer.seen["headers"]["x-request-id"] == sent
    assert answer.headers.get_all("X-Request-Id") == [sent]
    assert edge.ask("GET", "/api/nothing", {"X-Request-Id": sent}).headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["1", "<script>", P + "x", "x" + P, "{" + P + "}", "x" * 500])
def test_any_other_request_id_is_replaced(edge: Edge, sent: str) -> None:
    answer = edge.ask("GET", "/api/auth/me", {"X-Request-Id": sent})
    assert UUID(answer.seen["headers"]["x-request-id"])
    assert answer.headers["X-Request-Id"] == answer.seen["headers"]["x-request-id"] != sent


FORGED = {
    "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "X-User-Id": "admin",
    "X-User-Roles": "admin",
    "x-internal-token": "secret",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
}


def test_forged_headers_never_arrive(edge: Edge) -> None:
    seen = edge.ask("GET", "/api/auth/me", FORGED).seen["headers"]
    kept_out = {"forwarded", "x-real-ip", "x-user-id", "x-user-roles", "x-internal-token", "upgrade"}
    assert kept_out.isdisjoint(seen)
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert seen["x-forwarded-host"] == f"localhost:{edge.port}"


def test_behind_an_ingress_services_hear_who_called_it(inner_edge: Edge) -> None:
    told = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "quill.example"}
    answer = inner_edge.ask("GET", "/api/auth/me", told)
    seen = answer.seen["headers"]
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("203.0.113.9, 127.0.0.1", "https")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


COOKIE_FREE = ["/api/patients", f"/api/patients/{P}/letters", "/api/notifications", "/api/docs", "/api/health/auth"]


@pytest.mark.parametrize("path", COOKIE_FREE)
def test_cookies_reach_nobody_but_auth(edge: Edge, path: str) -> None:
    cookies = {"Cookie": "quill_refresh=abc"}
    assert "cookie" not in edge.ask("GET", path, cookies).seen["headers"]
    assert edge.ask("GET", "/api/auth/me", cookies).seen["headers"]["cookie"] == "quill_refresh=abc"


LETTERS = f"/api/patients/{P}/letters"
LIMITS = [
    ("POST", "/api/auth/login", 256 * KIB),
    ("POST", LETTERS, 1536 * KIB),
    ("PUT", f"{LETTERS}/{P}", 1536 * KIB),
    ("POST", f"{LETTERS}/{P}/withdraw", 256 * KIB),
    ("PUT", f"/api/patients/{P}/demographics", 256 * KIB),
]


@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
@pytest.mark.parametrize(("method", "path", "limit"), LIMITS)
def test_body_over_the_limit_is_refused(edge: Edge, method: str, path: str, limit: int, chunked: bool) -> None:
    fits, over = (chunks(limit), chunks(limit + 1)) if chunked else (b"x" * limit, b"x" * (limit + 1))
    assert edge.ask(method, path, body=fits).seen["length"] == limit
    check_problem(edge.ask(method, path, body=over), 413, "too-large")


def test_refusal_under_fhir_is_an_operation_outcome(edge: Edge) -> None:
    answer = edge.ask("POST", "/api/fhir/patients", body=b"x" * (256 * KIB + 1))
    assert (answer.status, answer.media_type) == (413, "application/fhir+json")
    outcome = json.loads(answer.body)
    assert outcome["resourceType"] == "OperationOutcome"
    assert [(issue["severity"], issue["code"]) for issue in outcome["issue"]] == [("error", "too-long")]


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PROPFIND"])
def test_unusual_method_reaches_a_service_as_options_only(edge: Edge, method: str) -> None:
    assert edge.ask(method, "/api/auth/me").seen["method"] == "OPTIONS"
    answer = edge.ask(method, "/")
    check_problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_tunnel_is_refused(edge: Edge) -> None:
    answer = edge.raw(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: application/problem+json\r\n" in answer


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1"])
@pytest.mark.parametrize("path", ["/", "/api/auth/me", "/livez"])
def test_wrong_host_is_misdirected(edge: Edge, host: str, path: str) -> None:
    check_problem(edge.ask("GET", path, {"Host": host}), 421, "wrong-host")


def test_oversized_header_is_refused(edge: Edge) -> None:
    assert edge.ask("GET", "/api/auth/me", {"X-Long": "x" * 15 * KIB}).status == 200
    assert edge.ask("GET", "/api/auth/me", {"X-Long": "x" * 24 * KIB}).status == 431


def test_unfinished_header_is_dropped_after_5_seconds(edge: Edge) -> None:
    began = time.monotonic()
    assert edge.raw(b"GET /api/auth/me HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") == b""
    assert 4 < time.monotonic() - began < 7


@pytest.mark.parametrize("pause", [15.0, 0.5], ids=["stalled", "trickling"])
def test_unfinished_body_is_refused_after_10_seconds(edge: Edge, pause: float) -> None:
    began = time.monotonic()
    answer = edge.raw(b"POST /api/webhooks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{", pause)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"Content-Type: application/problem+json\r\n" in answer
    assert 9 < time.monotonic() - began < 12


def test_log_has_the_request_id_and_nothing_about_the_patient(edge: Edge) -> None:
    request_id = str(uuid4())
    headers = {"X-Request-Id": request_id, "Cookie": "canary=cookie", "Authorization": "Bearer canary"}
    edge.ask("GET", f"/api/patients/{P}/letters?q=canary", headers)
    edge.ask("GET", f"/api/patients/9434765919/canary%20name?q=canary#{P}", headers)
    deadline = time.monotonic() + 5
    while edge.log.read_text().count(request_id) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    lines = [json.loads(line) for line in edge.log.read_text().splitlines() if request_id in line]
    assert [line["request"]["uri"] for line in lines] == ["/api/patients/*/letters*", "/api/patients/*/**"]
    for secret in (P, "canary", "9434765919"):
        assert secret not in json.dumps(lines)
