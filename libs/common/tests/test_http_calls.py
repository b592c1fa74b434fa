"""Calls to other systems: what hangs is not waited for again, what is slow or broken has an end, replicas step in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import httpx
import pytest
from common import http
from common.errors import BackendUnavailable
from native.ports import free_port

pytestmark = pytest.mark.anyio

LIVES = "/lives"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ILL = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno"
NEVER_WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


class Backend:
    """A server that does what its moods say: by path, else `mood`. It counts what it was asked."""

    def __init__(self) -> None:
        self.mood, self.moods = "well", dict[str, str]()
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.url = ""
        self.connections = 0
        self._over = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, path, _ = head.decode().split(" ", 2)
                self.asked.append(f"{method} {path}")
                self.heads.append(head.decode().lower())
                if not await self._answer(self.moods.get(path, self.mood), writer):
                    return
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            self.connections -= 1
            writer.close()

    async def is_left(self) -> bool:
        """Whether nobody is connected any more."""
        return self.connections == 0

    async def _answer(self, mood: str, writer: asyncio.StreamWriter) -> bool:
        if mood == "hung":
            await self._over.wait()
            return False
        if mood == "dribbling":
            writer.write(NEVER_WHOLE)
            while not self._over.is_set():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.1)
        writer.write({"well": OK, "ill": ILL, "babbling": b"\x00\x01 no HTTP \r\n\r\n"}.get(mood, b""))
        await writer.drain()
        return mood in {"well", "ill"}

    def stop(self) -> None:
        self._over.set()


@asynccontextmanager
async def running() -> AsyncIterator[Backend]:
    backend = Backend()
    server = await asyncio.start_server(backend.serve, "127.0.0.1", 0)
    backend.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield backend
    finally:
        backend.stop()
        server.close()


@pytest.fixture
async def backend(anyio_backend: str) -> AsyncIterator[Backend]:
    async with running() as backend:
        yield backend


async def fails(client: httpx.AsyncClient, method: str = "GET", path: str = "/") -> None:
    with pytest.raises(BackendUnavailable):
        await http.call(client, method, path)


async def eventually(condition: Callable[[], Awaitable[bool]], *, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def held_back(client: httpx.AsyncClient, backend: Backend) -> bool:
    """Whether a call fails without being sent."""
    before = len([one for one in backend.asked if not one.endswith(LIVES)])
    await fails(client)
    return len([one for one in backend.asked if not one.endswith(LIVES)]) == before


@contextmanager
def health() -> Iterator[None]:
    """Calls are those of health; the tests that follow may run in the same context."""
    token = http.checking.set(True)
    yield
    http.checking.reset(token)


async def test_hanging_backend_is_asked_again_only_after_it_answered_a_probe(backend: Backend) -> None:
    async with http.create_client(backend.url, timeout=1, probe=LIVES) as client:
        backend.mood = "hung"
        await eventually(lambda: held_back(client, backend))
        # Held back at once from now on, however often it is tried.
        async with asyncio.timeout(1):
            assert all([await held_back(client, backend) for _ in range(100)])
        backend.mood = "well"

        async def answers() -> bool:
            return (await client.get("/")).is_success

        with pytest.raises(httpx.ConnectError):
            await answers()  # nobody's call is the one to find out
        await asyncio.sleep(http.PROBE_SECONDS + http.PAUSE_SECONDS + 0.5)
        assert await answers()


async def test_health_is_told_the_truth_while_calls_are_held_back(backend: Backend) -> None:
    async with http.create_client(backend.url, timeout=1, probe=LIVES) as client:
        backend.mood = "hung"
        await eventually(lambda: held_back(client, backend))
        with health():
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/")
            backend.mood = "well"
            assert (await client.get("/")).is_success


async def test_slow_call_to_a_backend_that_works_holds_nobody_back(backend: Backend) -> None:
    async with http.create_client(backend.url, timeout=1, probe=LIVES) as client:
        backend.moods["/slow"] = "hung"
        for _ in range(3):
            await asyncio.gather(*(fails(client, path="/slow") for _ in range(10)))
            assert (await http.call(client, "GET", "/")).text == "ok"
        assert f"GET {LIVES}" in backend.asked


async def test_probe_that_is_lost_while_calls_are_answered_holds_nobody_back(backend: Backend) -> None:
    async with http.create_client(backend.url, timeout=1, probe=LIVES) as client:
        backend.moods["/slow"] = backend.moods[LIVES] = "hung"
        await fails(client, path="/slow")
        over = asyncio.get_running_loop().time() + http.PROBE_SECONDS + http.PAUSE_SECONDS
        while asyncio.get_running_loop().time() < over:
            assert (await http.call(client, "GET", "/")).text == "ok"
            await asyncio.sleep(0.05)
        assert f"GET {LIVES}" in backend.asked
        backend.mood = "hung"
        await eventually(lambda: held_back(client, backend), seconds=20)


async def test_backend_that_hangs_without_a_probe_is_asked_each_time(backend: Backend) -> None:
    async with http.create_client(backend.url, timeout=0.6) as client:
        backend.mood = "hung"
        for _ in range(5):
            assert not await held_back(client, backend)


async def test_quick_refusals_hold_nobody_back(backend: Backend) -> None:
    async with http.create_client(backend.url, probe=LIVES) as client:
        backend.mood = "ill"
        for _ in range(50):
            assert not await held_back(client, backend)
        backend.mood = "well"
        assert (await http.call(client, "GET", "/")).text == "ok"


@pytest.mark.parametrize("mood", ["hung", "dribbling"])
async def test_wait_for_a_free_connection_and_the_whole_body_are_part_of_the_time(backend: Backend, mood: str) -> None:
    async with http.create_client(backend.url, timeout=1) as client:
        backend.mood = mood
        async with asyncio.timeout(3):
            await asyncio.gather(*(fails(client) for _ in range(4 * (http.LIMITS.max_connections or 0))))


async def test_answer_that_is_given_up_halfway_leaves_no_connection_behind(backend: Backend) -> None:
    backend.mood = "dribbling"
    async with http.create_client(backend.url, timeout=0.5) as client:
        with pytest.raises(BackendUnavailable) as failure:
            await http.call(client, "GET", "/")
        await eventually(backend.is_left, seconds=3)
    assert failure.traceback  # whoever keeps the error must not keep the connection with it


@pytest.mark.parametrize("mood", ["babbling", "closing"])
async def test_what_is_no_answer_is_unavailable(backend: Backend, mood: str) -> None:
    async with http.create_client(backend.url) as client:
        backend.mood = mood
        await fails(client)
        await fails(client, "POST")


@asynccontextmanager
async def replicas(*, first: str) -> AsyncIterator[tuple[httpx.AsyncClient, Backend, Backend]]:
    """A client of two replicas, the first of which is in a mood."""
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(running()) for _ in range(2)]
        one.mood = first
        urls = f"{one.url}, {two.url}"
        yield await stack.enter_async_context(http.create_client(urls, timeout=1, probe=LIVES)), one, two


async def test_replica_that_is_gone_is_not_noticed(backend: Backend) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    async with http.create_client(f"{gone},{backend.url}") as client:
        for method in ("GET", "POST"):
            assert (await http.call(client, method, "/x", json={} if method == "POST" else None)).text == "ok"
    assert backend.asked == ["GET /x", "POST /x"]


async def test_reading_is_tried_elsewhere_and_writing_is_not_sent_twice() -> None:
    async with replicas(first="closing") as (client, one, two):
        assert (await http.call(client, "GET", "/")).text == "ok"
        assert two.asked == ["GET /"]
        await fails(client, "POST")
        assert ("POST /" in one.asked, two.asked) == (True, ["GET /"])


async def test_replica_that_hangs_is_left_aside() -> None:
    async with replicas(first="hung") as (client, one, two):
        await fails(client)
        for _ in range(20):
            assert (await http.call(client, "GET", "/")).text == "ok"
        assert (one.asked.count("GET /"), two.asked.count("GET /")) == (1, 20)


async def test_calls_name_the_replica_they_go_to_as_their_host(backend: Backend) -> None:
    async with http.create_client(f"http://127.0.0.1:{free_port()},{backend.url}") as client:
        answer = await client.get("/")
        assert str(answer.request.url) == f"{backend.url}/"
        assert answer.request.headers["Host"] == backend.url.removeprefix("http://")


async def test_health_does_not_queue_behind_calls(backend: Backend) -> None:
    async with http.create_client(backend.url, timeout=6) as client:
        backend.moods["/slow"] = "hung"
        calls = asyncio.gather(*(fails(client, path="/slow") for _ in range(http.LIMITS.max_connections or 0)))
        await asyncio.sleep(0.5)
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/", timeout=0.5)
        with health():
            assert (await client.get("/", timeout=3)).is_success
        await calls


async def test_call_that_waits_for_less_than_the_doubt_doubts_in_half_of_its_time(backend: Backend) -> None:
    backend.mood = "hung"

    async def is_probed() -> bool:
        return f"GET {LIVES}" in backend.asked

    async with http.create_client(backend.url, timeout=0.3, probe=LIVES) as client:
        with health():
            await fails(client)
        await eventually(is_probed)


async def test_answers_are_asked_for_as_they_are(backend: Backend) -> None:
    async with http.create_client(backend.url) as client:
        await http.call(client, "GET", "/")
    (head,) = backend.heads
    assert "\r\naccept-encoding: identity\r\n" in head
