"""What tests put in place of another service over HTTP on loopback, the tokens of auth among it, and of a caller."""

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

from common.auth import Caller, hash_csrf
from joserfc import jwt
from joserfc.jwk import RSAKey

ORIGIN = "http://localhost:8080"
CSRF = "csrf-token-of-the-tests"

type Answer = tuple[int, Mapping[str, str], bytes]


def as_json(status: int, value: object, *, media_type: str = "application/json") -> Answer:
    """An answer in JSON."""
    return status, {"Content-Type": media_type}, json.dumps(value).encode()


class Server(ThreadingHTTPServer):
    """Answers every method with `answer`, in threads, until stopped; None cuts the connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, request: "Handler", body: bytes) -> Answer | None:
        raise AssertionError("answered by a subclass")

    def handle_error(self, *_: object) -> None:
        """Connections that are cut or given up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.server.answer(self, body)
        if answer is None:
            self.close_connection = True
            return
        status, headers, content = answer
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if status != 204 else b"")

    do_GET = do_POST = do_PUT = do_DELETE = reply

    def log_message(self, *_: object) -> None:
        """Tests look at answers."""


class Auth(Server):
    """Auth as far as every service asks it: its public keys, and that sessions live."""

    def __init__(self) -> None:
        super().__init__()
        self.key = RSAKey.generate_key(2048, auto_kid=True)

    def answer(self, request: Handler, body: bytes) -> Answer | None:
        return as_json(200, {"keys": [self.key.as_dict(private=False)]} if request.path.endswith("jwks.json") else {})

    def sign(self, claims: dict[str, Any]) -> str:
        """An access token as auth signs it."""
        return jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": self.key.kid}, claims, self.key)

    def headers(self, *roles: str, user_id: UUID | None = None, patient_id: UUID | None = None) -> dict[str, str]:
        """Token and CSRF proof of somebody with these roles who has just signed in."""
        now = int(time.time())
        claims: dict[str, Any] = {
            **{"iss": ORIGIN, "aud": "quill-api", "sub": str(user_id or uuid4()), "sid": str(uuid4())},
            **{"jti": str(uuid4()), "iat": now, "exp": now + 900, "auth_time": now, "amr": ["pwd"]},
            **{"roles": list(roles), "tv": 1, "csh": hash_csrf(CSRF)},
            **({"pid": str(patient_id)} if patient_id else {}),
        }
        return {"Authorization": f"Bearer {self.sign(claims)}", "X-CSRF-Token": CSRF}


def caller(*roles: str, user_id: UUID | None = None, patient_id: UUID | None = None, token: str = "") -> Caller:
    """Somebody with these roles whom a policy let in, in a session of their own."""
    return Caller(
        user_id=user_id or uuid4(),
        session_id=uuid4(),
        roles=frozenset(roles),
        patient_id=patient_id,
        token_version=0,
        amr=(),
        csrf_hash="",
        expires_at=0,
        token=token,
    )
