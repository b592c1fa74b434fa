"""A push service on loopback for tests: keeps what comes, opens it as the browser would, answers what a test wants.

It can be the receiver of webhooks just as well.
"""

import base64
import json
import os
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from uuid import uuid4
from weakref import WeakSet

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HANG_SECONDS = 30.0


@dataclass(frozen=True)
class Reply:
    """How the push service answers; a status of None means that it hangs until the client gives up."""

    status: int | None = 201
    headers: Mapping[str, str] = field(default_factory=dict)
    after_seconds: float = 0.0


@dataclass(frozen=True)
class Push:
    """One request as it came.

    payload: what the browser's service worker (or the webhook's receiver) would see.
    status: what was answered; None if nothing was.
    """

    at: float
    headers: Mapping[str, str]
    body: bytes
    payload: dict[str, Any]
    status: int | None

    @property
    def is_delivered(self) -> bool:
        """Whether the push service took it on, so that the browser gets it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass
class Subscriber:
    """A browser with its subscription. `replies` are used up one after the other, then 201 is answered."""

    endpoint: str
    private_key: ec.EllipticCurvePrivateKey
    auth: bytes
    pushes: list[Push] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    @classmethod
    def at(cls, endpoint: str, *replies: Reply) -> Self:
        """A new browser with this endpoint, whoever answers there."""
        return cls(endpoint, ec.generate_private_key(ec.SECP256R1()), os.urandom(16), replies=list(replies))

    @property
    def delivered(self) -> list[Push]:
        """The pushes that the browser gets: a push service that fails, hangs or has enough hands nothing on."""
        with self.came:
            return [push for push in self.pushes if push.is_delivered]

    @property
    def point(self) -> bytes:
        """Its public key, uncompressed."""
        return self.private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def to_json(self) -> dict[str, Any]:
        """What `PushSubscription.toJSON()` gives."""
        keys = {"p256dh": base64url(self.point), "auth": base64url(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def wait(self, *, number: int = 1, seconds: float = 10) -> list[Push]:
        """The pushes so far, as soon as there are that many."""
        with self.came:
            enough = self.came.wait_for(lambda: len(self.pushes) >= number, timeout=seconds)
        assert enough, f"{len(self.pushes)} of {number} pushes came within {seconds} s"
        return self.pushes

    def opened(self, body: bytes) -> bytes:
        """What a push holds, opened with the private key."""
        plain: bytes = http_ece.decrypt(body, private_key=self.private_key, auth_secret=self.auth, version="aes128gcm")
        return plain

    def take(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Open what came, keep it and say how to answer."""
        payload = json.loads(self.opened(body))
        with self.came:
            reply = self.replies.pop(0) if self.replies else Reply()
            self.pushes.append(Push(time.monotonic(), headers, body, payload, reply.status))
            self.came.notify_all()
            return reply


class Hook(Subscriber):
    """The receiver of a webhook: what comes is not encrypted."""

    def opened(self, body: bytes) -> bytes:
        return body


class PushReceiver(ThreadingHTTPServer):
    """The push service; `origin` belongs into QUILL_PUSH_ORIGINS."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # its default of 5 makes the sixth that connects at once wait for a second

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.stopping = threading.Event()
        self.subscribers: dict[str, Subscriber] = {}
        self.unknown: defaultdict[str, int] = defaultdict(int)
        self.connections = WeakSet[socket.socket]()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_port}"

    def subscribe(self, *replies: Reply) -> Subscriber:
        """A new browser."""
        return self._know(Subscriber, *replies)

    def hook(self, *replies: Reply) -> Hook:
        """A new receiver of a webhook."""
        return self._know(Hook, *replies)

    def _know[S: Subscriber](self, kind: type[S], *replies: Reply) -> S:
        path = f"/push/{uuid4()}"
        subscriber = kind.at(self.origin + path, *replies)
        self.subscribers[path] = subscriber
        return subscriber

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection."""
        connection, address = super().get_request()
        self.connections.add(connection)
        return connection, address

    def handle_error(self, *_: object) -> None:
        """Clients that give up on a hanging answer are part of the tests."""

    def stop(self) -> None:
        """Let hanging answers go and close, with the connections that senders keep: the next one has the same port."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: PushReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        subscriber = self.server.subscribers.get(self.path)
        if subscriber is None:
            self.server.unknown[self.path] += 1
            reply = Reply(404)
        else:
            reply = subscriber.take({name.lower(): value for name, value in self.headers.items()}, body)
        self.server.stopping.wait(HANG_SECONDS if reply.status is None else reply.after_seconds)
        if reply.status is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Tests look at what came, not at a log."""


@contextmanager
def push_receiver(port: int = 0) -> Iterator[PushReceiver]:
    """A running push service."""
    receiver = PushReceiver(port)
    try:
        yield receiver
    finally:
        receiver.stop()


def base64url(value: bytes) -> str:
    """Unpadded base64url, as browsers write keys."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
