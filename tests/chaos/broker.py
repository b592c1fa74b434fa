"""What a run does to NATS and asks it, each with a connection of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import nats
from common.nats import servers
from fleet import Fleet
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import ConsumerConfig, DeliverPolicy

CREATED = "quill.letters.v1.letter.created"
WRITTEN = (CREATED, "quill.letters.v1.letter.amended", "quill.letters.v1.letter.withdrawn")
WAIT_SECONDS = 2.0


@dataclass(frozen=True)
class Message:
    """A stored event."""

    subject: str
    headers: Mapping[str, str]
    data: bytes

    @property
    def is_sound(self) -> bool:
        """Whether a service has sent it, and no run has poisoned it."""
        return "ce-time" in self.headers

    @property
    def is_copy(self) -> bool:
        """Whether a run has delivered it once more, with a message id of its own."""
        return self.headers.get("Nats-Msg-Id", self.headers["ce-id"]) != self.headers["ce-id"]


class Broker:
    """The fleet's NATS, reached past the proxies."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def letters(self) -> list[Message]:
        """Every event in the stream of letters."""
        return self._as("partner", _read_letters)

    def publish(self, user: str, messages: Sequence[Message]) -> None:
        """Publish as a service, each message once more or for the first time."""

        async def publish(client: Client) -> None:
            for one in messages:
                await client.jetstream().publish(one.subject, one.data, headers=dict(one.headers), timeout=5)

        self._as(user, publish)

    def limit(self, stream: str, messages: int | None) -> None:
        """Let a stream take so many messages more, or as many as it likes."""

        async def limit(client: Client) -> None:
            info = await client.jetstream().stream_info(stream)
            info.config.max_msgs = -1 if messages is None else info.state.messages + messages
            await client.jetstream().update_stream(info.config)

        self._as("provision", limit)

    def unfinished(self, durables: Mapping[str, str]) -> dict[str, int]:
        """By durable, how many messages its service has not acknowledged; those that have some.

        Args:
            durables: the stream of each.
        """

        async def ask(client: Client) -> dict[str, int]:
            infos = {name: await client.jetstream().consumer_info(of, name) for name, of in durables.items()}
            left = {name: (info.num_pending or 0) + (info.num_ack_pending or 0) for name, info in infos.items()}
            return {name: number for name, number in left.items() if number}

        return self._as("provision", ask)

    def count(self, stream: str) -> int:
        """How many messages a stream has."""

        async def ask(client: Client) -> int:
            return (await client.jetstream().stream_info(stream)).state.messages

        return self._as("provision", ask)

    def _as[T](self, user: str, work: Callable[[Client], Awaitable[T]]) -> T:
        async def run() -> T:
            client = await nats.connect(
                servers(self._fleet.nats_url),
                user=user,
                password=self._fleet.secrets[f"nats_{user}"],
                inbox_prefix=f"_INBOX_{user}".encode(),
            )
            try:
                return await work(client)
            finally:
                await client.close()

        return asyncio.run(run())


async def _read_letters(client: Client) -> list[Message]:
    name, found = f"partner-chaos-{uuid4().hex[:8]}", list[Message]()
    config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, inactive_threshold=30.0)
    subscription = await client.jetstream().pull_subscribe("quill.letters.v1.>", name, stream="LETTERS", config=config)
    waiting = (await subscription.consumer_info()).num_pending or 0  # people go on writing meanwhile
    with suppress(NatsTimeout):
        while len(found) < waiting:
            for message in await subscription.fetch(1, timeout=WAIT_SECONDS):
                found.append(Message(message.subject, message.headers or {}, message.data))
                await message.ack()
    return found


def poison() -> Message:
    """A message that no consumer can make sense of; to be published until it is stored, which it is once."""
    identity = str(uuid4())
    headers = {"Nats-Msg-Id": identity, "ce-id": identity, "ce-type": CREATED}
    return Message(CREATED, headers, b'{"letter_uid": "no uuid"}')


def again(message: Message) -> Message:
    """The same event as a delivery of its own: JetStream takes it for new, since its message id is, and in no batch."""
    own = {name: value for name, value in message.headers.items() if not name.startswith("Nats-")}
    return Message(message.subject, {**own, "Nats-Msg-Id": str(uuid4())}, message.data)
