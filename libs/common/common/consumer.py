"""Pull loops over durable consumers: one message, one transaction, then the ack. Never an ack on failure."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from pydantic import ValidationError

from common.errors import QuillError
from common.events import Event
from common.inbox import AlreadyHandled
from common.logging import get_logger, new_traceparent, traceparent
from common.nats import to_its_end
from common.work import Work

log = get_logger(__name__)

FETCH_SECONDS = 1.0
ACK_SECONDS = 5.0
MAX_UNEXPECTED = 10
MAX_BACKOFF_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Consumer[B, E: Event]:
    """A durable consumer of the catalogue and the use case its events reach."""

    durable: str
    event: type[E]
    handle: Callable[[Work[B], E], Awaitable[None]]
    workers: int


def consumes[B, E: Event](
    event: type[E], *, durable: str, workers: int = 2
) -> Callable[[Callable[[Work[B], E], Awaitable[None]]], Consumer[B, E]]:
    """Make a handler the consumer of an event. It opens one transaction at most, through the work it is given."""

    def bind(handle: Callable[[Work[B], E], Awaitable[None]]) -> Consumer[B, E]:
        return Consumer(durable, event, handle, workers)

    return bind


async def run(consumer: Consumer[Any, Any], work: Work[Any], client: Client) -> None:
    """Consume until cancelled, through every outage of NATS."""
    while True:
        try:
            subscription = await client.jetstream().pull_subscribe_bind(consumer.durable, consumer.event.stream())
            while True:
                try:
                    # More than one per fetch stalls in nats-py (measured).
                    (message,) = await subscription.fetch(1, timeout=FETCH_SECONDS)
                except NatsTimeout:
                    continue
                await to_its_end(_handle(consumer, work, client, message))
        except (NatsError, TimeoutError, OSError) as error:
            log.warning("consumer waits", durable=consumer.durable, reason=type(error).__name__)
            await asyncio.sleep(FETCH_SECONDS)


async def _handle(consumer: Consumer[Any, Any], work: Work[Any], client: Client, message: Msg) -> None:
    headers = message.headers or {}
    traceparent.set(headers.get("traceparent") or new_traceparent())
    try:
        event_id = UUID(headers.get("ce-id", ""))
        event_at = datetime.fromisoformat(headers.get("ce-time") or message.metadata.timestamp.isoformat())
        event = consumer.event.model_validate_json(message.data)
    except (ValidationError, ValueError):
        await _bury(consumer, work, client, message, reason="malformed")
        return
    try:
        await consumer.handle(work.caused_by(event_id, at=event_at), event)
    except AlreadyHandled:
        pass
    except QuillError as error:
        if not error.retryable:
            await _bury(consumer, work, client, message, reason=error.slug)
        else:
            await _later(consumer, message, reason=error.slug)
        return
    except Exception as error:
        log.exception("consumer failed", durable=consumer.durable)
        if message.metadata.num_delivered >= MAX_UNEXPECTED:
            await _bury(consumer, work, client, message, reason=type(error).__name__)
        else:
            await _later(consumer, message, reason=type(error).__name__)
        return
    await message.ack_sync(timeout=ACK_SECONDS)


async def _later(consumer: Consumer[Any, Any], message: Msg, *, reason: str) -> None:
    pause = min(0.5 * 2.0 ** min(message.metadata.num_delivered, 10), MAX_BACKOFF_SECONDS)
    log.warning("event not handled yet", durable=consumer.durable, reason=reason, retry_in=pause)
    await message.nak(delay=pause)


async def _bury(consumer: Consumer[Any, Any], work: Work[Any], client: Client, message: Msg, *, reason: str) -> None:
    """Keep what can never be handled where people look, then let the stream go on."""
    log.error("event dead-lettered", durable=consumer.durable, reason=reason)
    metadata = message.metadata
    headers = {
        **(message.headers or {}),
        "Nats-Msg-Id": f"{consumer.durable}-{metadata.sequence.stream}",
        "Quill-Reason": reason,
        "Quill-Subject": message.subject,
    }
    await client.jetstream().publish(
        f"quill.dlq.{work.service}.{consumer.durable}", message.data, timeout=ACK_SECONDS, headers=headers
    )
    await message.term()
