"""NATS or the database falter for a moment: nothing overtakes, nothing waits that need not, nothing is buried."""

import asyncio
from uuid import UUID, uuid4

import pytest
from common import consumer, inbox, operations, outbox
from common.audit import Access, Actor
from common.consumer import consumes
from common.db import Database
from common.errors import BackendUnavailable
from common.events import PatientCreated
from common.outbox import Relay
from common.work import Work
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import NotFoundError
from provision.streams import provision
from sqlalchemy import text
from stand_in import ORIGIN

pytestmark = pytest.mark.anyio

DURABLE = "letters-patient-created"


async def announce(work: Work[None]) -> UUID:
    async with work.transaction() as session:
        return work.announce(session, PatientCreated(patient_id=uuid4(), version=1))


async def until(condition: object, *, seconds: float = 15) -> None:
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_what_was_not_published_goes_before_what_comes_later(
    work: Work[None], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, failed = client.request, asyncio.Event()

    async def faltering(*args: object, **kwargs: object) -> object:
        if not failed.is_set():
            failed.set()
            raise NatsTimeout
        return await request(*args, **kwargs)  # type: ignore[arg-type]

    stream = client.jetstream()
    before = (await stream.stream_info("PATIENTS")).state.last_seq
    monkeypatch.setattr(client, "request", faltering)
    first = await announce(work)
    await failed.wait()
    second = await announce(work)
    stored = list[str]()
    async with asyncio.timeout(15):
        while len(stored) < 2:
            try:
                message = await stream.get_msg("PATIENTS", before + len(stored) + 1)
                stored.append((message.headers or {})["Nats-Msg-Id"])
            except NotFoundError:
                await asyncio.sleep(0.05)
    assert stored == [str(first), str(second)]


async def test_stream_that_is_away_holds_up_no_other(database: Database, client: Client) -> None:
    stream = client.jetstream()
    await provision(stream)
    before = (await stream.stream_info("PATIENTS")).state.last_seq
    await stream.delete_stream("AUDIT")
    relay = Relay(database, client, origin=ORIGIN)
    work = Work("patients", database, None, relay)
    for _ in range(outbox.BATCH):  # as many as go out together
        await work.record(Actor(user_id=uuid4()), Access(action="R", resource="patient", resource_id="1"))
    await announce(work)
    relaying = asyncio.create_task(relay.run())
    async with asyncio.timeout(15):
        while (await stream.stream_info("PATIENTS")).state.last_seq == before:
            await asyncio.sleep(0.05)
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    await provision(stream)


async def test_broker_that_is_away_is_not_asked(
    work: Work[None], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "FETCH_SECONDS", 0.02)
    asked, publish = list[str](), client.publish

    async def counting(subject: str, *args: object, **kwargs: object) -> None:
        asked.append(subject)
        await publish(subject, *args, **kwargs)  # type: ignore[arg-type]

    @consumes(PatientCreated, durable=DURABLE)
    async def nothing(handling: Work[None], event: PatientCreated) -> None:
        return None

    monkeypatch.setattr(client, "publish", counting)
    task = asyncio.create_task(consumer.run(nothing, work, client))
    await until(lambda: asked)
    with monkeypatch.context() as away:
        away.setattr(Client, "is_connected", False)
        await asyncio.sleep(0.1)
        asked.clear()
        await asyncio.sleep(0.3)
        assert asked == []
    await until(lambda: asked)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_event_that_comes_while_a_consumer_ends_is_handled(work: Work[None], client: Client) -> None:
    seen = list[UUID]()

    @consumes(PatientCreated, durable=DURABLE)
    async def collect(handling: Work[None], event: PatientCreated) -> None:
        async with handling.transaction():
            seen.append(event.patient_id)

    task = asyncio.create_task(consumer.run(collect, work, client))
    await announce(work)
    await until(lambda: len(seen) >= 1)
    await asyncio.sleep(0.2)  # its next question is out by now
    task.cancel()
    known = len(seen)
    await announce(work)
    other = asyncio.create_task(consumer.run(collect, work, client))
    await until(lambda: len(seen) > known)  # long before it would be delivered again
    other.cancel()
    await asyncio.gather(task, other, return_exceptions=True)


async def test_outage_uses_up_no_tries(work: Work[None], client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "MAX_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(consumer, "MAX_UNEXPECTED", 2)
    mine, tries, handled = PatientCreated(patient_id=uuid4(), version=1), list[int](), asyncio.Event()

    @consumes(PatientCreated, durable=DURABLE)
    async def stumble(handling: Work[None], event: PatientCreated) -> None:
        if event != mine:
            return
        tries.append(1)
        if len(tries) <= 3:
            raise BackendUnavailable
        if len(tries) == 4:
            raise ValueError
        handled.set()

    task = asyncio.create_task(consumer.run(stumble, work, client))
    async with work.transaction() as session:
        work.announce(session, mine)
    async with asyncio.timeout(15):
        await handled.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


MANY = """
    INSERT INTO outbox (id, subject, headers, body, created_at, published_at)
        SELECT gen_random_uuid(), 'quill.old', '{}', '{}', now() - interval '99 days', now() - interval '99 days'
        FROM generate_series(1, 2500);
    INSERT INTO inbox (event_id, handled_at)
        SELECT gen_random_uuid(), now() - interval '999 days' FROM generate_series(1, 2500);
    INSERT INTO operations (id, kind, caller_id, idempotency_key, request_hash, target_id, actor, state, lease_epoch,
                            attempts, lease_until, next_try_at, created_at)
        SELECT gen_random_uuid(), 'old', gen_random_uuid(), 'key', '', gen_random_uuid(), '{}', 'DONE', 1, 1,
               now(), now(), now() - interval '9 days'
        FROM generate_series(1, 2500);
"""
LEFT = """
    SELECT (SELECT count(*) FROM outbox WHERE subject = 'quill.old')
        || ' ' || (SELECT count(*) FROM inbox WHERE handled_at < now() - interval '900 days')
        || ' ' || (SELECT count(*) FROM operations WHERE kind = 'old' AND idempotency_key IS NOT NULL)
"""


async def left(database: Database) -> str:
    async with database.transaction() as session:
        return str(await session.scalar(text(LEFT)))


async def test_large_past_is_forgotten_little_by_little(database: Database) -> None:
    async with database.transaction() as session:
        for statement in MANY.split(";")[:-1]:
            await session.execute(text(statement))
        for forget in (outbox.forget_old, inbox.forget_old, operations.forget_keys):
            assert await forget(session)
    assert await left(database) == "1500 1500 1500"
    await Work("patients", database, None).forget_the_past()
    assert await left(database) == "0 0 0"


async def test_full_pool_is_no_absence(database: Database) -> None:
    url = database.engine.url.render_as_string(hide_password=False).replace("+asyncpg", "")
    small = Database(url, pool_size=1)
    async with small.transaction() as one, small.transaction() as another:
        await one.execute(text("SELECT 1"))
        await another.execute(text("SELECT 1"))
        async with asyncio.timeout(2):
            await small.ping()
    await small.close()
