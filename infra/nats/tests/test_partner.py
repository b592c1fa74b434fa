"""What the NATS user of other systems may do, and what it cannot make the server do for it."""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from common.events import DURABLES, STREAMS
from native.bare import NatsServer
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from nats_clients import client_of
from provision.streams import provision

FOLLOWED = "quill.letters.v1.>"
LETTER = "quill.letters.v1.letter.created"
NEXT = "$JS.API.CONSUMER.MSG.NEXT.LETTERS"
OWN_DURABLES = [durable.name for durable in DURABLES if durable.event.stream() == "LETTERS"]


@pytest.fixture(scope="module")
def server(guarded_nats_server: NatsServer) -> NatsServer:
    """The guarded server with the catalogue's streams and two letters."""

    async def make() -> None:
        async with client_of(guarded_nats_server, "provision") as client:
            await provision(client.jetstream())
        async with client_of(guarded_nats_server, "letters") as client:
            for _ in range(2):
                await client.jetstream().publish(LETTER, b"{}", headers={"ce-type": LETTER})

    asyncio.run(make())
    return guarded_nats_server


def name() -> str:
    return f"partner-{uuid4().hex}"


async def read(client: Client, durable: str, config: ConsumerConfig | None = None) -> list[int]:
    """The stream's numbers of the messages that a durable has, each acknowledged."""
    subscription = await client.jetstream().pull_subscribe(FOLLOWED, durable, stream="LETTERS", config=config)
    found: list[int] = []
    try:
        while True:
            (message,) = await subscription.fetch(1, timeout=0.5)
            found.append(message.metadata.sequence.stream)
            await message.ack_sync(timeout=5)
    except NatsTimeout:
        return found


def test_partner_reads_and_acknowledges_with_a_durable_of_its_own(server: NatsServer) -> None:
    async def scenario() -> None:
        async with client_of(server, "partner") as partner:
            durable = name()
            assert (await read(partner, durable))[:2] == [1, 2]
            assert await read(partner, durable) == []

    asyncio.run(scenario())


def test_partner_hears_letters_as_they_come(server: NatsServer) -> None:
    async def scenario() -> None:
        async with client_of(server, "letters") as letters, client_of(server, "partner") as partner:
            live = await partner.subscribe(FOLLOWED)
            await partner.flush()
            # Without a durable it is at most once: the other account's interest may be a moment behind.
            for _ in range(5):
                await letters.jetstream().publish(LETTER, b"{}")
                with suppress(NatsTimeout):
                    assert (await live.next_msg(timeout=1)).subject == LETTER
                    return
            raise AssertionError("five letters came and the partner heard of none")

    asyncio.run(scenario())


def test_partner_reads_again_from_a_number_or_a_time(server: NatsServer) -> None:
    async def scenario() -> None:
        async with client_of(server, "letters") as letters, client_of(server, "partner") as partner:
            await asyncio.sleep(0.05)
            between = datetime.now(UTC)
            await asyncio.sleep(0.05)
            later = (await letters.jetstream().publish(LETTER, b"{}")).seq
            by_number = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=2)
            assert (await read(partner, name(), by_number))[0] == 2
            by_time = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_TIME, opt_start_time=between)
            assert await read(partner, name(), by_time) == [later]

    asyncio.run(scenario())


@pytest.mark.parametrize("ordered", [False, True], ids=["durable", "ordered"])
def test_partner_has_letters_pushed_to_its_inbox(server: NatsServer, ordered: bool) -> None:
    async def scenario() -> None:
        async with client_of(server, "partner") as partner:
            config = ConsumerConfig(name=name(), deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=2)
            durable = None if ordered else config.name
            subscription = await partner.jetstream().subscribe(
                FOLLOWED, stream="LETTERS", durable=durable, config=config, ordered_consumer=ordered
            )
            message = await subscription.next_msg(timeout=5)
            assert message.metadata.sequence.stream == 2

    asyncio.run(scenario())


async def state(client: Client) -> dict[str, Any]:
    """Every stream's messages, and what the fleet's durables on LETTERS have handed out."""
    jetstream = client.jetstream()
    found: dict[str, Any] = {}
    for stream in STREAMS:
        try:
            found[stream.name] = (await jetstream.stream_info(stream.name)).state.messages
        except NotFoundError:
            found[stream.name] = "deleted"
    for durable in OWN_DURABLES:
        try:
            found[durable] = (await jetstream.consumer_info("LETTERS", durable)).num_ack_pending
        except NotFoundError:
            found[durable] = "deleted"
    return found


# What the server would do with an answer that it publishes there: keep it as a fact, or obey it as a call.
TARGETS = [
    "quill.letters.v1.letter.withdrawn",
    "quill.auth.v1.session.revoked",
    "quill.dlq.letters.x",
    f"quill.again.letters.{OWN_DURABLES[0]}",
    "$JS.API.STREAM.DELETE.LETTERS",
    "$JS.API.STREAM.DELETE.AUDIT",
    "$JS.API.STREAM.PURGE.DLQ",
    f"$JS.API.CONSUMER.DELETE.LETTERS.{OWN_DURABLES[0]}",
    f"{NEXT}.{OWN_DURABLES[0]}",
]


def test_answers_to_a_partner_reach_nothing_of_the_fleet(server: NatsServer) -> None:
    """NATS does not ask whether who names a subject for the answer may publish there."""

    async def scenario() -> None:
        async with client_of(server, "provision") as fleet, client_of(server, "partner") as partner:
            before = await state(fleet)
            for target in TARGETS:
                durable = name()
                config = ConsumerConfig(ack_wait=60)
                subscription = await partner.jetstream().pull_subscribe(FOLLOWED, durable, "LETTERS", config=config)
                await partner.publish(f"{NEXT}.{durable}", b"1", reply=target)  # answered with a letter
                await partner.publish(
                    f"$JS.API.CONSUMER.INFO.LETTERS.{durable}", b"", reply=target
                )  # with a description
                await subscription.fetch(1, timeout=5)
                for batch in (500, 1):  # with the rest, and with an empty message
                    call = json.dumps({"batch": batch, "no_wait": True}).encode()
                    await partner.publish(f"{NEXT}.{durable}", call, reply=target)
            await partner.flush()
            await asyncio.sleep(0.5)
            assert await state(fleet) == before

    asyncio.run(scenario())


def test_consumers_of_a_partner_push_nothing_into_the_fleet(server: NatsServer) -> None:
    async def scenario() -> None:
        async with client_of(server, "provision") as fleet, client_of(server, "partner") as partner:
            before = await state(fleet)
            for target in TARGETS:
                durable = name()
                config = {
                    "name": durable,
                    "deliver_subject": target,
                    "idle_heartbeat": 100_000_000,
                    "ack_policy": "none",
                }
                config |= {"deliver_policy": "all", "replay_policy": "instant", "filter_subject": FOLLOWED}
                call = json.dumps({"stream_name": "LETTERS", "action": "create", "config": config}).encode()
                await partner.request(f"$JS.API.CONSUMER.CREATE.LETTERS.{durable}.{FOLLOWED}", call, timeout=5)
            await asyncio.sleep(0.5)
            assert await state(fleet) == before

    asyncio.run(scenario())
