"""What each NATS user may do with the fleet's configuration, and what it may not."""

import asyncio
import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from common.events import (
    AUDIT_SOURCES,
    BEAT_SUBJECT,
    DURABLES,
    REVOCATION_FILTER,
    STREAMS,
    AccessRecorded,
    SessionRevoked,
)
from native.bare import NatsServer, nats_server
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats_clients import client_of
from provision.streams import consumer_config, provision, stream_config

SERVICES = ("auth", "patients", "letters", "notify")
LETTER = "quill.letters.v1.letter.created"


class Wire:
    """A signed-in user that speaks the NATS protocol itself, so that an answer belongs to exactly one question."""

    def __init__(self, server: NatsServer, user: str, password: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self._lines = self._socket.makefile("rb")
        self._lines.readline()  # INFO
        options = {"verbose": False, "pedantic": False, "user": user, "pass": password, "headers": True}
        self.refusal = self._ask(f"CONNECT {json.dumps(options)}\r\n")

    def may_publish(self, subject: str) -> bool:
        return self._allows(f"PUB {subject} 2\r\n{{}}\r\n")

    def may_subscribe(self, subject: str) -> bool:
        return self._allows(f"SUB {subject} 1\r\n")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def _allows(self, command: str) -> bool:
        refusal = self._ask(command)
        assert refusal == "" or "Permissions Violation" in refusal, refusal
        return refusal == ""

    def _ask(self, command: str) -> str:
        """The error that the command causes, or nothing: the server answers the PING after everything before it."""
        self._socket.sendall(f"{command}PING\r\n".encode())
        error = ""
        while (line := self._lines.readline()) not in {b"PONG\r\n", b""}:
            error = line.decode() if line.startswith(b"-ERR") else error
        return error


@contextmanager
def signed_in(server: NatsServer, user: str) -> Iterator[Wire]:
    wire = Wire(server, user, server.passwords[user])
    try:
        assert wire.refusal == ""
        yield wire
    finally:
        wire.close()


@pytest.fixture(scope="module")
def server(guarded_nats_server: NatsServer) -> NatsServer:
    """The guarded server with the catalogue's streams, made twice: the second time changes nothing."""

    async def make() -> None:
        async with client_of(guarded_nats_server, "provision") as client:
            for _ in range(2):
                await provision(client.jetstream())

    asyncio.run(make())
    return guarded_nats_server


def test_messages_are_on_disk_before_they_are_acknowledged(server: NatsServer) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.monitor_port}/varz", timeout=5) as answer:
        assert json.load(answer)["jetstream"]["config"]["sync_always"] is True


@pytest.mark.parametrize(("user", "password"), [("", ""), ("auth", ""), ("auth", "wrong"), ("root", "q-auth-password")])
def test_nobody_enters_without_a_password(server: NatsServer, user: str, password: str) -> None:
    wire = Wire(server, user, password)
    wire.close()
    assert "Authorization Violation" in wire.refusal


@pytest.mark.parametrize("service", SERVICES)
def test_service_publishes_its_own_facts_and_nobody_elses(server: NatsServer, service: str) -> None:
    with signed_in(server, service) as wire:
        for other in SERVICES:
            own = other == service
            assert wire.may_publish(f"quill.{other}.v1.thing.happened") is own
            assert wire.may_publish(f"{AccessRecorded.subject}.{other}") is (own and other in AUDIT_SOURCES)
            assert wire.may_publish(f"quill.dlq.{other}.some-durable") is own
        for stream in STREAMS:
            assert wire.may_publish(f"$JS.API.STREAM.INFO.{stream.name}") is (stream.name == "DLQ")


@pytest.mark.parametrize("service", SERVICES)
def test_service_reads_its_own_durables_and_nobody_elses(server: NatsServer, service: str) -> None:
    with signed_in(server, service) as wire:
        for durable in DURABLES:
            own, place = durable.name.startswith(f"{service}-"), f"{durable.event.stream()}.{durable.name}"
            assert wire.may_publish(f"$JS.API.CONSUMER.MSG.NEXT.{place}") is own, place
            assert wire.may_publish(f"$JS.API.CONSUMER.INFO.{place}") is own, place
            assert wire.may_publish(f"$JS.ACK.{place}.1.1.1.1.0") is own, place


