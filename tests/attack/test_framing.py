"""HTTP as nobody should send it, over raw sockets to the real Caddy with the real services behind it. Sizes and slow
senders are in tests/edge/test_answers.py, which tries the same Caddyfile."""

import socket
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest
from e2e.client import assert_problem, eventually
from fleet import Fleet

from attack.people import Cast


def raw(fleet: Fleet, *lines: str, body: bytes = b"") -> list[bytes]:
    """Send exactly these lines and this body; the status lines of all answers, until the end or a second of silence."""
    with socket.create_connection(("127.0.0.1", fleet.port), timeout=8) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        answer = b""
        with suppress(TimeoutError, ConnectionResetError):
            while more := connection.recv(65536):
                answer += more
                connection.settimeout(1)
    return [line.strip() for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.")]


def statuses(fleet: Fleet, *lines: str, body: bytes = b"") -> list[int]:
    return [int(line.split()[1]) for line in raw(fleet, *lines, body=body)]


def host(fleet: Fleet) -> str:
    return f"Host: localhost:{fleet.port}"


SMUGGLED = b"GET /api/auth/me HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"0\r\n\r\n" + SMUGGLED


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: 2", "Content-Length: 70"], b"{}" + SMUGGLED),
        (["Content-Length: 2, 70"], b"{}" + SMUGGLED),
        (["Content-Length: +2"], b"{}"),
        (["Content-Length: 0x2"], b"{}"),
        (["Content-Length: -1"], b"{}"),
        (["Transfer-Encoding: identity, chunked"], CHUNKED),
        (["Transfer-Encoding: xchunked"], CHUNKED),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], CHUNKED),
        (["Transfer-Encoding : chunked"], CHUNKED),
        ([" Transfer-Encoding: chunked"], CHUNKED),
        (["Transfer-Encoding: \x0bchunked"], CHUNKED),
    ],
)
def test_body_whose_length_is_in_doubt_is_refused_whole(fleet: Fleet, headers: list[str], body: bytes) -> None:
    told = statuses(fleet, "POST /api/auth/login HTTP/1.1", host(fleet), *headers, body=body)
    assert told in ([400], [501])  # one answer: what was hidden in the body is not a request


def test_body_with_a_length_and_chunks_is_read_as_chunks_and_ends_the_connection(fleet: Fleet) -> None:
    lines = ("POST /api/auth/login HTTP/1.1", host(fleet), "Content-Length: 70", "Transfer-Encoding: chunked")
    told = statuses(fleet, *lines, "Content-Type: application/json", body=CHUNKED)
    assert 401 not in told  # RFC 9112 §6.3: either refused, or what follows the chunks is not answered
    assert len(told) == 1


@pytest.mark.parametrize(
    "chunks",
    [
        *(b"-2\r\n{}\r\n0\r\n\r\n", b"+2\r\n{}\r\n0\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", b"\r\n2\r\n{}\r\n0\r\n\r\n"),
        *(b"FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", b"2\r\n{}0\r\n\r\n", b"2\r{}\r0\r\r", b"2;\r\n" + b"x" * 9_000),
        *(b"2;" + b"x" * 9_000 + b"\r\n{}\r\n0\r\n\r\n", b"2_0\r\n{}\r\n0\r\n\r\n", b"\xb2\r\n{}\r\n0\r\n\r\n"),
    ],
)
def test_chunks_that_are_none_are_refused(fleet: Fleet, chunks: bytes) -> None:
    lines = ("POST /api/auth/login HTTP/1.1", host(fleet), "Transfer-Encoding: chunked", "Connection: close")
    told = statuses(fleet, *lines, "Content-Type: application/json", body=chunks + SMUGGLED)
    assert told in ([400], [413], [408])  # one answer, and it is to what could not be read


def test_what_follows_the_chunks_is_no_header(fleet: Fleet, cast: Cast) -> None:
    token = cast.clinician.http.headers["Authorization"].encode()
    lines = ("POST /api/patients HTTP/1.1", host(fleet), "Transfer-Encoding: chunked", "Trailer: Authorization")
    body = b"2\r\n{}\r\n0\r\nAuthorization: " + token + b"\r\n\r\n"
    assert statuses(fleet, *lines, "Connection: close", "Content-Type: application/json", body=body) == [401]


