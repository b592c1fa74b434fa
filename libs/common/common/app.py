"""The FastAPI factory: what is the same in every service is wired here, once, from a `Service` description."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import httpx
from fastapi import FastAPI, Response
from starlette.routing import BaseRoute

from common import audit, clock, consumer, docs, errors, health, http, logging, middleware, scrape
from common.audit import Keep
from common.auth import Caller, FetchKeys, TokenVerifier
from common.consumer import Consumer
from common.db import Database
from common.errors import BackendUnavailable, ErrorForm
from common.health import Check
from common.nats import Link
from common.operations import OperationKind
from common.outbox import Relay
from common.policy import PolicyRoute, PolicyRouter
from common.revocation import AskAuth, Denylist, Feed, Gate
from common.scrape import Backlog, Look
from common.settings import ServiceSettings
from common.work import HOUSEKEEPING_SECONDS, Loop, Work, every

log = logging.get_logger(__name__)

LOOP_PAUSE_SECONDS = 1.0
KEYS_SECONDS = 4.0  # auth makes its first key when it is first asked


@dataclass(frozen=True, kw_only=True)
class Service[B]:
    """What one service is made of.

    open_backend: opens the client of the backend it owns, for the life of the process.
    checks: by name, whether a backend answers, for health.
    backlogs: by name, what else waits in its database, for metrics.
    loops: what else runs for the life of the process.
    error_forms: by path prefix, another form of errors than problem+json.
    tokens: where auth itself finds its public keys and sessions; the others ask auth.
    keep: where audit entries go; auth, which has the trail, stores its own in it.
    """

    name: str
    routers: Sequence[PolicyRouter]
    open_backend: Callable[[], AbstractAsyncContextManager[B]]
    checks: Callable[[B], Mapping[str, Check]] = lambda _backend: {}
    operations: Sequence[OperationKind[B, Any, Any]] = ()
    consumers: Sequence[Consumer[B, Any]] = ()
    backlogs: Mapping[str, Backlog] = field(default_factory=dict)
    loops: Sequence[Loop] = ()
    error_forms: Mapping[str, ErrorForm] = field(default_factory=dict)
    tokens: Callable[[Work[B]], tuple[FetchKeys, AskAuth]] | None = None
    keep: Keep = audit.send_to_auth


@dataclass(frozen=True, slots=True)
class Runtime:
    """What lives as long as the process."""

    settings: ServiceSettings
    gate: Gate
    work: Work[Any]
    checks: Mapping[str, Check]
    looks: Mapping[str, Look]
    others: Mapping[str, httpx.AsyncClient]

    def new_work(self, response: Response) -> Work[Any]:
        """The work of one request, which may say something in its answer's headers."""
        return replace(self.work, answer_headers=response.headers)


