"""Pull loops over durable consumers: one message, one transaction, then the ack. Never an ack on failure."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
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
from common.nats import ENDING_SECONDS, to_its_end
from common.work import Work

log = get_logger(__name__)

FETCH_SECONDS = 1.0
ACK_SECONDS = 5.0
MAX_UNEXPECTED = 10
MAX_BACKOFF_SECONDS = 60.0
OUTCOMES = ("handled", "known", "later", "buried")
AWAY = (NatsError, TimeoutError, OSError)


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
    metrics.begin(metrics.event_age, consumer.durable, outcomes=OUTCOMES)
    # Once: what comes late is in it, and each one more would be kept by the client and told every server anew.
    subscription = await client.jetstream().pull_subscribe_bind(consumer.durable, consumer.events[0].stream())
    loop = _Loop(consumer, work, client, subscription)
    try:
        while True:
            await loop.wait_for_a_hand()
            await to_its_end(loop.take())  # a fetch that is given up is still sent an event, which nobody would handle
    finally:
        await loop.end()


class _Loop:
    """One consumer at work, and what it has in hand."""

    def __init__(
        self,
        consumer: Consumer[Any, Any],
        work: Work[Any],
        client: Client,
        subscription: JetStreamContext.PullSubscription,
    ) -> None:
        self._consumer, self._work, self._client, self._subscription = consumer, work, client, subscription
        self._in_hand: set[asyncio.Task[None]] = set()
        self._failures = Counter[str]()  # how often what is at a place of the stream failed unexpectedly

    async def wait_for_a_hand(self) -> None:
        """Until one event more can be taken. A broker that is away is not asked: it would answer all that at once."""
        while not self._client.is_connected:
            await asyncio.sleep(FETCH_SECONDS)
        while len(self._in_hand) >= self._consumer.at_once:
            await asyncio.wait(self._in_hand, return_when=asyncio.FIRST_COMPLETED)

    async def take(self) -> None:
        """Begin to handle the next event, if one comes soon."""
        try:
            # More than one per fetch stalls in nats-py (measured).
            (message,) = await self._subscription.fetch(1, timeout=FETCH_SECONDS)
        except NatsTimeout:
            return
        except AWAY as error:
            self._wait(error)
            await asyncio.sleep(FETCH_SECONDS)
            return
        task = asyncio.create_task(self._settle(message))
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)

    async def end(self) -> None:
        """Let what has begun end, and take nothing more."""
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=ENDING_SECONDS)
        with suppress(NatsError):
            await self._subscription.unsubscribe()

    def _wait(self, error: Exception) -> None:
        log.warning("consumer waits", durable=self._consumer.durable, reason=type(error).__name__)

    async def _settle(self, message: Msg) -> None:
        try:
            await self._handle(message)
        except AWAY as error:  # what was not acknowledged will be delivered again
            self._wait(error)

    async def _handle(self, message: Msg) -> None:
        headers = message.headers or {}
        begin_trace(headers.get("traceparent"))
        try:
            event_id, kind = UUID(headers["ce-id"]), headers["ce-type"]
            event_at = datetime.fromisoformat(headers.get("ce-time") or message.metadata.timestamp.isoformat())
            event = next(one for one in self._consumer.events if one.subject == kind).model_validate_json(message.data)
        except (KeyError, StopIteration, ValueError):
            await self._bury(message, "malformed")
            self._count("buried", message.metadata.timestamp)
            return
        try:
            await self._consumer.handle(self._work.caused_by(event_id, at=event_at), event)
            outcome = "handled"
        except AlreadyHandled:
            outcome = "known"
        except QuillError as error:
            outcome = await self._put_off(message, error.slug, again=error.retryable)
        except Exception as error:
            log.exception("consumer failed", durable=self._consumer.durable)
            # Deliveries do not tell how often: those that an outage made fail count, too.
            self._failures[_place(message)] += 1
            again = self._failures[_place(message)] < MAX_UNEXPECTED
            outcome = await self._put_off(message, type(error).__name__, again=again)
        if outcome in {"handled", "known"}:
            await message.ack_sync(timeout=ACK_SECONDS)
            self._failures.pop(_place(message), None)
        self._count(outcome, event_at)

    def _count(self, outcome: str, event_at: datetime) -> None:
        metrics.event_age.labels(self._consumer.durable, outcome).observe((clock.now() - event_at).total_seconds())

    async def _put_off(self, message: Msg, reason: str, *, again: bool) -> str:
        if not again:
            await self._bury(message, reason)
            return "buried"
        pause = min(0.5 * 2.0 ** min(message.metadata.num_delivered, 10), MAX_BACKOFF_SECONDS)
        log.warning("event not handled yet", durable=self._consumer.durable, reason=reason, retry_in=pause)
        await message.nak(delay=pause)
        return "later"

    async def _bury(self, message: Msg, reason: str) -> None:
        """Keep what can never be handled where people look, then let the stream go on."""
        durable = self._consumer.durable
        log.error("event dead-lettered", durable=durable, reason=reason)
        headers = {
            # Not how it was stored: a dead letter that named the batch of its event would wait for the others of it.
            **{name: value for name, value in (message.headers or {}).items() if not name.startswith("Nats-")},
            "Nats-Msg-Id": f"{durable}-{_place(message)}",
            "Quill-Reason": reason,
            "Quill-Subject": message.subject,
        }
        subject = f"quill.dlq.{self._work.service}.{durable}"
        await self._client.jetstream().publish(subject, message.data, timeout=ACK_SECONDS, headers=headers)
        await message.term()
        self._failures.pop(_place(message), None)


def _place(message: Msg) -> str:
    """Where it is stored, and since when: a stream that had to be made anew counts from one again."""
    return f"{message.metadata.sequence.stream}-{message.metadata.timestamp.isoformat()}"
