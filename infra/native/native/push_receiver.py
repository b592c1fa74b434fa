"""A push service and a browser in one: takes Web Push messages on a loopback port and decrypts them (RFC 8291)."""

import base64
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from native.errors import LaunchError


class Device:
    """One browser's subscription: its keys, its endpoint and what has arrived there."""

    def __init__(self, origin: str) -> None:
        self.path = f"/push/{secrets.token_urlsafe(16)}"
        self._endpoint = origin + self.path
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = secrets.token_bytes(16)
        self.arrived: Queue[bytes] = Queue()

    @property
    def subscription(self) -> dict[str, Any]:
        """What a browser's PushSubscription.toJSON() gives."""
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self._endpoint, "keys": {"p256dh": _base64url(point), "auth": _base64url(self._auth)}}

    def next_message(self, *, seconds: float) -> bytes:
        """The next message's plain text; none within `seconds` raises LaunchError."""
        try:
            sealed = self.arrived.get(timeout=seconds)
        except Empty:
            raise LaunchError(f"No push message arrived within {seconds:.0f} s.") from None
        plain: bytes = http_ece.decrypt(sealed, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        return plain


class PushReceiver(ThreadingHTTPServer):
    """The push service of some devices."""

    daemon_threads = True

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._devices: dict[str, Device] = {}
        super().__init__(("127.0.0.1", int(origin.rpartition(":")[2])), _Handler)

    def new_device(self) -> Device:
        device = Device(self._origin)
        self._devices[device.path] = device
        return device

    def take(self, path: str, body: bytes) -> bool:
        """Hand a message to its device; False when no device has this path."""
        if device := self._devices.get(path):
            device.arrived.put(body)
        return path in self._devices


class _Handler(BaseHTTPRequestHandler):
    server: PushReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(201 if self.server.take(self.path, body) else 410)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def receiving(origin: str) -> Iterator[PushReceiver]:
    """Listen on the loopback origin until the block ends; a port in use raises LaunchError."""
    try:
        receiver = PushReceiver(origin)
    except OSError as error:
        raise LaunchError(f"The push receiver cannot listen on {origin}: {error.strerror}.") from error
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
