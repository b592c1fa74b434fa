"""What each NATS user may do with the fleet's configuration, and what it may not."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from common.events import BEAT_SUBJECT, DURABLES, STREAMS, SessionRevoked, UserLinked, UserUpdated
from native.bare import NatsServer
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig
from provision.streams import provision

SERVICES = ("auth", "patients", "letters", "notify")
DURABLES_OF = {service: [each for each in DURABLES if each.name.startswith(f"{service}-")] for service in SERVICES}
LETTER = "quill.letters.v1.letter.created"


class Person:
    """A connected user that notices what is refused to it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.jetstream = client.jetstream(timeout=5)
        self.refused = asyncio.Event()

    async def on_error(self, error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            self.refused.set()

    async def may(self, action: Callable[[], Awaitable[object]]) -> bool:
        """Whether the server lets the action happen."""
        self.refused.clear()
        acting = asyncio.ensure_future(self._act(action))
        refusal = asyncio.ensure_future(self.refused.wait())
        await asyncio.wait([acting, refusal], return_when=asyncio.FIRST_COMPLETED)
        for task in (acting, refusal):
            task.cancel()
        failures = await asyncio.gather(acting, refusal, return_exceptions=True)
        return not self.refused.is_set() and failures[0] is None

    async def _act(self, action: Callable[[], Awaitable[object]]) -> None:
        await action()
        await asyncio.sleep(0.01)  # nats-py's PING overtakes what it has not yet written
        await self.client.flush()


@asynccontextmanager
async def signed_in(server: NatsServer, user: str) -> AsyncIterator[Person]:
    client = Client()
    person = Person(client)
    await client.connect(
        server.url,
        user=user,
        password=server.passwords[user],
        inbox_prefix=f"_INBOX_{user}".encode(),
        error_cb=person.on_error,
        allow_reconnect=False,
    )
    try:
        yield person
    finally:
        await client.close()


@pytest.fixture(scope="module")
def server(guarded_nats_server: NatsServer) -> NatsServer:
    """The guarded server with the catalogue's streams, made twice: the second time changes nothing."""

    async def make() -> None:
        async with signed_in(guarded_nats_server, "provision") as person:
            for _ in range(2):
                await provision(person.jetstream)
            assert not person.refused.is_set()

    asyncio.run(make())
    return guarded_nats_server


def test_messages_are_on_disk_before_they_are_acknowledged(server: NatsServer) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.monitor_port}/varz", timeout=5) as answer:
        assert json.load(answer)["jetstream"]["config"]["sync_always"] is True


def test_nobody_enters_without_a_password(server: NatsServer) -> None:
    async def enter() -> None:
        client = Client()
        try:
            await client.connect(server.url, allow_reconnect=False, max_reconnect_attempts=0)
        finally:
            await client.close()

    with pytest.raises(NatsError, match=r"[Aa]uthorization"):
        asyncio.run(enter())


@pytest.mark.parametrize("service", SERVICES)
def test_service_publishes_its_own_facts_and_nobody_elses(server: NatsServer, service: str) -> None:
    subjects = {other: f"quill.{other}.v1.thing.happened" for other in SERVICES}
    audits = {other: f"quill.audit.v1.access.recorded.{other}" for other in SERVICES}

    async def scenario() -> None:
        async with signed_in(server, service) as person:
            for other in SERVICES:
                publish = person.jetstream.publish
                assert await person.may(lambda: publish(subjects[other], b"{}")) is (other == service)  # noqa: B023
                assert await person.may(lambda: publish(audits[other], b"{}")) is (other == service)  # noqa: B023
            assert await person.may(lambda: publish(f"quill.dlq.{service}.some-durable", b"{}"))

    asyncio.run(scenario())


@pytest.mark.parametrize("service", SERVICES)
def test_service_reads_its_own_durables_and_nobody_elses(server: NatsServer, service: str) -> None:
    async def scenario() -> None:
        async with signed_in(server, service) as person:
            for durable in DURABLES:
                stream, own = durable.event.stream(), durable in DURABLES_OF[service]
                fetch = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable.name}"
                ack = f"$JS.ACK.{stream}.{durable.name}.1.1.1.1.0"
                assert await person.may(lambda: person.client.publish(fetch, b'{"no_wait": true}')) is own  # noqa: B023
                assert await person.may(lambda: person.client.publish(ack, b"")) is own  # noqa: B023

    asyncio.run(scenario())


