"""JetStream's snapshots: a stream with its messages and durables, as the server itself writes and reads it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import IO, Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from ops.house import Broker, Refused

PIECE = 128 * 1024  # bytes of a message, of a megabyte at most
PIECE_SECONDS = 30.0
COMPLETE = {"", "204"}


async def begin_snapshot(broker: Broker, stream: str) -> tuple[Mapping[str, Any], AsyncIterator[bytes]]:
    """What the server says of a stream (its configuration and state), and the pieces of its snapshot.

    Raises:
        Refused: NATS refuses, or stops sending.
    """
    inbox = broker.client.new_inbox()
    arriving: asyncio.Queue[Msg] = asyncio.Queue()
    subscription = await broker.client.subscribe(inbox, cb=arriving.put)
    told = await broker.ask(f"STREAM.SNAPSHOT.{stream}", deliver_subject=inbox, chunk_size=PIECE)

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while (message := await asyncio.wait_for(arriving.get(), PIECE_SECONDS)).data:
                yield message.data
                if message.reply:
                    await broker.client.publish(message.reply)
            status = (message.headers or {}).get("Status", "")
            if status not in COMPLETE:
                raise Refused(f"NATS gave up the snapshot of {stream} ({status})")
        except TimeoutError as error:
            raise Refused(f"NATS stopped sending the snapshot of {stream}") from error
        finally:
            await subscription.unsubscribe()

    if "config" not in told:
        raise Refused(f"NATS has no stream {stream}: provision again, as a start of the fleet does")
    return {"config": told["config"], "state": told["state"]}, pieces()


async def restore(broker: Broker, stream: str, about: Mapping[str, Any], source: IO[bytes], *, copies: int) -> None:
    """Make a stream from its snapshot; where there is one of this name, it goes first.

    Args:
        about: what `begin_snapshot` gave with it.
        copies: how many it should have here, whatever it had there.

    Raises:
        Refused: NATS refuses; there is no stream then.
    """
    if await broker.stream(stream) is not None:
        await broker.ask(f"STREAM.DELETE.{stream}")
    here = {**about, "config": {**about["config"], "num_replicas": copies}}
    told = await broker.ask(f"STREAM.RESTORE.{stream}", **here)
    target = told["deliver_subject"]
    while piece := await asyncio.to_thread(source.read, PIECE):
        await _send(broker.client, stream, target, piece)
    await _send(broker.client, stream, target, b"")


async def _send(client: Client, stream: str, target: str, piece: bytes) -> None:
    try:
        answer = await client.request(target, piece, timeout=PIECE_SECONDS)
    except (NatsError, OSError, TimeoutError) as error:
        raise Refused(f"NATS does not take the snapshot of {stream} ({type(error).__name__})") from error
    failure = json.loads(answer.data).get("error") if answer.data.startswith(b"{") else None
    if failure:
        raise Refused(f"NATS refuses the snapshot of {stream}: {failure.get('description')}")


def is_same(found: Mapping[str, Any], about: Mapping[str, Any]) -> bool:
    """Whether a stream that the server has goes as far as a snapshot of it, whose messages may be past their time."""
    return bool(found["state"].get("last_seq") == about["state"].get("last_seq"))


def count(about: Mapping[str, Any]) -> int:
    """How many messages a snapshot has."""
    return int(about["state"]["messages"])
