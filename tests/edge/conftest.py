"""A real Caddy with the real Caddyfile in front of tiny upstreams; no rule of Caddy is repeated here."""

import http.client
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CADDY = ROOT / ".venv/bin/caddy"
SERVICES = ("auth", "patients", "letters", "notify")


@dataclass(frozen=True)
class Answer:
    """What came back; `seen` is the request as the upstream saw it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def seen(self) -> dict[str, Any]:
        seen: dict[str, Any] = json.loads(self.body)
        return seen

    @property
    def media_type(self) -> str:
        return self.headers.get_content_type()


class Upstream(ThreadingHTTPServer):
    """Answers every request with what it saw; a test can make it ill through `mood`."""

    daemon_threads = True

    def __init__(self, name: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Echo)
        self.name = name
        self.mood = "well"
        self.stopping = threading.Event()
        self.cut_off = threading.Event()
        self.connections: list[socket.socket] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """Connections that Caddy cuts off are part of the tests."""

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def stop(self) -> None:
        """End as a killed process does: nobody listens and every connection is gone."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def answer(self) -> None:
        if self.server.mood == "hung" and self.path != "/readyz":
            self.server.stopping.wait(30)
            self.close_connection = True
            return
        if self.server.mood == "broken" and self.path != "/readyz":
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.close_connection = True
            return
        self.send_echo()

    def send_echo(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or self.read_chunks()
        drains = self.server.mood == "draining"
        ill = self.server.mood == "ill" or (drains and self.path == "/readyz")
        echo = {"service": self.server.name, "method": self.command, "path": self.path, "length": len(body)}
        reply = json.dumps(echo | {"headers": {k.lower(): v for k, v in self.headers.items()}}).encode()
        self.send_response(503 if ill else 200)
        self.send_header("Content-Type", "application/json")
        chunked = self.server.mood in {"slow", "endless"} and self.path != "/readyz"
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(reply)))))
        if drains:
            self.send_header("Connection", "close")
        if self.path.startswith("/api/docs"):
            self.send_header("Content-Security-Policy", "default-src 'self'")
        if self.path.endswith("jwks.json"):
            self.send_header("Cache-Control", "public, max-age=300")
        self.end_headers()
        if self.command != "HEAD":
            (self.write_chunks if chunked else self.wfile.write)(reply)

    def write_chunks(self, reply: bytes) -> None:
        """For two seconds; in an endless mood until nobody takes any more."""
        endless = self.server.mood == "endless"
        try:
            for piece in chain([reply], repeat(b" " * 65536) if endless else [b" " * 4096] * 4, [b""]):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.server.stopping.wait(0 if endless else 0.4)
        except OSError:
            self.server.cut_off.set()

    def read_chunks(self) -> bytes:
        body = b""
        while self.headers.get("Transfer-Encoding") == "chunked":
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                break
        return body

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = answer

    def log_message(self, *_: object) -> None:
        """The tests look at Caddy's log, not at this one."""


@dataclass
class Edge:
    """One running Caddy and its upstreams."""

    port: int
    upstreams: dict[str, Upstream]
    log: Path
    secure: bool = False

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> Answer:
        """Send exactly this path (nothing is normalised) and read the whole answer within 12 s."""
        connection = self.connect()
        chunked = body is not None and not isinstance(body, bytes)
        try:
            sent = {"Host": f"localhost:{self.port}"} | (headers or {})
            connection.request(method, path, body=body, headers=sent, encode_chunked=chunked)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def connect(self) -> http.client.HTTPConnection:
        if not self.secure:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=12)
        trusting = ssl._create_unverified_context()  # noqa: S323 - Caddy signs its own certificate for localhost
        return http.client.HTTPSConnection("localhost", self.port, timeout=12, context=trusting)

    def raw(self, payload: bytes, pause: float = 15.0) -> bytes:
        """Send these bytes, then one more after every `pause` seconds of silence, and read until the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=pause) as connection:
            connection.sendall(payload)
            answer = b""
            for _ in range(int(15 / pause)):
                with suppress(TimeoutError):
                    while more := connection.recv(65536):
                        answer += more
                    return answer
                connection.sendall(b"x")
        raise AssertionError("no end within 15 s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_open(edge: Edge, process: subprocess.Popen[bytes]) -> None:
    """An open port is not enough: an https site first makes its certificate."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        assert process.poll() is None, f"caddy ended: {edge.log.read_text()}"
        with suppress(OSError):
            edge.ask("GET", "/")
            return
        time.sleep(0.05)
    raise AssertionError("caddy did not open its port")


@contextmanager
def running_edge(folder: Path, *, caddyfile: str = "Caddyfile", **environment: str) -> Iterator[Edge]:
    """Caddy as `make run` starts it, or by another Caddyfile, with every service answered by one upstream."""
    upstreams = {name: Upstream(name) for name in SERVICES}
    port = free_port()
    lists = {f"QUILL_{name.upper()}_UPSTREAMS": f"127.0.0.1:{up.server_port}" for name, up in upstreams.items()}
    scheme = environment.pop("scheme", "http")
    own = {"QUILL_SITE_ADDRESS": f"{scheme}://localhost:{port}", "QUILL_PORT": str(port), "HOME": str(folder)}
    if scheme == "https":
        own |= {"QUILL_HTTPS_PORT": str(port), "QUILL_HTTP_PORT": str(free_port())}
    log = folder / "caddy.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [CADDY, "run", "--config", caddyfile, "--adapter", "caddyfile"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]} | lists | own | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            running = Edge(port, upstreams, log, secure=scheme == "https")
            wait_until_open(running, process)
            yield running
        finally:
            process.terminate()
            process.wait(15)
            for upstream in upstreams.values():
                upstream.stop()


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """For tests that leave every upstream as it was."""
    with running_edge(tmp_path_factory.mktemp("edge")) as running:
        yield running


@pytest.fixture
def fragile_edge(tmp_path: Path) -> Iterator[Edge]:
    """For tests that stop, hang or replace upstreams."""
    with running_edge(tmp_path) as running:
        yield running


@pytest.fixture
def hasty_edge(tmp_path: Path) -> Iterator[Edge]:
    """With a sixtieth of the time to take an answer."""
    rules = (ROOT / "Caddyfile").read_text()
    for long, short in (("write 15m\n", "write 15s\n"), ("write_idle 60s\n", "write_idle 1s\n")):
        assert rules.count(long) == 1
        rules = rules.replace(long, short)
    (tmp_path / "Caddyfile").write_text(rules)
    with running_edge(tmp_path, caddyfile=str(tmp_path / "Caddyfile")) as running:
        yield running


@pytest.fixture
def replicated_edge(tmp_path: Path) -> Iterator[tuple[Edge, Upstream]]:
    """Two replicas of letters; the second one is handed out to be stopped."""
    first, second = Upstream("letters"), Upstream("letters-2")
    both = f"127.0.0.1:{first.server_port} 127.0.0.1:{second.server_port}"
    with running_edge(tmp_path, QUILL_LETTERS_UPSTREAMS=both) as running:
        yield running, second
    first.stop()
    second.stop()


@pytest.fixture
def https_edge(tmp_path: Path) -> Iterator[Edge]:
    """With a certificate that Caddy makes itself, for localhost."""
    with running_edge(tmp_path, scheme="https") as running:
        yield running


@pytest.fixture(scope="module")
def inner_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Behind an ingress: this test, whose word about the caller counts."""
    with running_edge(tmp_path_factory.mktemp("edge"), QUILL_TRUSTED_PROXIES="127.0.0.0/8 fd00::/8") as running:
        yield running
