"""A database with the common tables, and work on it, for the tests of the common library."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from common.db import Database
from common.outbox import Relay
from common.work import Work
from common_tables import new_database
from native.bare import NatsServer, PostgresServer
from nats.aio.client import Client
from provision.streams import provision
from stand_in import ORIGIN


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> str:
    """The URL of a database of this test's own with the common tables."""
    return new_database(postgres_server)


@pytest.fixture
async def database(database_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def client(nats_server: NatsServer, anyio_backend: str) -> AsyncIterator[Client]:
    connected = Client()
    await connected.connect(nats_server.url)
    yield connected
    await connected.close()


@pytest.fixture
async def work(database: Database, client: Client) -> AsyncIterator[Work[None]]:
    """The work of patients, whose facts are relayed into the catalogue's streams."""
    await provision(client.jetstream())
    relay = Relay(database, client, origin=ORIGIN)
    running = asyncio.create_task(relay.run())
    yield Work("patients", database, None, relay)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
