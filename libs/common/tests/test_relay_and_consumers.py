"""From a committed fact to its consumer: announced once, handled once, buried when it can never be handled."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from common import consumer, events, outbox
from common.consumer import Consumer, consumes
from common.errors import BackendUnavailable, Conflict
from common.events import Event, PatientCreated, PatientUpdated
from common.outbox import OutboxRow
from common.work import Work
from native.bare import NatsServer
from nats.aio.client import Client
from provision.streams import provision
from sqlalchemy import func, select, update
from stand_in import ORIGIN

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def consuming(one: Consumer[None, PatientCreated], work: Work[None], client: Client) -> AsyncIterator[None]:
    task = asyncio.create_task(consumer.run(one, work, client))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def announce(work: Work[None], patient_id: UUID) -> UUID:
    async with work.transaction() as session:
        return work.announce(session, PatientCreated(patient_id=patient_id, version=1))


async def until(condition: object, *, seconds: float = 30) -> None:
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_committed_fact_reaches_its_consumer_with_cloudevents_headers(work: Work[None], client: Client) -> None:
    patient_id, seen = uuid4(), []

    @consumes(PatientCreated, durable="letters-patient-created")
    async def collect(handling: Work[None], event: PatientCreated) -> None:
        async with handling.transaction():
            seen.append((event.patient_id, handling.cause))

    async with consuming(collect, work, client):
        event_id = await announce(work, patient_id)
        await until(lambda: (patient_id, event_id) in seen)
    stored = await client.jetstream().get_last_msg("PATIENTS", PatientCreated.subject)
    assert stored.headers is not None
    assert stored.headers["Nats-Msg-Id"] == stored.headers["ce-id"] == str(event_id)
    assert stored.headers["ce-type"] == PatientCreated.subject
    assert stored.headers["ce-subject"] == f"patients/{patient_id}"
    assert stored.headers["ce-dataschema"] == f"{ORIGIN}{PatientCreated.schema_path()}"


async def test_consumer_whose_durable_is_missing_asks_on_with_one_subscription(
    work: Work[None], client: Client, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "FETCH_SECONDS", 0.05)
    asked = 0
    publish = client.publish

    async def counting(subject: str, *args: object, **kwargs: object) -> None:
        nonlocal asked
        asked += subject.endswith("MSG.NEXT.PATIENTS.nobody-made-it")
        await publish(subject, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(client, "publish", counting)

    @consumes(PatientCreated, durable="nobody-made-it")
    async def never(handling: Work[None], event: PatientCreated) -> None:
        raise AssertionError

    def subscriptions() -> int:
        url = f"http://127.0.0.1:{nats_server.monitor_port}/connz?cid={client.client_id}"
        (told,) = httpx.get(url).json()["connections"]
        return int(told["subscriptions"])

    before = subscriptions()
    async with consuming(never, work, client):
        await until(lambda: asked > 5)
        assert subscriptions() <= before + 1


async def test_rolled_back_fact_is_never_announced(work: Work[None]) -> None:
    async def fail() -> None:
        async with work.transaction() as session:
            work.announce(session, PatientCreated(patient_id=uuid4(), version=1))
            raise Conflict

    with pytest.raises(Conflict):
        await fail()
    async with work.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(OutboxRow)) == 0


async def test_event_delivered_twice_is_handled_once(work: Work[None], client: Client) -> None:
    patient_id, handled = uuid4(), []

    @consumes(PatientCreated, durable="letters-patient-created")
    async def collect(handling: Work[None], event: PatientCreated) -> None:
        async with handling.transaction():
            if event.patient_id == patient_id:
                handled.append(event)

    async with consuming(collect, work, client):
        event_id = await announce(work, patient_id)
        await until(lambda: handled)
        # Past the duplicate window the server would take it again; another Nats-Msg-Id stands for that here.
        headers = {"ce-id": str(event_id), "ce-type": PatientCreated.subject, "Nats-Msg-Id": str(uuid4())}
        body = PatientCreated(patient_id=patient_id, version=1).model_dump_json().encode()
        await client.jetstream().publish(PatientCreated.subject, body, headers=headers)
        later = uuid4()
        await announce(work, later)
        await asyncio.sleep(0.5)
    assert len(handled) == 1


async def test_retryable_failure_is_delivered_again_until_it_succeeds(work: Work[None], client: Client) -> None:
    patient_id, attempts = uuid4(), []

    @consumes(PatientCreated, durable="letters-patient-created")
    async def stumble(handling: Work[None], event: PatientCreated) -> None:
        if event.patient_id != patient_id:
            return
        attempts.append(datetime.now(UTC))
        if len(attempts) == 1:
            raise BackendUnavailable
        async with handling.transaction():
            pass

    async with consuming(stumble, work, client):
        await announce(work, patient_id)
        await until(lambda: len(attempts) == 2, seconds=10)


WELL_FORMED = PatientCreated(patient_id=UUID(int=1), version=1).model_dump_json().encode()


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({}, b'{"patient_id": 7}'),
        ({}, b"{"),
        ({"ce-id": "1"}, WELL_FORMED),
        ({"ce-id": None}, WELL_FORMED),
        ({"ce-time": "yesterday"}, WELL_FORMED),
        ({"ce-type": PatientUpdated.subject}, WELL_FORMED),
        ({"ce-type": None}, WELL_FORMED),
    ],
)
async def test_malformed_event_is_dead_lettered_and_the_next_one_handled(
    work: Work[None], client: Client, change: dict[str, str | None], body: bytes
) -> None:
    patient_id, seen, mark = uuid4(), [], str(uuid4())

    @consumes(PatientCreated, durable="letters-patient-created")
    async def collect(handling: Work[None], event: PatientCreated) -> None:
        seen.append(event.patient_id)

    told = {"ce-id": str(uuid4()), "ce-type": PatientCreated.subject, "mark": mark} | change
    headers = {name: value for name, value in told.items() if value is not None}
    async with consuming(collect, work, client):
        await client.jetstream().publish(PatientCreated.subject, body, headers=headers)
        await announce(work, patient_id)
        await until(lambda: patient_id in seen)
    buried = await client.jetstream().get_last_msg("DLQ", "quill.dlq.patients.letters-patient-created")
    assert buried.headers is not None
    assert (buried.data, buried.headers["mark"], buried.headers["Quill-Reason"]) == (body, mark, "malformed")


async def test_event_at_a_place_of_a_lost_stream_is_dead_lettered_too(work: Work[None], client: Client) -> None:
    """However soon after the one that was there before: both are first of their stream."""
    jetstream = client.jetstream()

    @consumes(PatientCreated, durable="letters-patient-created")
    async def never(handling: Work[None], event: PatientCreated) -> None:
        raise AssertionError

    async def bury_the_first() -> bytes:
        await jetstream.delete_stream("PATIENTS")
        await provision(jetstream)
        body = f"no event but {uuid4()}".encode()
        assert (await jetstream.publish(PatientCreated.subject, body)).seq == 1
        async with consuming(never, work, client), asyncio.timeout(30):
            while (await jetstream.consumer_info("PATIENTS", never.durable)).ack_floor.stream_seq < 1:
                await asyncio.sleep(0.02)
        return body

    buried = [await bury_the_first() for _ in range(2)]
    last = (await jetstream.stream_info("DLQ")).state.last_seq
    assert [(await jetstream.get_msg("DLQ", seq)).data for seq in (last - 1, last)] == buried


async def test_consumer_of_several_facts_gets_each_as_what_it_is(work: Work[None], client: Client) -> None:
    patient_id, seen = uuid4(), list[Event]()

    @consumes(PatientCreated, PatientUpdated, durable="notify-webhooks-patients")
    async def collect(handling: Work[None], event: PatientCreated) -> None:
        if event.patient_id == patient_id:
            seen.append(event)

    facts = [PatientCreated(patient_id=patient_id, version=1), PatientUpdated(patient_id=patient_id, version=2)]
    async with consuming(collect, work, client):
        async with work.transaction() as session:
            for fact in facts:
                work.announce(session, fact)
        await until(lambda: len(seen) == len(facts))
    assert sorted(seen, key=lambda event: type(event).subject) == facts


async def test_row_claimed_by_a_dead_relay_is_sent_after_its_claim(work: Work[None], client: Client) -> None:
    async with work.database.transaction() as session:
        event_id = work.announce(session, PatientCreated(patient_id=uuid4(), version=1))
        await outbox.store(session)
        claimed = update(OutboxRow).where(OutboxRow.id == event_id)  # type: ignore[arg-type]
        await session.execute(claimed.values(claimed_until=datetime.now(UTC) + outbox.CLAIM / 5))

    async def published() -> bool:
        async with work.database.transaction() as session:
            row = await session.get_one(OutboxRow, event_id)
            return row.published_at is not None

    assert not await published()
    async with asyncio.timeout(8):
        while not await published():
            await asyncio.sleep(0.1)


async def announce_together(work: Work[None], number: int) -> list[UUID]:
    """Facts of one transaction, the odd ones about a patient who was changed."""
    async with work.transaction() as session:
        facts = [(PatientCreated, PatientUpdated)[place % 2](patient_id=uuid4(), version=1) for place in range(number)]
        return [work.announce(session, fact) for fact in facts]


async def stored_after(
    client: Client, sequence: int, *, number: int, stream: str = "PATIENTS"
) -> list[Mapping[str, str]]:
    """The headers of so many messages that a stream has stored since."""
    jetstream = client.jetstream()

    async def complete() -> bool:
        return (await jetstream.stream_info(stream)).state.last_seq >= sequence + number

    async with asyncio.timeout(30):
        while not await complete():
            await asyncio.sleep(0.02)
    stored = [await jetstream.get_msg(stream, sequence + place) for place in range(1, number + 1)]
    assert (await jetstream.stream_info(stream)).state.last_seq == sequence + number
    return [message.headers or {} for message in stored]


async def last_sequence(client: Client, stream: str = "PATIENTS") -> int:
    return (await client.jetstream().stream_info(stream)).state.last_seq


async def test_facts_of_one_transaction_are_stored_as_one_batch_in_their_order(
    work: Work[None], client: Client
) -> None:
    before = await last_sequence(client)
    ids = await announce_together(work, 30)
    stored = await stored_after(client, before, number=30)
    assert [headers["Nats-Msg-Id"] for headers in stored] == [str(event_id) for event_id in ids]
    assert len({headers["Nats-Batch-Id"] for headers in stored}) == 1


async def test_batch_with_a_fact_that_is_known_leaves_each_fact_once(work: Work[None], client: Client) -> None:
    """So it is after an acknowledgement was lost: the whole batch comes again."""
    before = await last_sequence(client)
    ids = await announce_together(work, 5)
    await stored_after(client, before, number=5)
    async with work.transaction() as session:
        again = update(OutboxRow).where(OutboxRow.id.in_(ids[1:]))  # type: ignore[attr-defined]
        await session.execute(again.values(published_at=None))
        new = work.announce(session, PatientCreated(patient_id=uuid4(), version=1))
    (stored,) = await stored_after(client, before + 5, number=1)
    assert stored["Nats-Msg-Id"] == str(new)
    assert "Nats-Batch-Id" not in stored


async def test_stream_that_takes_no_batches_gets_its_events_one_by_one(work: Work[None], client: Client) -> None:
    """So it is while a new release's services run on streams that its provisioning has not reached yet."""
    await client.jetstream().add_stream(name="OLD", subjects=["quill.old.>"])
    rows = [
        OutboxRow(
            id=uuid4(),
            subject="quill.old.v1.fact",
            headers={"place": str(place), "ce-dataschema": "/fact.json"},
            body={},
            created_at=datetime.now(UTC),
        )
        for place in range(3)
    ]
    async with work.database.transaction() as session:
        session.add_all(rows)
    stored = await stored_after(client, 0, number=3, stream="OLD")
    assert [headers["place"] for headers in stored] == ["0", "1", "2"]


async def test_catalogue_covers_every_stream(client: Client) -> None:
    await provision(client.jetstream())
    for stream in events.STREAMS:
        info = await client.jetstream().stream_info(stream.name)
        assert info.config.deny_delete is not stream.mutable
        assert info.config.max_age == stream.max_age.total_seconds()
