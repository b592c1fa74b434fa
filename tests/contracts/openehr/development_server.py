"""Runs the development server as a process of its own, as the launcher does."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from contracts.openehr.server_under_test import BASE_PATH, OpenEhrServer

USER, PASSWORD = "quill-letters", "of-the-contract-tests"
SYSTEM_ID = "letters.quill.test"
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Running:
    """A running development server; `process` may be signalled."""

    server: OpenEhrServer
    process: subprocess.Popen[bytes]

    def readiness(self) -> int:
        """The status of its readiness answer."""
        return self.server.client.get("/ehrbase/management/health/readiness").status_code


@contextmanager
def development_server(database_url: str) -> Iterator[Running]:
    """On a free port, until the block ends."""
    port = _free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "OPENEHR_PORT": str(port),
        "OPENEHR_DATABASE_URL": database_url,
        "OPENEHR_USER": USER,
        "OPENEHR_PASSWORD": PASSWORD,
        "OPENEHR_SYSTEM_ID": SYSTEM_ID,
    }
    process = subprocess.Popen([sys.executable, "-m", "openehr_server"], env=environment)
    server = OpenEhrServer(f"http://127.0.0.1:{port}{BASE_PATH}", USER, PASSWORD)
    running = Running(server, process)
    try:
        _wait_until_ready(running)
        yield running
    finally:
        server.client.close()
        process.terminate()
        process.wait(timeout=10)


def _wait_until_ready(running: Running) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and running.process.poll() is None:
        try:
            if running.readiness() == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the development openEHR server does not start")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