def build_app[B](service: Service[B], settings: ServiceSettings) -> FastAPI:
    """A service's app.

    Args:
        service: what it is made of.
        settings: its settings, read once.

    Raises:
        LookupError: a route declares no policy.
    """
    logging.configure(settings.log_level, pseudonym_key=settings.pseudonym_key.get_secret_value().encode())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running(app, service, settings):
            yield

    app = FastAPI(title=f"Quill {service.name}", lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    app.state.error_forms, app.state.ready = service.error_forms, False
    errors.install(app)
    routers = (*service.routers, health.router(service.name), docs.router(service.name, settings), scrape.router())
    for router in routers:
        app.include_router(router)
    app.state.routes = [_declared(route) for router in routers for route in router.routes]
    app.add_middleware(middleware.RequestContext, service=service.name)
    return app


def _declared(route: BaseRoute) -> PolicyRoute:
    if not isinstance(route, PolicyRoute):
        raise LookupError(f"{route} declares no policy")
    return route


@asynccontextmanager
async def _running[B](app: FastAPI, service: Service[B], settings: ServiceSettings) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        if settings.clock_port is not None:
            await stack.enter_async_context(await clock.listen(settings.clock_port))
        database = Database(settings.database_url.get_secret_value())
        stack.push_async_callback(database.close)
        backend = await stack.enter_async_context(service.open_backend())
        link = Link(settings)
        stack.push_async_callback(link.close)
        relay = Relay(database, link.client, origin=settings.public_origin, beats=service.name == "auth")
        work = Work(service.name, database, backend, relay, service.operations, keep=service.keep)
        others = health.open_clients(settings.service_urls, own=service.name)
        for client in others.values():
            stack.push_async_callback(client.aclose)
        denylist = Denylist()
        feed = Feed(link, denylist)
        keys, lives = service.tokens(work) if service.tokens else _ask_auth(others["auth"])
        verifier = TokenVerifier(issuer=settings.public_origin, fetch_keys=keys)
        gate = Gate(verifier, denylist, feed, ask_auth=lives)
        checks = {"postgres": database.ping, "nats": feed.check, **service.checks(backend)}
        looks = {
            "backends": partial(scrape.look_at_backends, database, checks),
            "backlogs": partial(scrape.look_at_backlogs, database, service.backlogs),
            "consumers": partial(scrape.look_at_consumers, service.name, service.consumers, link),
        }
        app.state.runtime = Runtime(settings, gate, work, checks, looks, others)
        loops: list[Callable[[], Coroutine[Any, Any, None]]] = [link.run, feed.run, relay.run]
        loops += [work.run_completer, work.run_strangers]
        loops += [partial(loop, work) for loop in (every(HOUSEKEEPING_SECONDS, Work.forget_the_past), *service.loops)]
        loops += [partial(_consume, one, work, link) for one in service.consumers]
        tasks = [asyncio.create_task(_keep_up(loop)) for loop in loops]
        stack.push_async_callback(_stop, tasks)
        asyncio.get_running_loop().set_exception_handler(logging.tell_of_unseen)
        await feed.wait_for_replay()
        app.state.ready = True
        _drain_first(app, settings.drain_seconds)
        log.info("ready")
        yield
        app.state.ready = False


def _drain_first(app: FastAPI, seconds: float) -> None:
    """Let a SIGTERM turn callers away before uvicorn, whose handler is there already, ends what they use (ADR 10).

    SIGINT stays uvicorn's and stops at once.
    """
    loop, uvicorns = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)

    def drain(stop: Callable[[int, None], object]) -> None:
        log.info("draining", seconds=seconds)
        app.state.ready = False
        loop.call_later(seconds, stop, signal.SIGTERM, None)

    if callable(uvicorns):
        loop.add_signal_handler(signal.SIGTERM, drain, uvicorns)


def _ask_auth(client: httpx.AsyncClient) -> tuple[FetchKeys, AskAuth]:
    """How every service but auth learns auth's public keys, and whether a session lives when the feed is silent."""

    async def fetch_keys() -> Mapping[str, Any]:
        path = "/api/auth/.well-known/jwks.json"
        answer = await http.call(client, "GET", path, timeout=KEYS_SECONDS)
        if answer.status_code != 200:
            raise BackendUnavailable
        document: Mapping[str, Any] = answer.json()
        return document

    async def lives(caller: Caller) -> bool:
        bearer = {"Authorization": f"Bearer {caller.token}"}
        answer = await http.call(client, "GET", "/api/auth/me", headers=bearer, timeout=1.0)
        return answer.status_code != 401

    return fetch_keys, lives


async def _consume(one: Consumer[Any, Any], work: Work[Any], link: Link) -> None:
    await link.connected.wait()
    await consumer.run(one, work, link.client)


async def _keep_up(loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Begin a loop again after what it did not foresee: a relay that ended unseen would announce nothing any more."""
    while True:
        try:
            return await loop()
        except Exception:
            log.exception("loop failed")
            await asyncio.sleep(LOOP_PAUSE_SECONDS)


async def _stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
