"""The fault proxy itself, before a small HTTP server."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from chaos.proxy import LATENCY_SECONDS, Fault, FaultProxy
from native.ports import free_port

BODY = b"a whole answer" * 40


class Backend(ThreadingHTTPServer):
    """Counts what reaches it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Backend

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """The test looks at what came."""


@pytest.fixture
def backend() -> Iterator[Backend]:
    server = Backend()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(backend: Backend) -> Iterator[FaultProxy]:
    proxy = FaultProxy(free_port(), target=lambda: backend.server_port)
    yield proxy
    proxy.stop()


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{proxy.port}", timeout=2, trust_env=False) as client:
        yield client


def post(client: httpx.Client) -> httpx.Response:
    return client.post("/", content=b"x" * 5000)


def test_without_a_fault_everything_is_handed_on(client: httpx.Client, backend: Backend) -> None:
    assert [post(client).content for _ in range(3)] == [BODY] * 3
    assert backend.asked == 3


@pytest.mark.parametrize("fault", ["503", "429"])
def test_door_answers_instead_of_the_backend(
    client: httpx.Client, proxy: FaultProxy, backend: Backend, fault: Fault
) -> None:
    assert post(client).status_code == 200
    proxy.set(fault)
    assert post(client).status_code == int(fault)
    assert backend.asked == 1
    proxy.set(None)
    assert post(client).status_code == 200


@pytest.mark.parametrize(("fault", "asked"), [("drop the answer", 1), ("truncate", 1), ("reset", 0)])
def test_answer_is_lost_and_the_request_may_have_been_carried_out(
    client: httpx.Client, proxy: FaultProxy, backend: Backend, fault: Fault, asked: int
) -> None:
    proxy.set(fault)
    with pytest.raises(httpx.TransportError):
        post(client)
    assert backend.asked == asked
    proxy.set(None)
    assert post(client).content == BODY


def test_reset_cuts_connections_that_are_open(client: httpx.Client, proxy: FaultProxy) -> None:
    assert post(client).status_code == 200
    proxy.set("reset")
    with pytest.raises(httpx.TransportError):
        post(client)


def test_request_in_a_black_hole_lands_when_nobody_waits_for_it_any_more(
    client: httpx.Client, proxy: FaultProxy, backend: Backend
) -> None:
    proxy.set("black hole")
    with pytest.raises(httpx.TimeoutException):
        post(client)
    assert backend.asked == 0
    proxy.set(None)
    deadline = time.monotonic() + 5
    while backend.asked == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert backend.asked == 1


def test_latency_delays_both_ways(client: httpx.Client, proxy: FaultProxy) -> None:
    proxy.set("latency")
    began = time.monotonic()
    assert post(client).status_code == 200
    assert time.monotonic() - began >= 2 * LATENCY_SECONDS
