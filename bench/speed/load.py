"""The load generator: callers who each keep one request under way on a connection of their own.

Ours, because each request must differ (idempotency keys, ids of compositions), both sides of a pair must be driven from
one process in turns, and times below a millisecond count. That it is not the limit is a line of the table
(`rows/generator.py`).
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser
from native.errors import LaunchError

from speed.figures import percentile

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Call:
    """A request that can be made again and again.

    make: the bytes of the next one.
    status: what the answer must have.
    """

    host: str
    port: int
    make: Callable[[], bytes]
    status: int = 200


@dataclass
class Round:
    """What some callers saw in some seconds; times in seconds.

    own_cpu: the generator's processor time.
    settled: how long it took then until what the round left behind was done.
    """

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    own_cpu: float = 0.0
    settled: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.times) / self.seconds

    @property
    def p50(self) -> float:
        """The median time of an answer in milliseconds."""
        return percentile(self.times, 0.5)


def request(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[str, int, bytes]:
    """Where a URL on this machine leads, and the bytes that ask for it."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    length = {"Content-Length": str(len(body))} if body else {}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in {**headers, **length}.items())]
    head = "\r\n".join([*lines, f"Host: {parts.netloc}", "", ""])
    return "127.0.0.1", parts.port or 80, head.encode() + body


def same(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Call:
    """A call whose requests are all alike."""
    host, port, content = request(method, url, headers, body)
    return Call(host, port, lambda: content)


class _Caller(asyncio.Protocol):
    """One connection; the next request goes out when the answer is complete."""

    def __init__(self, call: Call, seen: Round, until: float, done: "asyncio.Future[bool]") -> None:
        self._call, self._seen, self._until, self._done = call, seen, until, done
        self._parser = HttpResponseParser(self)
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class
        self._ask()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._end(error)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        status = self._parser.get_status_code()
        if status != self._call.status:
            self._end(LaunchError(f"port {self._call.port} answered {status} instead of {self._call.status}"))
            return
        self._seen.times.append(now - self._began)
        if now < self._until and self._parser.should_keep_alive():
            self._ask()
        else:
            self._end(None, again=now < self._until)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or LaunchError(f"port {self._call.port} closed the connection"))

    def _ask(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._call.make())

    def _end(self, error: Exception | None, *, again: bool = False) -> None:
        """Be done; `again` where the server ends its connections after some answers, as Tomcat does."""
        if not self._done.done():
            self._done.set_exception(error) if error else self._done.set_result(again)
            self._transport.close()


async def _keep_calling(call: Call, seen: Round, until: float) -> None:
    loop, again = asyncio.get_running_loop(), True
    while again:
        done: asyncio.Future[bool] = loop.create_future()
        await loop.create_connection(lambda done=done: _Caller(call, seen, until, done), call.host, call.port)  # type: ignore[misc]
        again = await done


async def drive(call: Call, *, callers: int, seconds: float) -> Round:
    """Call for some seconds.

    Args:
        call: what to ask.
        callers: how many ask at once.
        seconds: until then new requests are made; those under way are waited for.

    Raises:
        LaunchError: an answer had another status, or did not come.
    """
    seen, cpu, began = Round(), time.process_time(), time.perf_counter()
    failed: BaseException | None = None
    try:
        async with asyncio.timeout(seconds + PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
            for _ in range(callers):
                tasks.create_task(_keep_calling(call, seen, began + seconds))
    except* (LaunchError, OSError, TimeoutError, HttpParserError) as group:
        failed = group.exceptions[0]
    if failed is not None:
        raise failed if isinstance(failed, LaunchError) else LaunchError(f"no answer on port {call.port}") from failed
    seen.seconds, seen.own_cpu = time.perf_counter() - began, time.process_time() - cpu
    return seen