@pytest.mark.parametrize(
    "lines",
    [
        ["GET /api/auth/me HTTP/1.1"],
        ["GET /api/auth/me HTTP/1.1", "Host: localhost", "Host: elsewhere.example"],
        ["GET /api/auth/me"],
        ["GET  /api/auth/me HTTP/1.1", "Host: localhost"],
        ["GET /api/auth/me HTTP/3.0", "Host: localhost"],
        ["GET /api/auth/me\x00 HTTP/1.1", "Host: localhost"],
        ["GET /api/auth/me HTTP/1.1", "Host: localhost", "X: a\x00b"],
        ["GET /api/auth/me HTTP/1.1", "Host: localhost", "X y: z"],
        ["GET /api/auth/me HTTP/1.1", "Host: localhost", "no colon"],
        ["G(T /api/auth/me HTTP/1.1", "Host: localhost"],
        ["GET api/auth/me HTTP/1.1", "Host: localhost"],
    ],
)
def test_malformed_request_is_refused(fleet: Fleet, lines: list[str]) -> None:
    assert statuses(fleet, *lines) in ([400], [505], [])


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "OPTIONS", "PROPFIND", "get", "X"])
def test_other_methods_are_refused(fleet: Fleet, method: str) -> None:
    assert statuses(fleet, f"{method} /api/auth/me HTTP/1.1", host(fleet), "Connection: close") in ([405], [400])


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://elsewhere.example/api/auth/me", 421),
        ("http://localhost.elsewhere.example/api/auth/me", 421),
        ("http://127.0.0.1:1/api/auth/me", 421),
        ("http://169.254.169.254/latest/meta-data", 421),
        ("*", 400),
        ("//elsewhere.example/api/auth/me", 404),
        ("/api/auth/me#@elsewhere.example", 404),
    ],
)
def test_target_that_names_another_host_reaches_nobody(fleet: Fleet, target: str, status: int) -> None:
    told = statuses(fleet, f"GET {target} HTTP/1.1", host(fleet), "Connection: close")
    assert told in ([status], [400], [404])


def test_headers_that_claim_an_identity_change_nothing(fleet: Fleet, cast: Cast) -> None:
    claims = {"X-User-Id": cast.admin.id, "X-User-Roles": "admin", "X-Internal-Auth": "1", "X-User-Token": "x"}
    claims |= {"X_User_Id": cast.admin.id, "x-forwarded-user": cast.admin.id, "Remote-User": "admin"}
    with httpx.Client(base_url=fleet.url, trust_env=False) as anybody:
        assert_problem(anybody.get("/api/auth/me", headers=claims), 401)
        assert_problem(anybody.get("/api/patients", headers=claims), 401)
    assert cast.patient.get("/api/auth/me", headers=claims).json()["id"] == cast.patient.id
    assert_problem(cast.patient.get("/api/auth/users", headers=claims), 403)


CLAIMED = {
    **{"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"},
    **{"True-Client-IP": "203.0.113.9", "CF-Connecting-IP": "203.0.113.9", "X-Client-IP": "203.0.113.9"},
}


@pytest.mark.parametrize("hidden", ["close", "close, X-Forwarded-For, X-Request-Id", "close, Forwarded, X-Real-IP"])
def test_address_in_the_trail_is_where_the_call_came_from(fleet: Fleet, cast: Cast, hidden: str) -> None:
    calls = {str(uuid4()): "/api/patients?limit=1", str(uuid4()): f"/api/patients/{uuid4()}/letters"}
    for request_id, path in calls.items():
        cast.clinician.get(path, headers={**CLAIMED, "X-Request-Id": request_id, "Connection": hidden})

    def entries() -> list[dict[str, Any]]:
        trail = cast.admin.get(f"/api/auth/audit?user_id={cast.clinician.id}&limit=100").json()["items"]
        return [entry for entry in trail if entry["request_id"] in calls]

    eventually(lambda: len(entries()) == len(calls))
    assert {entry["address"] for entry in entries()} == {cast.clinician.address}


@pytest.mark.parametrize("override", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_method_and_path_are_those_of_the_request_line(fleet: Fleet, cast: Cast, override: str) -> None:
    moved = {"X-Original-URL": "/api/auth/users", "X-Rewrite-URL": "/api/auth/users"}
    assert cast.admin.get("/api/auth/me", headers=moved).json()["id"] == cast.admin.id
    assert cast.patient.post("/api/auth/me", headers={override: "GET"}).status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/livez", "/readyz", "/metrics", "/api/../livez", "/api/auth/..;/..;/readyz", "/api/auth/%2e%2e/%2e%2e/livez"],
)
def test_what_is_for_operators_is_not_reachable(fleet: Fleet, path: str) -> None:
    assert statuses(fleet, f"GET {path} HTTP/1.1", host(fleet), "Connection: close") == [404]


@pytest.mark.parametrize("service", ["auth", "patients", "letters", "notify"])
def test_service_limits_bodies_itself(fleet: Fleet, cast: Cast, service: str) -> None:
    limits = {"auth": ("/api/auth/patient-links", 256), "patients": ("/api/patients", 256)}
    limits |= {"letters": (f"/api/patients/{uuid4()}/letters", 1536), "notify": ("/api/push/send", 256)}
    path, kib = limits[service]
    headers = {name: cast.clinician.http.headers[name] for name in ("Authorization", "X-CSRF-Token", "Origin")}
    inside = f"http://127.0.0.1:{fleet.processes[service]['port']}{path}"
    body = b'"' + b"x" * kib * 1024 + b'"'
    headers["Content-Type"] = "application/json"
    assert_problem(httpx.post(inside, content=body, headers=headers, timeout=10, trust_env=False), 413, "too-large")
