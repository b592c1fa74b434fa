"""What is measured: the fleet with Java's own choice of compilers, and a broker that nobody else uses."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from native.bare import NatsServer, nats_server
from native.secrets import NATS_USERS

# With the demo's data, and without the compiler setting of `make run`, which starts sooner and is slower once warm.
MEASURED = {"DEMO": "1", "QUILL_REPLICAS": "", "QUILL_FHIR_JAVA_OPTIONS": "-Xmx512m"}


@contextmanager
def quiet_broker(home: Path) -> Iterator[NatsServer]:
    """A broker with the fleet's configuration and streams, and with nobody else at it."""
    with nats_server(home, passwords={user: f"q-{user}" for user in NATS_USERS}) as server:
        told = {"QUILL_NATS_URL": server.url, "QUILL_NATS_USER": "provision"}
        env = {**os.environ, **told, "QUILL_NATS_PASSWORD": server.passwords["provision"]}
        subprocess.run([sys.executable, "-m", "provision"], env=env, check=True)
        yield server
