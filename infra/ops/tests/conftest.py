"""A guarded NATS with the catalogue's streams, databases with the common tables, and the settings that name them."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

import pytest
import structlog
from common_tables import new_database
from native.bare import NatsServer, PostgresServer, nats_server
from native.secrets import NATS_USERS
from ops_house import SERVICES, House, provide, settings_of


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def empty_nats(server_folder: Path) -> AbstractContextManager[NatsServer]:
    passwords = {user: f"q-{user}-password" for user in NATS_USERS}
    return nats_server(server_folder / f"nats-{uuid4().hex[:8]}", passwords=passwords)


@pytest.fixture
def new_nats(server_folder: Path) -> Iterator[NatsServer]:
    """A second broker, which has nothing."""
    with empty_nats(server_folder) as nats:
        yield nats


@pytest.fixture(autouse=True)
def quiet_stdout() -> Iterator[None]:
    """The services of a test log elsewhere than where commands print, whatever an app in this process set before."""
    structlog.reset_defaults()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.__stderr__))
    yield
    structlog.reset_defaults()


@pytest.fixture
def house(server_folder: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    databases = {service: new_database(postgres_server) for service in SERVICES}
    with empty_nats(server_folder) as nats:
        house = House(nats, databases)
        for name, value in settings_of(house).items():
            monkeypatch.setenv(name, value)
        asyncio.run(provide(house))
        yield house
