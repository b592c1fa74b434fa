"""Notify on a real PostgreSQL and NATS, with a push service on loopback and a DNS that tests can turn."""

from collections.abc import AsyncIterator, Iterator

import pytest
import tenacity
from common.db import Database, StorageUnavailable
from common.work import Work
from e2e.push_receiver import PushReceiver, base64url, push_receiver
from fleet import migrated_database
from native.bare import NatsServer, PostgresServer
from nats.aio.client import Client
from notify.backend import open_backend
from notify.service import SEND_PUSH
from notify.settings import Settings
from notify.webhooks.service import CREATE_WEBHOOK
from notify_door import Door, open_door
from notify_stage import Dns, Stage
from provision.streams import provision
from sqlalchemy import text
from stand_in import Auth

TABLES = "webhook_deliveries, webhooks, deliveries, notifications, readings, links, devices, inbox, outbox, operations"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def notify_database(postgres_server: PostgresServer) -> str:
    return migrated_database(postgres_server, "notify")


@pytest.fixture(scope="session")
def receiver() -> Iterator[PushReceiver]:
    with push_receiver() as running:
        yield running


@pytest.fixture(scope="session")
def settings(notify_database: str, receiver: PushReceiver) -> Settings:
    return Settings.model_validate(
        {
            "mode": "demo",
            "public_origin": "http://localhost:8080",
            "database_url": notify_database,
            "nats_url": "nats://127.0.0.1:1",
            "nats_user": "notify",
            "nats_password": "q-notify-password",
            **dict.fromkeys(("auth_url", "patients_url", "letters_url", "notify_url"), "http://127.0.0.1:1"),
            "pseudonym_key": "p" * 32,
            "vapid_private_key": base64url(bytes(range(1, 33))),
            "vapid_subject": "mailto:push@quill.test",
            "encryption_key": "e" * 32,
            **dict.fromkeys(("push_origins", "webhook_origins"), receiver.origin),
        }
    )


async def empty(database: Database) -> None:
    """What the test before had under way may still be stored meanwhile, and one of the two is given up then."""
    async for attempt in tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(StorageUnavailable), stop=tenacity.stop_after_attempt(5)
    ):
        with attempt:
            async with database.transaction() as session:
                await session.execute(text(f"TRUNCATE {TABLES}"))


@pytest.fixture
async def stage(settings: Settings, anyio_backend: str) -> AsyncIterator[Stage]:
    """Notify on empty tables; what it announces stays in the outbox for the test to read."""
    dns, database = Dns(), Database(settings.database_url.get_secret_value())
    await empty(database)
    async with open_backend(settings, lookup=dns) as backend:
        yield Stage(Work("notify", database, backend, kinds=[SEND_PUSH, CREATE_WEBHOOK]), dns)
    await database.close()


@pytest.fixture(scope="session")
def auth() -> Iterator[Auth]:
    with Auth() as running:
        yield running


@pytest.fixture(scope="module")
async def running_app(
    settings: Settings, auth: Auth, nats_server: NatsServer, anyio_backend: str
) -> AsyncIterator[Door]:
    """The whole app on the tables and the push service of the stage."""
    client = Client()
    await client.connect(nats_server.url)
    await provision(client.jetstream())
    await client.close()
    whole = settings.model_copy(update={"auth_url": auth.url, "nats_url": nats_server.url})
    async with open_door(whole, auth) as running:
        yield running


@pytest.fixture
def door(running_app: Door, stage: Stage) -> Door:
    """The app with nothing in its tables."""
    return running_app
