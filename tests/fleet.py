"""Servers for tests, started once per run: a PostgreSQL, a NATS, and the whole fleet as `make run` starts it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from native import bare
from native.secrets import NATS_USERS


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach; pytest's own temporary folders are closed to others."""
    with tempfile.TemporaryDirectory(prefix="quill-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[bare.PostgresServer]:
    """A PostgreSQL without the fleet; `create_database()` gives the URL of an empty database."""
    with bare.postgres_server(server_folder / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def nats_server(server_folder: Path) -> Iterator[bare.NatsServer]:
    """A JetStream server without users: everyone may do everything."""
    with bare.nats_server(server_folder / "nats") as server:
        yield server


@pytest.fixture(scope="session")
def guarded_nats_server(server_folder: Path) -> Iterator[bare.NatsServer]:
    """A JetStream server with the fleet's users and permissions; `passwords` has each user's password."""
    passwords = {user: f"q-{user}-password" for user in NATS_USERS}
    with bare.nats_server(server_folder / "guarded-nats", passwords=passwords) as server:
        yield server
