"""What /metrics of a running app tells: requests, calls, what waits and what is behind, and nothing about anybody."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from common import clock, http, outbox
from common.app import Service, build_app
from common.consumer import consumes
from common.errors import BackendUnavailable
from common.events import PatientCreated
from common.operations import OperationKind
from common.outbox import OutboxRow
from common.policy import ANYONE, PolicyRouter, allow
from common.settings import ServiceSettings
from common.work import Work
from fastapi import FastAPI, Request
from native.bare import NatsServer
from native.ports import free_port
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from prometheus_client.parser import text_string_to_metric_families
from provision.streams import provision
from sqlalchemy import update
from sqlmodel import col

pytestmark = pytest.mark.anyio

DURABLE = "letters-patient-created"
TEMPLATE = "/api/letters/{letter_uid}"
SECRETS = {"NoSuchName", "9434765919"}
# What a label may say, by its name; a route is a template and says nothing of who was asked for.
LABELS = {
    **{
        "method": r"[A-Z]+",
        "route": r"(/[a-z._-]+|/\{[a-z_]+\}(\.json)?)+|unmatched",
        "status": r"\d{1,3}",
        "le": r"[\d.+eInf]+",
    },
    **dict.fromkeys(("backend", "durable", "kind", "look", "outcome", "queue", "state"), r"[a-z_.-]+"),
    "le": r"[\d.]+|\+Inf",
    "server": r"[\w.-]+",
}

type Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass(frozen=True)
class App:
    """A running app: who calls it, and its work."""

    caller: httpx.AsyncClient
    work: Work[httpx.AsyncClient]


@asynccontextmanager
async def broken_backend() -> AsyncIterator[httpx.AsyncClient]:
    async with http.create_client(f"http://127.0.0.1:{free_port()}", "archive", timeout=1) as client:
        yield client


async def check(client: httpx.AsyncClient) -> None:
    await http.call(client, "GET", "/")


@consumes(PatientCreated, durable=DURABLE, at_once=1)
async def wait_for_ever(_work: Work[Any], _event: PatientCreated) -> None:
    await asyncio.Event().wait()


async def never(*_: Any) -> Any:
    raise AssertionError("nobody asks for this")


KIND: OperationKind[Any, Any, Any] = OperationKind(
    name="letter.never", intent=PatientCreated, perform=never, finish=never
)


def letters(settings: ServiceSettings) -> FastAPI:
    router = PolicyRouter()

    async def read(request: Request, letter_uid: str) -> dict[str, str]:
        await check(request.app.state.runtime.work.backend)
        return {"letter": letter_uid}

    async def fail() -> None:
        raise LookupError("nobody foresaw this")

    router.add_api_route("/letters/{letter_uid}", allow(ANYONE)(read))
    router.add_api_route("/broken", allow(ANYONE)(fail))
    service = Service(
        name="letters",
        routers=[router],
        open_backend=broken_backend,
        checks=lambda client: {"archive": lambda: check(client)},
        operations=[KIND],
        consumers=[wait_for_ever],
    )
    return build_app(service, settings)


@pytest.fixture
def serve(database_url: str) -> Callable[[str], Any]:
    @asynccontextmanager
    async def serving(nats_url: str) -> AsyncIterator[App]:
        urls = dict.fromkeys(("auth_url", "patients_url", "letters_url", "notify_url"), "http://127.0.0.1:1")
        settings = ServiceSettings.model_validate(
            {
                **{"mode": "demo", "public_origin": "http://localhost:8080", "pseudonym_key": "p" * 32, **urls},
                **{"database_url": database_url, "nats_url": nats_url},
                **{"nats_user": "letters", "nats_password": "unasked"},
            }
        )
        app = letters(settings)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as caller:
                yield App(caller, app.state.runtime.work)

    return serving


@pytest.fixture
async def app(serve: Callable[[str], Any], nats_server: NatsServer, client: Client) -> AsyncIterator[App]:
    with suppress(NotFoundError):
        await client.jetstream().delete_stream(PatientCreated.stream())  # with what other tests left in it
    await provision(client.jetstream())
    async with serve(nats_server.url) as running:
        yield running


async def samples(app: App) -> Samples:
    answer = await app.caller.get("/metrics")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")
    families = text_string_to_metric_families(answer.text)
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in families
        for one in family.samples
        if one.name.startswith("quill_")
    }


async def value(app: App, name: str, **labels: str) -> float:
    """The sample with these labels; 0 where there is none."""
    return (await samples(app)).get((f"quill_{name}", frozenset(labels.items())), 0.0)


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_request_and_the_failed_call_behind_it_are_counted(app: App) -> None:
    route = {"method": "GET", "route": TEMPLATE}
    requests, seconds = ("requests_total", {**route, "status": "503"}), ("request_seconds_count", route)
    calls = ("backend_call_seconds_count", {"backend": "archive", "outcome": "unreachable"})
    before = [await value(app, name, **labels) for name, labels in (requests, seconds)]
    failed = await value(app, calls[0], **calls[1])
    assert (await app.caller.get(f"/api/letters/{uuid4()}")).status_code == 503
    assert [await value(app, name, **labels) for name, labels in (requests, seconds)] == [one + 1 for one in before]
    assert await value(app, calls[0], **calls[1]) > failed
    assert await value(app, "backend_up", backend="archive") == 0
    assert await value(app, "backend_up", backend="postgres") == 1


async def test_failure_that_nobody_foresaw_is_counted_as_one(app: App) -> None:
    failures = {"method": "GET", "route": "/api/broken", "status": "500"}
    before = await value(app, "requests_total", **failures)
    assert (await app.caller.get("/api/broken")).status_code == 500
    assert await value(app, "requests_total", **failures) == before + 1


async def test_failures_are_told_before_there_is_any(app: App) -> None:
    """Prometheus takes no first value for an increase."""
    await app.caller.get("/livez")
    await app.caller.request("REPORT", "/api/no-such-route")  # as no other test in this process does
    async with http.create_client("http://127.0.0.1:1", "nobody-asked-it"):
        told = await samples(app)
    assert not any(dict(labels).get("method") == "REPORT" for _, labels in told)
    route = {"method": "OTHER", "route": "unmatched"}
    assert told["quill_requests_total", frozenset({**route, "status": "503"}.items())] == 0
    call = {"backend": "nobody-asked-it", "outcome": "late"}
    assert told["quill_backend_call_seconds_count", frozenset(call.items())] == 0
    for outcome in ("handled", "buried"):
        event = {"durable": DURABLE, "outcome": outcome}
        assert ("quill_event_age_seconds_count", frozenset(event.items())) in told
    write = {"kind": KIND.name, "outcome": "unknown"}
    assert told["quill_operations_total", frozenset(write.items())] == 0


async def test_answers_about_health_are_not_counted(app: App) -> None:
    for path in ("/api/health", "/api/health/letters", "/livez"):
        await app.caller.get(path)
    counted = {dict(labels).get("route") for name, labels in await samples(app) if name.startswith("quill_request")}
    assert not [route for route in counted if route and "health" in route]


async def test_fact_that_is_not_announced_is_seen_to_wait(app: App) -> None:
    assert await value(app, "waiting", queue="outbox") == 0
    assert await value(app, "waiting_oldest_seconds", queue="outbox") == 0
    async with app.work.database.transaction() as session:
        event_id = app.work.announce(session, PatientCreated(patient_id=uuid4(), version=1))
        await outbox.store(session)
        held = {"created_at": clock.now() - timedelta(minutes=2), "claimed_until": clock.now() + timedelta(hours=1)}
        await session.execute(update(OutboxRow).where(col(OutboxRow.id) == event_id).values(**held))
    assert await value(app, "waiting", queue="outbox") == 1
    assert await value(app, "waiting_oldest_seconds", queue="outbox") >= 120
    assert await value(app, "waiting", queue="operations") == 0


async def test_consumer_that_is_behind_and_what_it_buried_are_seen(app: App, client: Client) -> None:
    event = {"durable": DURABLE, "outcome": "buried"}
    buried, counted = (
        await value(app, "dead_letters", durable=DURABLE),
        await value(app, "event_age_seconds_count", **event),
    )
    await client.jetstream().publish(PatientCreated.subject, b"no event")
    await until(lambda: is_value(app, buried + 1, "dead_letters", durable=DURABLE))
    await until(lambda: is_value(app, counted + 1, "event_age_seconds_count", **event))
    for _ in range(3):
        body = PatientCreated(patient_id=uuid4(), version=1).model_dump_json().encode()
        headers = {"ce-id": str(uuid4()), "ce-type": PatientCreated.subject}
        await client.jetstream().publish(PatientCreated.subject, body, headers=headers)
    await until(lambda: is_value(app, 1, "consumer_ack_pending", durable=DURABLE))
    assert await value(app, "consumer_pending", durable=DURABLE) >= 2


async def is_value(app: App, wanted: float, name: str, **labels: str) -> bool:
    return await value(app, name, **labels) == wanted


async def test_pool_use_is_told(app: App) -> None:
    async with app.work.database.transaction() as session:
        await session.connection()
        assert await value(app, "database_connections", state="in_use") >= 1
    assert await value(app, "database_connections", state="most") == 20


async def test_what_cannot_be_looked_up_is_said_and_the_rest_is_told(serve: Callable[[str], Any]) -> None:
    async with serve(f"nats://127.0.0.1:{free_port()}") as app:
        told = await samples(app)
    assert told["quill_look_done", frozenset({("look", "consumers")})] == 0
    assert told["quill_look_done", frozenset({("look", "backlogs")})] == 1
    assert told["quill_waiting", frozenset({("queue", "outbox")})] == 0
    assert not [name for name, _ in told if name.startswith("quill_consumer_pending")]


async def test_labels_name_nobody(app: App) -> None:
    patient, letter = uuid4(), uuid4()
    for path in (f"/api/letters/{letter}?name=NoSuchName", f"/api/nothing/{patient}", "/9434765919"):
        await app.caller.get(path, headers={"X-Request-Id": str(uuid4())})
        await app.caller.request("PROPFIND", path)
    with pytest.raises(BackendUnavailable):
        await http.call(app.work.backend, "GET", f"/patients/{patient}")
    text = (await app.caller.get("/metrics")).text
    assert not [word for word in (*SECRETS, str(patient), str(letter)) if word in text]
    for _, labels in await samples(app):
        for name, said in labels:
            assert re.fullmatch(LABELS[name], said), (name, said)
