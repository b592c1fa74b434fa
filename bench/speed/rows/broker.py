"""The outbox relay against bare pipelined publishing, and a consumer with its inbox.

The mechanisms of `common` run in this process, on the fleet's PostgreSQL and on a broker with the fleet's configuration
(each message on the disk before it is acknowledged) and nobody else at it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID, uuid4

import nats
from common.consumer import FETCH_SECONDS, Consumer
from common.consumer import run as consume
from common.db import Database
from common.events import PatientUpdated
from common.outbox import Envelope, OutboxRow, Relay, add, store
from common.work import Work
from nats.aio.client import Client
from sqlalchemy import func, select
from sqlmodel import col

from speed.budgets import figure
from speed.figures import Figure, Sample
from speed.pairs import in_turns
from speed.rows.shape import Measurement
from speed.stage import Stage

EVENTS = 2000
IN_FLIGHT = 256
AT_ONCE = 4
DURABLE = "notify-webhooks-patients"
ORIGIN = "https://quill.example.org"
PATIENCE_SECONDS = 120.0


@asynccontextmanager
async def connected(stage: Stage, user: str) -> AsyncIterator[Client]:
    """The broker, as one of the fleet's users."""
    password = stage.broker.passwords[user]
    client = await nats.connect(stage.broker.url, user=user, password=password, inbox_prefix=f"_INBOX_{user}".encode())
    try:
        yield client
    finally:
        await client.close()


def fact() -> PatientUpdated:
    """An event like many."""
    return PatientUpdated(patient_id=uuid4(), version=2)


async def publish_bare(client: Client, number: int) -> float:
    """Events per second, published as fast as JetStream acknowledges them, in their order."""
    jetstream = client.jetstream(publish_async_max_pending=IN_FLIGHT)
    messages = [message_of(fact()) for _ in range(number)]
    began = time.perf_counter()
    for subject, content, headers in messages:
        await jetstream.publish_async(subject, content, wait_stall=PATIENCE_SECONDS, headers=headers)
    await jetstream.publish_async_completed()
    return number / (time.perf_counter() - began)


def message_of(event: PatientUpdated) -> tuple[str, bytes, dict[str, str]]:
    """Subject, content and headers, as the relay sends them."""
    about = {"type": event.subject, "source": "/services/patients", "subject": event.path}
    envelope = Envelope(id=uuid4(), dataschema=event.schema_path(), **about)
    return event.subject, event.model_dump_json().encode(), envelope.headers()


async def relay_all(database: Database, client: Client, number: int) -> float:
    """Events per second from the moment that they are in the outbox until the last is marked as published."""
    async with database.transaction() as session:
        for _ in range(number):
            add(session, fact(), source="patients")
        await store(session)
    relay, began = Relay(database, client, origin=ORIGIN), datetime.now(UTC)
    task = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await unpublished(database):
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    async with database.transaction() as session:
        last = (await session.scalars(select(func.max(col(OutboxRow.published_at))))).one() or began
    return number / (last - began).total_seconds()


async def unpublished(database: Database) -> bool:
    """Whether something waits in the outbox."""
    async with database.transaction() as session:
        waiting = select(col(OutboxRow.id)).where(col(OutboxRow.published_at).is_(None)).limit(1)
        return await session.scalar(waiting) is not None


async def consume_all(database: Database, client: Client, number: int) -> float:
    """Events per second from the first that is handled to the last, each marked in the inbox and acknowledged."""
    handled: set[UUID | None] = set()
    times, done = [time.perf_counter()], asyncio.Event()

    async def handle(work: Work[None], _event: PatientUpdated) -> None:
        async with work.transaction():
            handled.add(work.cause)
        times.append(time.perf_counter())
        if len(handled) >= number:
            done.set()

    work: Work[None] = Work("notify", database, None, Relay(database, client, origin=ORIGIN))
    one = Consumer(DURABLE, (PatientUpdated,), handle, AT_ONCE)
    task = asyncio.create_task(consume(one, work, client))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await done.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(FETCH_SECONDS + 0.5)  # what was asked for last would get the next round's first events
    return number / (times[-1] - times[0])


async def measure(stage: Stage) -> Sequence[Figure]:
    """Relay and bare publishing in turns; what each published is consumed then."""
    number = stage.pace.count(EVENTS, least=300)
    database = Database(await stage.new_database(f"speed_broker_{datetime.now(UTC):%H%M%S}", like="patients"))
    async with connected(stage, "patients") as publisher, connected(stage, "notify") as reader:

        async def bare() -> tuple[float, float]:
            return await publish_bare(publisher, number), await consume_all(database, reader, number)

        async def relayed() -> tuple[float, float]:
            return await relay_all(database, publisher, number), await consume_all(database, reader, number)

        ways = {"bare": bare, "relay": relayed}
        await in_turns(ways, rounds=1)  # to warm
        by_hand, by_relay = (await in_turns(ways, rounds=stage.pace.rounds)).values()
    await database.close()
    share = Sample.of([mine / other for (mine, _), (other, _) in zip(by_relay, by_hand, strict=True)])
    told = ", ".join(
        f"{name} {Sample.of([rate for rate, _ in seen]).median:,.0f}/s"
        for name, seen in (("bare", by_hand), ("relay", by_relay))
    )
    consumed = Sample.of([rate for _, rate in (*by_hand, *by_relay)])
    return [
        figure("Outbox relay to bare pipelined publishing", share, "×", told),
        figure("Consumer with inbox, one process", consumed, "/s"),
    ]


MEASUREMENT = Measurement("broker", measure)
