"""The fleet that is measured: a clean one of its own, its FHIR server with Java's own choice of compilers."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measuring import Running
from native.bare import NatsServer, nats_server
from native.errors import LaunchError
from native.home import Home
from native.ports import free_port
from native.process import tail
from native.secrets import NATS_USERS
from native.settings import REPOSITORY

START_SECONDS = 600.0  # a first start builds the FHIR server
STOP_SECONDS = 60.0
OF_MACHINE = {"QUILL_CACHE", "QUILL_JAVA_HOME"}
JAVA_OPTIONS = "-Xmx512m"  # without the compiler setting of `make run`, which starts sooner and is slower once warm


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach, gone at the end."""
    made = Path(tempfile.mkdtemp(prefix="quill-bench-"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def clean_fleet(home: Path) -> Iterator[Running]:
    """A fleet with the demo's data and nothing else.

    Raises:
        LaunchError: it does not start.
    """
    log = home.with_name(f"{home.name}.log")
    chosen = {"QUILL_HOME": str(home), "QUILL_PORT": str(free_port()), "DEMO": "1", "QUILL_REPLICAS": ""}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUILL_") or name in OF_MACHINE}
    env = {**kept, **chosen, "QUILL_FHIR_JAVA_OPTIONS": JAVA_OPTIONS}
    with log.open("wb") as output:
        command = [sys.executable, "-m", "native", "run"]
        launcher = subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=output, stderr=output)  # noqa: S603
    try:
        _wait(launcher, Home(home).accounts, log)
        yield Running(Home(home))
    finally:
        launcher.send_signal(signal.SIGTERM)
        launcher.wait(STOP_SECONDS)


def _wait(launcher: subprocess.Popen[bytes], accounts: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not accounts.exists():
        if launcher.poll() is not None or time.monotonic() > deadline:
            raise LaunchError(f"the fleet did not start:\n{tail(log)}")
        time.sleep(0.1)


@contextmanager
def quiet_broker(home: Path) -> Iterator[NatsServer]:
    """A broker with the fleet's configuration and streams, and with nobody else at it."""
    with nats_server(home, passwords={user: f"q-{user}" for user in NATS_USERS}) as server:
        told = {"QUILL_NATS_URL": server.url, "QUILL_NATS_USER": "provision"}
        env = {**os.environ, **told, "QUILL_NATS_PASSWORD": server.passwords["provision"]}
        subprocess.run([sys.executable, "-m", "provision"], env=env, check=True)
        yield server
