"""For tests of the operator's commands: servers, services with consumers, and the commands before them."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from common import consumer
from common.consumer import Consumer, consumes
from common.db import Database
from common.events import PatientCreated
from common.outbox import Relay
from common.work import Work
from native.bare import NatsServer
from nats.aio.client import Client
from ops import backup, copy, dlq, doctor, events, operations, restore
from ops.house import Settings
from provision.streams import provision
from quill_command import Output
from stand_in import ORIGIN
from typer.testing import CliRunner

COMMANDS = {
    **{"backup": backup.app, "copy": copy.app, "dlq": dlq.app, "doctor": doctor.app, "events": events.app},
    **{"operations": operations.app, "restore": restore.app},
}
SERVICES = ("auth", "patients", "letters", "notify")
FOLLOWING = "letters-patient-created"  # the durable of `following`


class House:
    """The servers of one test, and `quill` as an operator types it."""

    def __init__(self, nats: NatsServer, databases: dict[str, str]) -> None:
        self.nats, self.databases = nats, databases

    def move_to(self, nats: NatsServer) -> None:
        """Have another, empty broker from now on, as after the loss of its disk."""
        self.nats = nats
        os.environ.update(settings_of(self))

    async def quill(self, group: str, *arguments: object, answer: str = "") -> Output:
        """Run a command; `answer` is what somebody types when it asks."""
        called = [str(argument) for argument in arguments]
        done = await asyncio.to_thread(CliRunner().invoke, COMMANDS[group], called, input=answer)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Output(done.exit_code, done.stdout, done.stderr)

    @asynccontextmanager
    async def client(self, user: str) -> AsyncIterator[Client]:
        client = Client()
        inbox = f"_INBOX_{user}".encode()
        await client.connect(self.nats.url, user=user, password=self.nats.passwords[user], inbox_prefix=inbox)
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def service(self, name: str, *consumers: Consumer[Any, Any]) -> AsyncIterator[Work[None]]:
        """A service of this name with its relay and these consumers running."""
        async with self.client(name) as client:
            database = Database(self.databases[name])
            relay = Relay(database, client, origin=ORIGIN)
            work: Work[None] = Work(name, database, None, relay)
            loops = [relay.run(), *(consumer.run(one, work, client) for one in consumers)]
            tasks = [asyncio.create_task(loop) for loop in loops]
            try:
                yield work
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await database.close()


def settings_of(house: House) -> dict[str, str]:
    """What the operator's commands are told; nothing answers where no server of this house is."""
    nowhere = "http://127.0.0.1:9"
    told = {name: nowhere for name in Settings.model_fields if name.endswith("_url")}
    told |= {f"{service}_database_url": url for service, url in house.databases.items()}
    told |= {"nats_url": house.nats.url, "nats_password": house.nats.passwords["operator"]}
    told |= {"nats_monitor_url": f"http://127.0.0.1:{house.nats.monitor_port}", "public_origin": nowhere}
    told |= {"ehrbase_user": "quill", "ehrbase_password": "q-secret"}
    told["backup_databases"] = " ".join(f"{service}={url}" for service, url in house.databases.items())
    told["nats_backup_password"] = house.nats.passwords["backup"]
    return {f"QUILL_{name.upper()}": value for name, value in told.items()}


def following(handled: list[UUID]) -> Consumer[None, Any]:
    """A consumer of letters that notes the patients that it handled, one after the other."""

    @consumes(PatientCreated, durable=FOLLOWING, at_once=1)
    async def follow(work: Work[None], event: PatientCreated) -> None:
        async with work.transaction():
            handled.append(event.patient_id)

    return follow


async def announce(work: Work[None], *ids: UUID) -> list[UUID]:
    """Tell of these patients in one transaction; the ids of the events."""
    async with work.transaction() as session:
        return [work.announce(session, PatientCreated(patient_id=one, version=1)) for one in ids]


async def provide(house: House) -> None:
    """Bring JetStream to the catalogue, as the fleet's start does."""
    async with house.client("provision") as client:
        await provision(client.jetstream())


async def until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