@pytest.mark.parametrize("service", SERVICES)
def test_service_follows_the_revocation_feed_and_no_more_of_auths_stream(server: NatsServer, service: str) -> None:
    def following(person: Person, subject: str, name: str) -> Callable[[], Awaitable[object]]:
        config = ConsumerConfig(
            name=name,
            filter_subject=subject,
            deliver_subject=person.client.new_inbox(),
            ack_policy=AckPolicy.NONE,
            inactive_threshold=5,
            mem_storage=True,
        )
        return lambda: person.jetstream.add_consumer("AUTH", config)

    async def scenario() -> None:
        async with signed_in(server, service) as person:
            for subject in (SessionRevoked.subject, UserUpdated.subject, BEAT_SUBJECT):
                assert await person.may(following(person, subject, f"feed-{service}-{subject.split('.')[-1]}"))
            assert not await person.may(following(person, UserLinked.subject, f"feed-{service}"))
            assert not await person.may(following(person, "quill.auth.v1.>", f"feed-{service}"))
            assert not await person.may(following(person, SessionRevoked.subject, "notify-session-revoked"))

    asyncio.run(scenario())


@pytest.mark.parametrize("user", [*SERVICES, "partner"])
def test_nobody_but_provision_touches_streams(server: NatsServer, user: str) -> None:
    async def scenario() -> None:
        async with signed_in(server, user) as person:
            for stream in STREAMS:
                for action in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.GET", "MSG.DELETE"):
                    subject = f"$JS.API.STREAM.{action}.{stream.name}"
                    assert not await person.may(lambda: person.client.publish(subject, b"{}"))  # noqa: B023

    asyncio.run(scenario())


@pytest.mark.parametrize("user", [*SERVICES, "partner", "provision"])
def test_nobody_listens_to_another_users_inbox_or_to_everything(server: NatsServer, user: str) -> None:
    async def scenario() -> None:
        async with signed_in(server, user) as person:
            for subject in (">", "_INBOX.>", "_INBOX_auth.>", "quill.>", "quill.auth.v1.>", "$JS.>"):
                own = subject == f"_INBOX_{user}.>"
                assert await person.may(lambda: person.client.subscribe(subject)) is own  # noqa: B023

    asyncio.run(scenario())


def test_provision_deletes_and_reads_nothing(server: NatsServer) -> None:
    subjects = [f"$JS.API.STREAM.{action}.LETTERS" for action in ("DELETE", "PURGE", "MSG.GET", "MSG.DELETE")]
    subjects += ["$JS.API.CONSUMER.DELETE.LETTERS.notify-letter-created", LETTER]
    subjects += ["$JS.API.CONSUMER.MSG.NEXT.LETTERS.notify-letter-created"]

    async def scenario() -> None:
        async with signed_in(server, "provision") as person:
            for subject in subjects:
                assert not await person.may(lambda: person.client.publish(subject, b"{}"))  # noqa: B023

    asyncio.run(scenario())


def test_partner_follows_letters_with_a_durable_of_its_own(server: NatsServer) -> None:
    async def scenario() -> None:
        async with signed_in(server, "letters") as letters, signed_in(server, "partner") as partner:
            live = await partner.client.subscribe("quill.letters.v1.>")
            subscription = await partner.jetstream.pull_subscribe(LETTER, durable="partner-register", stream="LETTERS")
            await letters.jetstream.publish(LETTER, b"{}")
            assert (await live.next_msg(timeout=5)).subject == LETTER
            (message,) = await subscription.fetch(1, timeout=5)
            await message.ack_sync(timeout=5)
            assert not partner.refused.is_set()

    asyncio.run(scenario())


def test_partner_publishes_no_fact_and_leaves_the_fleets_durables_alone(server: NatsServer) -> None:
    forbidden = [
        LETTER,
        "quill.letters.v1.letter.read",
        "quill.dlq.letters.x",
        "quill.audit.v1.access.recorded.letters",
    ]
    for durable in DURABLES:
        place = f"{durable.event.stream()}.{durable.name}"
        actions = ("CREATE", "DURABLE.CREATE", "INFO", "DELETE", "MSG.NEXT", "RESET", "PAUSE")
        forbidden += [f"$JS.API.CONSUMER.{action}.{place}" for action in actions]
        forbidden += [f"$JS.API.CONSUMER.CREATE.{place}.{durable.subject}", f"$JS.ACK.{place}.1.1.1.1.0"]
    forbidden += ["$JS.API.CONSUMER.CREATE.AUTH.partner-x", "$JS.API.CONSUMER.CREATE.LETTERS"]

    async def scenario() -> None:
        async with signed_in(server, "partner") as person:
            for subject in forbidden:
                assert not await person.may(lambda: person.client.publish(subject, b"{}")), subject  # noqa: B023

    asyncio.run(scenario())
