"""What a run does to NATS and asks it, each with a connection of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from pathlib import Path
from uuid import uuid4

import nats
from common.events import LetterCreated
from common.nats import servers
from fleet import Fleet
from native.bare import nats_server
from native.secrets import NATS_USERS
from nats.aio.client import Client
from nats.js.api import RawStreamMsg

STREAMS = ("LETTERS", "PATIENTS", "DLQ")
AT_ONCE = 50
# A header that no service knows: what a run has published itself is "a copy" or "poison".
STAGED = "Chaos-Staged"


@dataclass(frozen=True)
class Message:
    """A stored event."""

    subject: str
    headers: Mapping[str, str]
    data: bytes

    @property
    def event(self) -> str:
        """The id of what it announces."""
        return self.headers.get("ce-id", "")

    @property
    def at(self) -> datetime:
        """When that happened, as its service says."""
        return datetime.fromisoformat(self.headers["ce-time"])

    @property
    def staged(self) -> str:
        """What a run has published it as; empty where a service did."""
        return self.headers.get(STAGED, "")

    @property
    def is_sound(self) -> bool:
        """Whether consumers can make sense of it."""
        return self.staged != "poison"


type Streams = Mapping[str, Sequence[Message]]


class Broker:
    """The fleet's NATS, reached past the proxies."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def letters(self) -> Sequence[Message]:
        """Every message in the stream of letters."""
        return self.read("LETTERS")["LETTERS"]

    def read(self, *streams: str, url: str = "") -> Streams:
        """Every message that these streams had when they were asked first.

        Args:
            streams: their names.
            url: of another server that knows the fleet's users.
        """

        async def read(client: Client) -> Streams:
            return {name: await _read(client, name) for name in streams}

        return self._as("operator", read, url=url)

    def lives(self) -> list[Streams]:
        """What each disk of the broker had when it was lost, oldest first, and what the present one has."""
        lost = sorted((self._fleet.home / "nats").glob("lost-*"))
        return [*map(self._read_disk, lost), self.read(*STREAMS)]

    def _read_disk(self, disk: Path) -> Streams:
        """A server of its own shows what is on a disk that the fleet lost."""
        home = self._fleet.home / f"nats-{disk.name}"
        (home / "nats").mkdir(parents=True)
        disk.rename(home / "nats" / "jetstream")
        with nats_server(home, passwords={user: self._password(user) for user in NATS_USERS}) as server:
            return self.read(*STREAMS, url=server.url)

    def publish(self, user: str, messages: Sequence[Message]) -> None:
        """Publish as a service, each message once more or for the first time; some at the same time."""

        async def publish(client: Client) -> None:
            jetstream = client.jetstream()
            for some in batched(messages, AT_ONCE, strict=False):
                await asyncio.gather(
                    *(jetstream.publish(one.subject, one.data, headers=dict(one.headers), timeout=5) for one in some)
                )

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

    def _password(self, user: str) -> str:
        return self._fleet.secrets[f"nats_{user}"]

    def _as[T](self, user: str, work: Callable[[Client], Awaitable[T]], *, url: str = "") -> T:
        async def run() -> T:
            client = await nats.connect(
                servers(url or self._fleet.nats_url),
                user=user,
                password=self._password(user),
                inbox_prefix=f"_INBOX_{user}".encode(),
            )
            try:
                return await work(client)
            finally:
                await client.close()

        return asyncio.run(run())


async def _read(client: Client, stream: str) -> list[Message]:
    """In their order, and no further than to what is the last one now: people may go on writing."""
    jetstream, found = client.jetstream(), list[Message]()
    state = (await jetstream.stream_info(stream)).state
    seq = state.first_seq if state.messages else state.last_seq + 1
    while seq <= state.last_seq:
        message = await jetstream.get_msg(stream, seq, subject=">", next=True)
        found.append(_message(message))
        seq = (message.seq or seq) + 1
    return found


def _message(stored: RawStreamMsg) -> Message:
    return Message(stored.subject or "", stored.headers or {}, stored.data or b"")


def poison() -> Message:
    """A message that no consumer can make sense of; to be published until it is stored, which it is once."""
    identity = str(uuid4())
    headers = {"Nats-Msg-Id": identity, "ce-id": identity, "ce-type": LetterCreated.subject, STAGED: "poison"}
    return Message(LetterCreated.subject, headers, b'{"letter_uid": "no uuid"}')


def again(message: Message) -> Message:
    """The same event as a delivery of its own: JetStream takes it for new, since its message id is, and in no batch."""
    own = {name: value for name, value in message.headers.items() if not name.startswith("Nats-")}
    return Message(message.subject, {**own, "Nats-Msg-Id": str(uuid4()), STAGED: "a copy"}, message.data)
