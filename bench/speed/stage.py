"""What every measurement stands on: the fleet's doors, people's sessions, databases, and processes of its own."""

import asyncio
import json
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from measuring import Running
from native.bare import NatsServer
from native.errors import LaunchError
from native.home import read_json
from native.http import answers
from native.ports import free_port
from native.postgres import SUPERUSER, url
from native.process import Command, Program, end, run_to_end, spawn
from native.settings import REPOSITORY

from speed import machine
from speed.load import Call, request, same
from speed.pairs import Pace, Turns, take_turns, warm

SETTLE_SECONDS = 90.0
START_SECONDS = 60.0
_LEFT = "SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"
_OUTBOXES = ("auth", "patients", "letters", "notify")
_FEEDS = "feed-"  # each replica's own followers of revocations, which acknowledge nothing


@dataclass(frozen=True)
class Replica:
    """A process of our own; `ready_seconds` is how long it took to be ready."""

    pid: int
    port: int
    ready_seconds: float

    @property
    def url(self) -> str:
        """Where it is asked without Caddy."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Stage:
    """A running fleet, a broker beside it, and how long things are measured."""

    fleet: Running
    broker: NatsServer
    pace: Pace
    _databases: dict[str, asyncpg.Connection] = field(default_factory=dict)
    _made: list[str] = field(default_factory=list)
    _http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=15, trust_env=False))

    @property
    def origin(self) -> str:
        """The public door."""
        return f"http://localhost:{self.port('caddy')}"

    def port(self, name: str) -> int:
        """Where a process of the fleet listens."""
        return int(self.fleet.processes[name]["port"])

    def pid(self, name: str) -> int:
        """Which process it is."""
        return int(self.fleet.processes[name]["pid"])

    def told(self, service: str) -> dict[str, str]:
        """The settings that a service runs under."""
        return machine.environment(self.pid(service))

    def account(self, role: str) -> Mapping[str, str]:
        """The demo's first account of a role."""
        return next(account for account in self.fleet.accounts if account["role"] == role)

    async def session(self, role: str = "clinician") -> dict[str, str]:
        """Headers of a fresh session; tokens live fifteen minutes, so each measurement asks for its own."""
        door = self.fleet.door(role)
        async with door.http:
            return await door.session()

    def call(self, path: str, headers: Mapping[str, str], *, origin: str = "") -> Call:
        """A reading call through the public door, or another."""
        return same("GET", f"{origin or self.origin}{path}", headers)

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: object = None) -> Any:
        """One call through the public door; the JSON of its answer.

        Raises:
            LaunchError: it was refused.
        """
        answer = await self._http.request(method, f"{self.origin}{path}", headers=dict(headers), json=body)
        if answer.is_error:
            raise LaunchError(f"{method} {path} answered {answer.status_code}")
        return answer.json() if answer.content else None

    def write(self, path: str, headers: Mapping[str, str], body: object, *, status: int = 201) -> Call:
        """A writing call through the public door, each time with another idempotency key."""
        content = json.dumps(body).encode()
        mark = "0" * 32
        told = {**headers, "Content-Type": "application/json", "Idempotency-Key": mark}
        host, port, whole = request("POST", f"{self.origin}{path}", told, content)
        return Call(host, port, lambda: whole.replace(mark.encode(), secrets.token_hex(16).encode(), 1), status)

    async def turns(self, ways: Mapping[str, Call], *, callers: int) -> Turns:
        """Drive several ways in turns, each beginning on a quiet fleet."""
        return await take_turns(ways, callers=callers, pace=self.pace, settle=self.settle)

    async def warm(self, call: Call) -> None:
        """Call a server until its compilers are done."""
        await warm(call, pace=self.pace)

    async def settle(self) -> None:
        """Wait until every event that was announced is published and handled.

        Raises:
            LaunchError: that takes longer than anybody would wait.
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        while busy := await self._busy():
            if time.monotonic() > deadline:
                raise LaunchError(f"still at work after {SETTLE_SECONDS:.0f} s: {', '.join(busy)}")
            await asyncio.sleep(0.1)

    async def _busy(self) -> list[str]:
        """The outboxes with events to publish; when there are none, the consumers with events to handle."""
        names = (*_OUTBOXES, *self._made)
        if full := [name for name in names if await (await self.database(name)).fetchval(_LEFT)]:
            return full
        monitor = f"http://127.0.0.1:{read_json(self.fleet.home.ports)['nats-monitor']}/jsz"
        told = await self._http.get(monitor, params={"accounts": "true", "consumers": "true"})
        accounts = told.json().get("account_details", [])
        streams = [stream for account in accounts for stream in account.get("stream_detail", [])]
        durables = [one for stream in streams for one in stream.get("consumer_detail") or []]
        return [
            one["name"]
            for one in durables
            if one["num_pending"] + one["num_ack_pending"] and not one["name"].startswith(_FEEDS)
        ]

    async def database(self, name: str) -> asyncpg.Connection:
        """The superuser's connection to a database of the fleet's server."""
        if name not in self._databases:
            self._databases[name] = await asyncpg.connect(self.database_url(name))
        return self._databases[name]

    def database_url(self, name: str) -> str:
        """Where a database of the fleet's server is, as the superuser."""
        password = read_json(self.fleet.home.secrets)[f"database_{SUPERUSER}"]
        return url(SUPERUSER, password, port=self.port("postgres"), database=name)

    async def new_database(self, name: str, *, like: str) -> str:
        """An empty database with a service's tables, on the fleet's own server with its durability; its URL."""
        await (await self.database(SUPERUSER)).execute(f"CREATE DATABASE {name}")
        command = Command(
            argv=(sys.executable, "-m", "alembic", "upgrade", "head"),
            env={"QUILL_MIGRATION_DATABASE_URL": self.database_url(name)},
            cwd=REPOSITORY / "services" / like,
        )
        await run_to_end(command, what=f"Migrating {name}", log=self._log(name), seconds=120)
        self._made.append(name)
        return self.database_url(name)

    @asynccontextmanager
    async def replica(self, service: str, **changed: str) -> AsyncIterator[Replica]:
        """One more process of a service, started as the launcher starts it, with some settings changed."""
        argv = machine.arguments(self.pid(service))
        argv[argv.index("--port") + 1] = str(port := free_port())
        async with self.process(f"{service}-{port}", argv, {**self.told(service), **changed}, port=port) as replica:
            yield replica

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[Replica]:
        """An app that does nothing, in a process like a service's."""
        argv = machine.arguments(self.pid("auth"))
        argv[argv.index("--port") + 1] = str(port := free_port())
        argv[argv.index("auth.main:create_app")] = "speed.empty:create_app"
        env = {"PYTHONPATH": str(REPOSITORY / "bench")}
        async with self.process(f"empty-{port}", argv, env, port=port) as replica:
            yield replica

    @asynccontextmanager
    async def door(self, service: str, replicas: Sequence[Replica]) -> AsyncIterator[str]:
        """Another Caddy by the same Caddyfile, which finds these replicas of a service; its origin."""
        port = free_port()
        origin, home = f"http://localhost:{port}", self.fleet.home.root / f"door-{port}"
        env = self.told("caddy") | {"QUILL_PORT": str(port), "QUILL_SITE_ADDRESS": origin}
        env |= {"XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
        env[f"QUILL_{service.upper()}_UPSTREAMS"] = " ".join(f"127.0.0.1:{one.port}" for one in replicas)
        argv = machine.arguments(self.pid("caddy"))
        async with self.process(home.name, argv, env, port=port, path="/"):
            yield origin

    @asynccontextmanager
    async def process(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], *, port: int, path: str = "/readyz"
    ) -> AsyncIterator[Replica]:
        """A server of our own until the block ends."""
        address = f"http://localhost:{port}{path}"
        # SIGINT stops a service at once, SIGTERM would let it drain first.
        command = Command(tuple(argv), env, REPOSITORY, stop_signal=signal.SIGINT)
        server = Program(name, command, port, ready=lambda: answers(address))
        began = time.monotonic()
        process = await spawn(server.command, log=self._log(name))
        try:
            while not await server.ready():
                if process.returncode is not None or time.monotonic() > began + START_SECONDS:
                    raise LaunchError(f"{name} does not become ready; see {self._log(name)}")
                await asyncio.sleep(0.02)
            yield Replica(process.pid, port, time.monotonic() - began)
        finally:
            await end(process, command=server.command, grace=server.grace)

    def _log(self, name: str) -> Path:
        return self.fleet.home.log(name)

    async def new_patient(self, headers: Mapping[str, str]) -> UUID:
        """Somebody whom nobody knows yet."""
        resource = {"resourceType": "Patient", "name": [{"family": "Measured"}], "birthDate": "1961-04-12"}
        return UUID((await self.ask("POST", "/api/fhir/patients", headers, resource))["id"])

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()
        for connection in self._databases.values():
            with suppress(OSError, asyncpg.PostgresError):
                await connection.close()
