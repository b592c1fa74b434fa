"""The whole notify app on real PostgreSQL and NATS, for tests of its HTTP; only auth is stood in for, over HTTP."""

import json
import secrets
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import httpx
from common.auth import hash_csrf
from common.events import Event
from common.outbox import Envelope
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import RSAKey
from nats.aio.client import Client
from notify.main import create_app
from notify.settings import Settings

ORIGIN = "http://localhost:8080"


class Auth(ThreadingHTTPServer):
    """Auth as far as notify asks it: its keys, and that sessions live."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def token(self, claims: dict[str, Any]) -> str:
        """An access token as auth signs it."""
        header = {"alg": "RS256", "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=["RS256"])


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Auth

    def do_GET(self) -> None:
        keys = {"keys": [self.server.key.as_dict(private=False)]}
        body = json.dumps(keys if self.path.endswith("jwks.json") else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests look at answers."""


@contextmanager
def auth_service() -> Iterator[Auth]:
    """A running stand-in for auth."""
    auth = Auth()
    try:
        yield auth
    finally:
        auth.shutdown()
        auth.server_close()


@dataclass
class Visitor:
    """A signed-in user of the app."""

    http: httpx.AsyncClient
    user_id: UUID
    token: str
    csrf: str = field(repr=False)

    async def __call__(self, method: str, path: str, *, headers: dict[str, str] | None = None, **kwargs: Any) -> Any:
        """One request with token and CSRF proof; headers can be replaced."""
        own = {"Authorization": f"Bearer {self.token}", "X-CSRF-Token": self.csrf}
        sent = {name: value for name, value in (own | (headers or {})).items() if value}
        return await self.http.request(method, f"/api{path}", headers=sent, **kwargs)


@dataclass
class Door:
    """The running app."""

    app: FastAPI
    http: httpx.AsyncClient
    auth: Auth
    nats: Client

    def visitor(self, *roles: str) -> Visitor:
        """Somebody who has just signed in."""
        user_id, csrf, now = uuid4(), secrets.token_urlsafe(32), int(time.time())
        claims = {
            **{"iss": ORIGIN, "aud": "quill-api", "sub": str(user_id), "sid": str(uuid4()), "jti": str(uuid4())},
            **{"iat": now, "exp": now + 900, "auth_time": now, "amr": ["pwd"], "tv": 0},
            **{"roles": list(roles) or ["patient"], "csh": hash_csrf(csrf)},
        }
        return Visitor(self.http, user_id, self.auth.token(claims), csrf)

    async def publish(self, event: Event, *, source: str) -> UUID:
        """Another service announces a fact; its id."""
        envelope = Envelope(
            id=uuid4(),
            type=event.subject,
            source=f"/services/{source}",
            subject=event.path,
            dataschema=event.schema_path(),
        )
        body = event.model_dump_json().encode()
        await self.nats.jetstream().publish(event.subject, body, headers=envelope.headers())
        return envelope.id


@asynccontextmanager
async def open_door(settings: Settings, auth: Auth) -> AsyncIterator[Door]:
    """Start the app as uvicorn does, and stop it."""
    app, nats = create_app(settings), Client()
    await nats.connect(settings.nats_url)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield Door(app, http, auth, nats)
    await nats.close()
