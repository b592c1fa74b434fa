"""How a service and the fleet are: ok, degraded (a backend is away) or down (own database is), told in a second."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import httpx
from fastapi import Request
from fastapi.responses import JSONResponse

from common import http
from common.errors import BackendUnavailable
from common.policy import ANYONE, PolicyRouter, allow

CHECK_SECONDS = 0.5
# The public answer takes a second at most. Caddy waits for 450 ms, so that another service can be asked in that time.
ANSWER_SECONDS = 0.3
FLEET_SECONDS = 0.38
VITAL = "postgres"
STATES = ("down", "degraded", "ok")  # the worst first
LIVES = "/livez"
DOWN = {"description": "Down; the body is the same as for 200", "content": {"application/json": {}}}

type Check = Callable[[], Awaitable[Mapping[str, Any] | None]]

_asked: set[asyncio.Task[dict[str, Any]]] = set()  # the loop itself holds no task


async def _state(check: Check, seconds: float) -> dict[str, Any]:
    # What is late is cancelled and not waited for: a frozen PostgreSQL keeps its connection for two seconds more.
    task = asyncio.create_task(_told(check))
    _asked.add(task)
    task.add_done_callback(_asked.discard)
    if not (await asyncio.wait({task}, timeout=seconds))[0]:
        task.cancel()
        return {"status": "down"}
    return await task


async def _told(check: Check) -> dict[str, Any]:
    http.checking.set(True)  # for this task alone
    try:
        return {"status": "ok", **(await check() or {})}
    except (BackendUnavailable, httpx.HTTPError, TimeoutError, OSError, RuntimeError, ValueError):
        return {"status": "down"}


async def service_health(checks: Mapping[str, Check], *, seconds: float = CHECK_SECONDS) -> dict[str, Any]:
    """The service's part of the answer: its backends and what follows from them.

    Args:
        checks: by backend name; each raises BackendUnavailable when that backend is away, and may tell more.
        seconds: how long a backend may take.
    """
    told = await asyncio.gather(*(_state(check, seconds) for check in checks.values()))
    states = dict(zip(checks, told, strict=True))
    away = {name for name, state in states.items() if state["status"] != "ok"}
    status = "down" if VITAL in away else "degraded" if away else "ok"
    return {"status": status, "backends": states}


async def fleet_health(
    own: str, checks: Mapping[str, Check], others: Mapping[str, httpx.AsyncClient]
) -> dict[str, Any]:
    """Every service's part; a service that does not answer is down, and the fleet with it."""

    async def ask(name: str) -> dict[str, Any]:
        part = (await others[name].get(f"/api/health/{name}")).json()
        return part if isinstance(part, dict) and part.get("status") in STATES else {"status": "down"}

    asked = (_state(partial(ask, name), FLEET_SECONDS) for name in others)
    told = await asyncio.gather(service_health(checks, seconds=ANSWER_SECONDS), *asked)
    parts = {name: {"backends": {}} | part for name, part in zip((own, *others), told, strict=True)}
    states = {part["status"] for part in parts.values()}
    status = next(state for state in STATES if state in states)
    return {"status": status, "services": dict(sorted(parts.items()))}


def open_clients(urls: Mapping[str, str], *, own: str) -> dict[str, httpx.AsyncClient]:
    """Clients to the other services."""
    clients = ((name, http.create_client(url, name, timeout=FLEET_SECONDS, probe=LIVES)) for name, url in urls.items())
    return {name: client for name, client in clients if name != own}


def router(name: str) -> PolicyRouter:
    """`/api/health`, the service's own part of it, and what an orchestrator asks (never reachable from outside)."""
    routes = PolicyRouter()

    async def own(request: Request) -> JSONResponse:
        return _answer(await service_health(request.app.state.runtime.checks, seconds=ANSWER_SECONDS))

    async def fleet(request: Request) -> JSONResponse:
        """The state of every service and its backends."""
        runtime = request.app.state.runtime
        return _answer(await fleet_health(name, runtime.checks, runtime.others))

    async def livez() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> JSONResponse:
        state = await service_health({VITAL: request.app.state.runtime.checks[VITAL]})
        ready = request.app.state.ready and state["status"] == "ok"
        return JSONResponse({"status": "ok" if ready else "down"}, status_code=200 if ready else 503)

    shown: dict[str, Any] = {"tags": ["health"], "responses": {503: DOWN}}
    routes.add_api_route("/health", allow(ANYONE)(fleet), operation_id="fleet_health", **shown)
    routes.add_api_route(f"/health/{name}", allow(ANYONE)(own), operation_id="service_health", **shown)
    routes.prefix = ""
    routes.add_api_route(LIVES, allow(ANYONE)(livez), include_in_schema=False)
    routes.add_api_route("/readyz", allow(ANYONE)(readyz), include_in_schema=False)
    return routes


def _answer(part: dict[str, Any]) -> JSONResponse:
    down = part["status"] == "down"
    return JSONResponse(part, status_code=503 if down else 200, headers={"Retry-After": "5"} if down else None)
