"""Every request has an end: an answer that does not begin is 503, one that has begun may go on but not stand still."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest
from common import middleware
from common.middleware import RequestContext
from fastapi import FastAPI

pytestmark = pytest.mark.anyio

SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}


@pytest.fixture(autouse=True)
def _short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "DEADLINE_SECONDS", 0.4)


async def answer(pauses: Sequence[float]) -> tuple[list[dict[str, Any]], float]:
    """What is sent by an app that pauses so long before its head and before each piece, and how long that took."""
    sent: list[dict[str, Any]] = []
    outer = FastAPI()
    outer.state.ready, outer.state.error_forms = True, {}

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.sleep(pauses[0])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for pause in pauses[1:]:
            await asyncio.sleep(pause)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def keep(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    began = time.monotonic()
    await RequestContext(app, service="test")(SCOPE | {"app": outer}, receive, keep)
    return sent, time.monotonic() - began


async def test_answer_that_does_not_begin_is_503() -> None:
    sent, _ = await answer([5.0])
    assert [one["status"] for one in sent if "status" in one] == [503]
    assert b"outcome-unknown" in sent[-1]["body"]


async def test_answer_that_goes_on_may_take_longer() -> None:
    sent, seconds = await answer([0.1, *[0.2] * 5])
    assert seconds > 2 * middleware.DEADLINE_SECONDS
    assert b"".join(one.get("body", b"") for one in sent) == b"x" * 5
    assert sent[-1]["more_body"] is False


async def test_answer_that_stands_still_is_cut_off() -> None:
    sent, seconds = await answer([0.0, 0.1, 5.0])
    assert seconds < 4
    assert sent[-1]["more_body"] is True  # its reader sees that it is not whole
