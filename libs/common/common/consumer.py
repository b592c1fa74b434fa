"""Pull loops over durable consumers: one message, one transaction, then the ack. Never an ack on failure."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext

from common import clock, metrics
from common.errors import QuillError
from common.events import Event
from common.inbox import AlreadyHandled
from common.logging import begin_trace, get_logger
from common.nats import ENDING_SECONDS
from common.work import Work

log = get_logger(__name__)

FETCH_SECONDS = 1.0
ACK_SECONDS = 5.0
MAX_UNEXPECTED = 10
MAX_BACKOFF_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Consumer[B, E: Event]:
    """A durable consumer of the catalogue, the facts of one stream that it takes, the use case that they reach.

    at_once: how many events a process handles at the same time.
    """

    durable: str
    events: tuple[type[E], ...]
    handle: Callable[[Work[B], E], Awaitable[None]]
    at_once: int


def consumes[B, E: Event](
    *events: type[E], durable: str, at_once: int = 4
) -> Callable[[Callable[[Work[B], E], Awaitable[None]]], Consumer[B, E]]:
    """Make a handler the consumer of events. It opens one transaction at most, through the work it is given."""

    def bind(handle: Callable[[Work[B], E], Awaitable[None]]) -> Consumer[B, E]:
        return Consumer(durable, events, handle, at_once)

    return bind


async def run(consumer: Consumer[Any, Any], work: Work[Any], client: Client) -> None:
    """Consume until cancelled, through every outage of NATS; then let what has begun end, within five seconds."""
    # Once: what comes late is in it, and each one more would be kept by the client and told every server anew.
    subscription = await client.jetstream().pull_subscribe_bind(consumer.durable, consumer.events[0].stream())
    in_hand: set[asyncio.Task[None]] = set()
    try:
        while True:
            with _waiting(consumer):
                await _take(consumer, work, client, subscription, in_hand)
            await asyncio.sleep(FETCH_SECONDS)
    finally:
        if in_hand:
            await asyncio.wait(in_hand, timeout=ENDING_SECONDS)


async def _take(
    consumer: Consumer[Any, Any],
    work: Work[Any],
    client: Client,
    subscription: JetStreamContext.PullSubscription,
    in_hand: set[asyncio.Task[None]],
) -> None:
    async def handle(message: Msg) -> None:
        with _waiting(consumer):
            await _handle(consumer, work, client, message)

    while True:
        while len(in_hand) >= consumer.at_once:
            await asyncio.wait(in_hand, return_when=asyncio.FIRST_COMPLETED)
        try:
            # More than one per fetch stalls in nats-py (measured).
            (message,) = await subscription.fetch(1, timeout=FETCH_SECONDS)
        except NatsTimeout:
            continue
        task = asyncio.create_task(handle(message))
        in_hand.add(task)
        task.add_done_callback(in_hand.discard)


@contextmanager
def _waiting(consumer: Consumer[Any, Any]) -> Iterator[None]:
    """NATS is away: what was not acknowledged will be delivered again."""
    try:
        yield
    except (NatsError, TimeoutError, OSError) as error:
        log.warning("consumer waits", durable=consumer.durable, reason=type(error).__name__)


async def _handle(consumer: Consumer[Any, Any], work: Work[Any], client: Client, message: Msg) -> None:
    headers = message.headers or {}
    begin_trace(headers.get("traceparent"))
    try:
        event_id, kind = UUID(headers["ce-id"]), headers["ce-type"]
        event_at = datetime.fromisoformat(headers.get("ce-time") or message.metadata.timestamp.isoformat())
        event = next(one for one in consumer.events if one.subject == kind).model_validate_json(message.data)
    except (KeyError, StopIteration, ValueError):
        await _bury(consumer, work, client, message, "malformed")
        return
    try:
        await consumer.handle(work.caused_by(event_id, at=event_at), event)
        outcome = "handled"
    except AlreadyHandled:
        outcome = "known"
    except Exception as error:
        if isinstance(error, QuillError):
            again, reason = error.retryable, error.slug
        else:
            log.exception("consumer failed", durable=consumer.durable)
            again, reason = message.metadata.num_delivered < MAX_UNEXPECTED, type(error).__name__
        await (_later(consumer, message, reason) if again else _bury(consumer, work, client, message, reason))
        outcome = "later" if again else "buried"
    if outcome in {"handled", "known"}:
        await message.ack_sync(timeout=ACK_SECONDS)
    metrics.event_age.labels(consumer.durable, outcome).observe((clock.now() - event_at).total_seconds())


async def _later(consumer: Consumer[Any, Any], message: Msg, reason: str) -> None:
    pause = min(0.5 * 2.0 ** min(message.metadata.num_delivered, 10), MAX_BACKOFF_SECONDS)
    log.warning("event not handled yet", durable=consumer.durable, reason=reason, retry_in=pause)
    await message.nak(delay=pause)


async def _bury(consumer: Consumer[Any, Any], work: Work[Any], client: Client, message: Msg, reason: str) -> None:
    """Keep what can never be handled where people look, then let the stream go on."""
    log.error("event dead-lettered", durable=consumer.durable, reason=reason)
    headers = {
        # Not how it was stored: a dead letter that named the batch of its event would wait for the others of it.
        **{name: value for name, value in (message.headers or {}).items() if not name.startswith("Nats-")},
        "Nats-Msg-Id": f"{consumer.durable}-{message.metadata.sequence.stream}",
        "Quill-Reason": reason,
        "Quill-Subject": message.subject,
    }
    await client.jetstream().publish(
        f"quill.dlq.{work.service}.{consumer.durable}", message.data, timeout=ACK_SECONDS, headers=headers
    )
    await message.term()
