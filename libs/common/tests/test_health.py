"""How a service says how it is: of everything at once, and without waiting for what does not end."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from common import health
from common.errors import BackendUnavailable
from common.health import fleet_health, service_health

pytestmark = pytest.mark.anyio


async def well() -> None:
    return None


async def away() -> None:
    raise BackendUnavailable


async def named() -> dict[str, Any]:
    return {"product": "EHRbase"}


def other(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://other")


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ({"postgres": well, "fhir": well}, "ok"),
        ({"postgres": well, "fhir": away}, "degraded"),
        ({"postgres": away, "fhir": well}, "down"),
    ],
)
async def test_service_is_as_its_backends_are(checks: dict[str, Any], status: str) -> None:
    assert (await service_health(checks))["status"] == status


async def test_backend_may_tell_more() -> None:
    told = await service_health({"openehr": named})
    assert told["backends"] == {"openehr": {"status": "ok", "product": "EHRbase"}}


async def test_backend_that_does_not_even_stop_when_it_is_given_up_is_down_and_not_waited_for() -> None:
    healed = asyncio.Event()

    async def freeze() -> None:
        try:
            await healed.wait()
        finally:
            await healed.wait()  # as a connection of SQLAlchemy does while it is closed

    async with asyncio.timeout(20):
        told = await service_health({"postgres": freeze}, seconds=0.05)
    assert told == {"status": "down", "backends": {"postgres": {"status": "down"}}}
    healed.set()
    async with asyncio.timeout(20):
        while health._asked:  # until it has ended nobody lets go of it
            await asyncio.sleep(0)


async def test_fleet_is_asked_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ANSWER_SECONDS", 5)
    asked = asyncio.Event()

    def answer(_request: httpx.Request) -> httpx.Response:
        asked.set()
        return httpx.Response(200, json={"status": "degraded", "backends": {}})

    async def wait_for_the_others() -> None:
        await asked.wait()

    own = {"status": "ok", "backends": {"postgres": {"status": "ok"}}}
    async with other(answer) as client:
        told = await fleet_health("auth", {"postgres": wait_for_the_others}, {"letters": client})
    assert told == {"status": "degraded", "services": {"auth": own, "letters": {"status": "degraded", "backends": {}}}}


@pytest.mark.parametrize(
    "answer",
    [httpx.ConnectError("x"), RuntimeError("closed"), "<html>", "[]", "{}", "7", '{"status": 500}', '{"status": []}'],
    ids=repr,
)
async def test_service_that_does_not_say_how_it_is_is_down(answer: str | Exception) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(200, text=answer)

    async with other(refuse) as client:
        told = await fleet_health("auth", {"postgres": well}, {"letters": client})
    assert (told["status"], told["services"]["letters"]) == ("down", {"status": "down", "backends": {}})