@pytest.mark.parametrize("service", SERVICES)
def test_service_follows_the_revocation_feed_and_no_more_of_auths_stream(server: NatsServer, service: str) -> None:
    create = "$JS.API.CONSUMER.CREATE.AUTH"
    with signed_in(server, service) as wire:
        assert wire.may_publish(f"{create}.feed-1.{REVOCATION_FILTER}")
        for subject in (">", "quill.>", "quill.auth.>", "quill.auth.v2.x", "quill.again.auth.>", "quill.audit.v1.>"):
            assert not wire.may_publish(f"{create}.feed-1.{subject}")
        assert not wire.may_publish(f"{create}.feed-1")
        assert not wire.may_publish(create)
        for name in (durable.name for durable in DURABLES if durable.event.stream() == "AUTH"):
            for subject in (REVOCATION_FILTER, SessionRevoked.subject):
                assert not wire.may_publish(f"{create}.{name}.{subject}")


def test_consumer_hands_out_no_more_than_the_filter_that_its_maker_was_allowed(server: NatsServer) -> None:
    async def scenario() -> None:
        async with client_of(server, "letters") as letters:
            for wider in ("quill.again.auth.>", ">", None):
                config = {"name": "feed-2", "deliver_subject": letters.new_inbox(), "filter_subject": wider}
                asked = json.dumps({"stream_name": "AUTH", "config": config}).encode()
                create = f"$JS.API.CONSUMER.CREATE.AUTH.feed-2.{REVOCATION_FILTER}"
                answer = await letters.request(create, asked, timeout=5)
                assert json.loads(answer.data)["error"]["code"] == 400

    asyncio.run(scenario())


def test_audit_entries_of_a_source_are_handed_out_one_by_one(server: NatsServer) -> None:
    subject, durable = f"{AccessRecorded.subject}.letters", "auth-access-recorded-letters"

    async def scenario() -> None:
        async with client_of(server, "letters") as letters, client_of(server, "auth") as auth:
            for _ in range(2):
                await letters.jetstream().publish(subject, b"{}")
            one = await auth.jetstream().pull_subscribe_bind(durable, "AUDIT")
            other = await auth.jetstream().pull_subscribe_bind(durable, "AUDIT")
            (first,) = await one.fetch(1, timeout=5)
            with pytest.raises(NatsTimeout):
                await other.fetch(1, timeout=0.5)
            await first.ack_sync(timeout=5)
            (second,) = await other.fetch(1, timeout=5)
            assert second.metadata.sequence.consumer == first.metadata.sequence.consumer + 1
            await second.ack_sync(timeout=5)

    asyncio.run(scenario())


@pytest.mark.parametrize("user", [*SERVICES, "partner"])
def test_nobody_but_provision_touches_streams(server: NatsServer, user: str) -> None:
    with signed_in(server, user) as wire:
        for stream in STREAMS:
            for action in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.GET", "MSG.DELETE"):
                assert not wire.may_publish(f"$JS.API.STREAM.{action}.{stream.name}")


@pytest.mark.parametrize("user", [*SERVICES, "partner", "provision", "operator", "backup"])
def test_nobody_listens_to_another_users_inbox_or_to_everything(server: NatsServer, user: str) -> None:
    with signed_in(server, user) as wire:
        for subject in (">", "_INBOX.>", "quill.>", "quill.auth.v1.>", "$JS.>"):
            assert not wire.may_subscribe(subject)
        for other in (*SERVICES, "partner", "provision", "operator", "backup"):
            assert wire.may_subscribe(f"_INBOX_{other}.>") is (other == user)


def test_provision_deletes_and_reads_nothing(server: NatsServer) -> None:
    subjects = [f"$JS.API.STREAM.{action}.LETTERS" for action in ("DELETE", "PURGE", "MSG.GET", "MSG.DELETE")]
    subjects += [f"$JS.API.CONSUMER.{action}.LETTERS.notify-letter-created" for action in ("DELETE", "MSG.NEXT")]
    with signed_in(server, "provision") as wire:
        for subject in (*subjects, LETTER):
            assert not wire.may_publish(subject)


def test_operator_moves_durables_back_and_hands_dead_letters_to_them_again(server: NatsServer) -> None:
    with signed_in(server, "operator") as wire:
        for durable in DURABLES:
            place = f"{durable.event.stream()}.{durable.name}"
            assert wire.may_publish(f"$JS.API.CONSUMER.RESET.{place}")
            assert wire.may_publish(durable.again)
            for action in ("CREATE", "DURABLE.CREATE", "DELETE", "MSG.NEXT", "PAUSE", "UNPIN"):
                assert not wire.may_publish(f"$JS.API.CONSUMER.{action}.{place}"), action
            assert not wire.may_publish(f"$JS.ACK.{place}.1.1.1.1.0")
        assert not wire.may_publish("$JS.API.CONSUMER.RESET.LETTERS.partner-register")


