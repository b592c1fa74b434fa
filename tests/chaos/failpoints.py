"""Points in the path of a write at which a service can be killed. The product knows nothing of them: they are put
around its functions as a service of the chaos fleet starts.

A point is armed by a file in the home, one to die and one to stand still there. The first process that gets there takes
the file away, so that one order is carried out once, and sends itself the signal.
"""

import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from common import inbox, operations
from common.outbox import Relay
from common.work import Work
from native.settings import SERVICES
from nats.aio.msg import Msg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

ARMED, REACHED = Path("fail-points"), Path("fail-points-reached")

WRITERS, CONSUMERS = ("patients", "letters"), ("auth", "letters", "notify")
POINTS = {
    **dict.fromkeys(("operation-begun", "backend-before", "backend-after"), WRITERS),
    **dict.fromkeys(("finish-before", "finish-after", "answer-before"), WRITERS),
    **dict.fromkeys(("relay-before", "relay-after"), SERVICES),
    **dict.fromkeys(("consumer-commit", "consumer-ack"), CONSUMERS),
    **dict.fromkeys(("push-before", "push-after"), ("notify",)),
}


def arm(home: Path, service: str, point: str, *, signum: signal.Signals = signal.SIGKILL) -> None:
    """Have the first process of the service that reaches the point send this signal to itself: die, or freeze."""
    (home / ARMED).mkdir(exist_ok=True)
    (home / REACHED).mkdir(exist_ok=True)
    (home / ARMED / _order(service, point, signum)).touch()


def wait(
    home: Path, service: str, point: str, *, seconds: float, signum: signal.Signals = signal.SIGKILL
) -> int | None:
    """The pid of the process that got there within so many seconds; without one the order is taken back."""
    order, deadline = _order(service, point, signum), time.monotonic() + seconds
    while (home / ARMED / order).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    with suppress(FileNotFoundError):
        (home / ARMED / order).unlink()
        return None
    last = max((home / REACHED).glob(f"{order}.*"), key=lambda file: int(file.name.rpartition(".")[2]))
    return int(last.name.split(".")[3])


def reached(home: Path) -> list[str]:
    """The point of every death so far."""
    return [file.name.split(".")[1] for file in (home / REACHED).glob(_order("*", "*", signal.SIGKILL) + ".*")]


def _order(service: str, point: str, signum: signal.Signals) -> str:
    return f"{service}.{point}.{int(signum)}"


def install(service: str, app: Any) -> Any:
    """Put the points of a service around its functions; returns the app to serve."""

    def reach(point: str) -> None:
        for signum in (signal.SIGKILL, signal.SIGSTOP):
            order = _order(service, point, signum)
            with suppress(FileNotFoundError):
                (ARMED / order).rename(REACHED / f"{order}.{os.getpid()}.{time.time_ns()}")
                os.kill(os.getpid(), signum)

    around(Work, "_carry_through", reach, before="operation-begun", after="finish-after")
    around(operations, "perform", reach, before="backend-before", after="backend-after")
    around(operations, "hold", reach, after="finish-before")  # in the transaction that settles the operation
    around(Relay, "_publish", reach, before="relay-before", after="relay-after")
    around(Relay, "_publish_together", reach, before="relay-before", after="relay-after")
    around(Msg, "ack_sync", reach, before="consumer-ack")
    _before_commits_of_consumers(reach)
    if service == "notify":
        from notify.push import PushClient

        around(PushClient, "send", reach, before="push-before", after="push-after")
    return _before_answers(app, reach) if service in WRITERS else app


def around(
    owner: Any, name: str, reach: Callable[[str], None], *, before: str | None = None, after: str | None = None
) -> None:
    """Reach one point before a function, and another when it has returned."""
    wrapped: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        if before:
            reach(before)
        result = await wrapped(*args, **kwargs)
        if after:
            reach(after)
        return result

    setattr(owner, name, wrapper)


def _before_commits_of_consumers(reach: Callable[[str], None]) -> None:
    mark = inbox.mark

    async def wrapper(session: AsyncSession, event_id: Any) -> None:
        await mark(session, event_id)
        event.listen(session.sync_session, "before_commit", lambda _: reach("consumer-commit"), once=True)

    inbox.mark = wrapper


def _before_answers(app: Any, reach: Callable[[str], None]) -> Any:
    async def wrapper(scope: Any, receive: Any, send: Any) -> None:
        async def watched(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] in {200, 201}:
                reach("answer-before")
            await send(message)

        writes = scope["type"] == "http" and scope["method"] in {"POST", "PUT"}
        await app(scope, receive, watched if writes else send)

    return wrapper
