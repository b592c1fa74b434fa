"""A service keeps its loops up; told to end, it turns callers away first, ends what it began, and is gone."""

import asyncio
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from common.app import Service, build_app
from common.consumer import consumes
from common.events import PatientCreated
from common.logging import get_logger
from common.policy import ANYONE, PolicyRouter, allow
from common.settings import ServiceSettings
from common.work import Work
from fastapi import FastAPI, Request
from native.bare import NatsServer
from native.ports import free_port
from nats.aio.client import Client

DURABLE = "letters-patient-created"
FACT_ID = "00000000-0000-4000-8000-000000000001"


@asynccontextmanager
async def nothing() -> AsyncIterator[None]:
    yield


@consumes(PatientCreated, durable=DURABLE)
async def on_patient_created(work: Work[None], _event: PatientCreated) -> None:
    await asyncio.sleep(2)
    async with work.transaction():
        pass


async def stumble(_work: Work[None]) -> None:
    """A loop that fails for a reason that it did not foresee, and goes on when it is begun again."""
    stumbles.append(len(stumbles))
    if len(stumbles) < 3:
        raise ZeroDivisionError
    get_logger(__name__).info("third try goes on")
    await asyncio.Event().wait()


stumbles: list[int] = []


def create_app() -> FastAPI:
    """A service whose one call takes as long as it is asked to, and announces a fact at its end."""
    router = PolicyRouter()

    async def act(request: Request, seconds: float) -> dict[str, str]:
        await asyncio.sleep(seconds)
        work = request.app.state.runtime.work
        async with work.transaction() as session:
            work.announce(session, PatientCreated.model_validate({"patient_id": FACT_ID, "version": 1}))
        return {"done": "yes"}

    router.add_api_route("/act", allow(ANYONE)(act))
    service = Service(
        name="letters",
        routers=[router],
        open_backend=nothing,
        consumers=[on_patient_created],
        loops=[stumble],
    )
    return build_app(service, ServiceSettings())


@dataclass(frozen=True)
class Running:
    """The service in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int

    def get(self, path: str, *, over: http.client.HTTPConnection | None = None) -> http.client.HTTPResponse:
        connection = over or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer

    def ready(self) -> int:
        """The status of /readyz; 0 when nobody listens."""
        try:
            return self.get("/readyz").status
        except OSError:
            return 0


@pytest.fixture
def start(database_url: str, nats_server: NatsServer, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    environment = {
        **os.environ,
        **dict.fromkeys(
            (f"QUILL_{name}_URL" for name in ("AUTH", "PATIENTS", "LETTERS", "NOTIFY")), "http://127.0.0.1:1"
        ),
        **{"QUILL_MODE": "demo", "QUILL_PUBLIC_ORIGIN": "http://localhost:8080", "QUILL_PSEUDONYM_KEY": "p" * 32},
        **{"QUILL_DATABASE_URL": database_url, "QUILL_NATS_URL": nats_server.url},
        **{"QUILL_NATS_USER": "letters", "QUILL_NATS_PASSWORD": "unasked"},
    }
    started: list[Running] = []

    def start(*, drain: float) -> Running:
        port, here = free_port(), Path(__file__)
        app = ("--factory", "--app-dir", str(here.parent), f"{here.stem}:create_app", "--port", str(port))
        with (tmp_path / "log").open("ab") as log:
            command = [sys.executable, "-m", "uvicorn", *app, "--timeout-graceful-shutdown", "10"]
            told = environment | {"QUILL_DRAIN_SECONDS": str(drain)}
            running = Running(subprocess.Popen(command, env=told, stdout=log, stderr=subprocess.STDOUT), port)
        started.append(running)
        with failing_after(30, lambda: (tmp_path / "log").read_text()):
            while running.ready() != 200:
                time.sleep(0.1)
        return running

    subprocess.run([sys.executable, "-m", "provision"], env=environment, check=True, timeout=60)
    yield start
    for running in started:
        running.process.kill()
        running.process.wait()


@contextmanager
def failing_after(seconds: float, told: Callable[[], str]) -> Iterator[None]:
    def late(*_: object) -> None:
        raise AssertionError(told())

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_service_told_to_end_serves_on_and_says_that_it_is_not_ready(start: Callable[..., Running]) -> None:
    service = start(drain=3)
    kept = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    assert service.get("/api/act?seconds=0", over=kept).getheader("Connection") is None
    service.process.send_signal(signal.SIGTERM)
    while service.ready() == 200:
        time.sleep(0.01)
    for connection in (kept, None):
        answer = service.get("/api/act?seconds=0", over=connection)
        assert (answer.status, answer.getheader("Connection")) == (200, "close")
    assert (service.ready(), service.get("/livez").status) == (503, 200)
    assert service.process.wait(20) == -signal.SIGTERM
    assert service.ready() == 0


def test_loop_that_fails_unforeseen_is_begun_again(start: Callable[..., Running], tmp_path: Path) -> None:
    start(drain=0)
    log = tmp_path / "log"
    with failing_after(20, log.read_text):
        while "third try goes on" not in log.read_text():
            time.sleep(0.1)
    assert log.read_text().count('"error": "ZeroDivisionError"') == 2


def test_what_began_before_the_end_is_answered_published_and_handled(
    start: Callable[..., Running], database_url: str, nats_server: NatsServer
) -> None:
    service = start(drain=0)
    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(service.get, "/api/act?seconds=2") for _ in range(20)]
        time.sleep(0.5)
        service.process.send_signal(signal.SIGTERM)
        assert [answer.result().status for answer in answers] == [200] * 20
    service.process.wait(20)
    with psycopg.connect(database_url) as connection:
        told = connection.execute("SELECT published_at IS NOT NULL, count(*) FROM outbox GROUP BY 1").fetchall()
        ((handled,),) = connection.execute("SELECT count(*) FROM inbox").fetchall()
    assert (told, handled > 0) == ([(True, 20)], True)
    assert asyncio.run(waiting_for_acknowledgement(nats_server.url)) == 0


async def waiting_for_acknowledgement(nats_url: str) -> int | None:
    client = Client()
    await client.connect(nats_url)
    try:
        told = await client.jetstream().consumer_info(PatientCreated.stream(), DURABLE)
        waiting: int | None = told.num_ack_pending
        return waiting
    finally:
        await client.close()


def test_interrupted_service_does_not_drain(start: Callable[..., Running]) -> None:
    service = start(drain=60)
    service.process.send_signal(signal.SIGINT)
    service.process.wait(20)