def test_operator_publishes_no_fact_and_removes_nothing_but_dead_letters(server: NatsServer) -> None:
    with signed_in(server, "operator") as wire:
        for stream in STREAMS:
            assert wire.may_publish(f"$JS.API.STREAM.MSG.GET.{stream.name}")
            assert wire.may_publish(f"$JS.API.STREAM.MSG.DELETE.{stream.name}") is (stream.name == "DLQ")
            for action in ("CREATE", "UPDATE", "DELETE", "PURGE", "SNAPSHOT", "RESTORE"):
                assert not wire.may_publish(f"$JS.API.STREAM.{action}.{stream.name}")
        for subject in (LETTER, "quill.dlq.letters.x", f"{AccessRecorded.subject}.letters", BEAT_SUBJECT):
            assert not wire.may_publish(subject)


def test_backup_reads_and_puts_back_whole_streams_and_does_nothing_else(server: NatsServer) -> None:
    with signed_in(server, "backup") as wire:
        for stream in STREAMS:
            for action in ("INFO", "SNAPSHOT", "RESTORE"):  # DELETE, too, which would do it
                assert wire.may_publish(f"$JS.API.STREAM.{action}.{stream.name}")
            for action in ("CREATE", "UPDATE", "PURGE", "MSG.GET", "MSG.DELETE"):
                assert not wire.may_publish(f"$JS.API.STREAM.{action}.{stream.name}")
        for subject in (LETTER, "quill.dlq.letters.x", f"{AccessRecorded.subject}.letters", BEAT_SUBJECT):
            assert not wire.may_publish(subject)


@pytest.mark.parametrize("user", [*SERVICES, "partner", "provision", "backup"])
def test_nobody_but_the_operator_hands_events_to_a_durable_again(server: NatsServer, user: str) -> None:
    with signed_in(server, user) as wire:
        for durable in DURABLES:
            assert not wire.may_publish(durable.again)
            assert not wire.may_publish(f"$JS.API.CONSUMER.RESET.{durable.event.stream()}.{durable.name}")


def test_what_is_handed_again_reaches_its_own_durable_only(server: NatsServer) -> None:
    chosen = next(durable for durable in DURABLES if durable.event.subject == LETTER)

    async def waiting(client: Client) -> dict[str, int | None]:
        jetstream, named = client.jetstream(), [(one.event.stream(), one.name) for one in DURABLES]
        return {name: (await jetstream.consumer_info(stream, name)).num_pending for stream, name in named}

    async def scenario() -> None:
        async with client_of(server, "operator") as operator, client_of(server, "provision") as provision_user:
            before = await waiting(provision_user)
            await operator.jetstream().publish(chosen.again, b"{}")
            after = await waiting(provision_user)
            assert {name for name in after if after[name] != before[name]} == {chosen.name}

    asyncio.run(scenario())


@contextmanager
def catalogue_of_before(folder: Path) -> Iterator[NatsServer]:
    """A server whose dead letters could not be removed, and whose durables followed one subject each."""

    async def make(url: str) -> None:
        client = Client()
        await client.connect(url)
        for stream in STREAMS:
            config = stream_config(stream)
            old = config.evolve(subjects=list(stream.subjects)[:1], deny_delete=True)
            await client.jetstream().add_stream(old)
        for durable in DURABLES:
            config_of_durable = consumer_config(durable)
            config_of_durable.filter_subject, config_of_durable.filter_subjects = durable.subjects[0], None
            await client.jetstream().add_consumer(durable.event.stream(), config_of_durable)
        await client.jetstream().publish(LETTER, b"{}")
        await client.close()

    with nats_server(folder) as server:
        asyncio.run(make(server.url))
        yield server


def test_older_server_is_brought_to_the_catalogue_with_its_messages(server_folder: Path) -> None:
    async def scenario(url: str) -> None:
        client = Client()
        await client.connect(url)
        await provision(client.jetstream())
        info = await client.jetstream().consumer_info("LETTERS", "notify-letter-created")
        assert info.num_pending == 1
        assert info.config.filter_subjects == [LETTER, "quill.again.letters.notify-letter-created"]
        await client.close()

    with catalogue_of_before(server_folder / "older-nats") as older:
        asyncio.run(scenario(older.url))


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
        forbidden += [f"$JS.API.CONSUMER.CREATE.{place}.{durable.subjects[0]}", f"$JS.ACK.{place}.1.1.1.1.0"]
    forbidden += ["$JS.API.CONSUMER.CREATE.AUTH.partner-x", "$JS.API.CONSUMER.CREATE.LETTERS"]
    forbidden += ["$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.CONSUMER.DELETE.LETTERS.partner-x"]
    with signed_in(server, "partner") as wire:
        for subject in forbidden:
            assert not wire.may_publish(subject), subject
