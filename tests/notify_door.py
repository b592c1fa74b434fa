"""The whole notify app on real PostgreSQL and NATS, for tests of its HTTP; only auth is stood in for, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from common.events import Event
from common.outbox import Envelope
from fastapi import FastAPI
from nats.aio.client import Client
from notify.main import create_app
from notify.settings import Settings
from stand_in import ORIGIN, Auth


@dataclass
class Visitor:
    """A signed-in user of the app."""

    http: httpx.AsyncClient
    user_id: UUID
    own: dict[str, str] = field(repr=False)

    async def __call__(self, method: str, path: str, *, headers: dict[str, str] | None = None, **kwargs: Any) -> Any:
        """One request with token and CSRF proof; headers can be replaced."""
        sent = {name: value for name, value in (self.own | (headers or {})).items() if value}
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
        user_id = uuid4()
        return Visitor(self.http, user_id, self.auth.headers(*(roles or ("patient",)), user_id=user_id))

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
        door = Door(app, http, auth, nats)
        async with asyncio.timeout(60):  # while it binds its consumers, what auth says can come too late
            while (await door.visitor()("GET", "/notifications")).status_code == 503:
                pass
        yield door
    await nats.close()
