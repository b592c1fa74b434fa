"""Posts facts that are due to their receivers and stores what came of it. Any number of replicas may run it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import get_args
from uuid import UUID

from common import clock, metrics
from common.logging import get_logger
from common.work import Work
from prometheus_client import Counter

from notify import pump
from notify.backend import Backend
from notify.errors import UrlRefused
from notify.outside import NO_ANSWER, Answer
from notify.policy import MAX_TAKES
from notify.webhooks import policy, repository
from notify.webhooks.clients import BATCH
from notify.webhooks.models import WebhookDeliveryRow, WebhookRow
from notify.webhooks.repository import Batch

log = get_logger(__name__)

LEASE = timedelta(seconds=20)

posts = Counter("quill_webhook_posts", "Facts posted to webhooks, by what came of them", ["outcome"])
metrics.begin(posts, outcomes=get_args(policy.Verdict.__value__))


async def run(work: Work[Backend]) -> None:
    """Send until cancelled; while one webhook has a batch under way, the others go on."""
    busy, due = set[UUID](), work.backend.facts_due

    async def take(_limit: int) -> Sequence[Batch]:  # of all that are not busy; there are no more than the limit
        async with work.database.transaction() as session:
            batches = await repository.take_due(session, busy=busy, size=BATCH, lease=LEASE)
        busy.update(batch.webhook.id for batch in batches)
        return batches

    async def send(batch: Batch) -> None:
        await asyncio.gather(*(pump.survive(_deliver(work, batch.webhook, one)) for one in batch.deliveries))
        busy.discard(batch.webhook.id)
        due.set()

    await pump.run(take, send, due=due, limit=policy.MAX_WEBHOOKS)


async def _deliver(work: Work[Backend], webhook: WebhookRow, delivery: WebhookDeliveryRow) -> None:
    answer = await _try(work.backend, webhook, delivery)
    posts.labels(policy.judge(answer[0], tries=_tries(delivery))).inc()
    await pump.store(partial(_store, work, delivery, answer))


async def _try(backend: Backend, webhook: WebhookRow, delivery: WebhookDeliveryRow) -> Answer:
    if delivery.takes > MAX_TAKES:
        return NO_ANSWER
    body = policy.body_of(delivery.name, at=delivery.happened_at, data=delivery.data)
    try:
        receiver = backend.vault.open_receiver(webhook.sealed, webhook_id=webhook.id)
        return await backend.webhooks.deliver(receiver, delivery.event_id, body)
    except UrlRefused:
        return NO_ANSWER
    except Exception:  # a try as any other: only a sender that died does not know of one
        log.exception("sender failed")
        return NO_ANSWER


def _tries(taken: WebhookDeliveryRow) -> int:
    """Which try this is: the last one, if it ended whoever made it too often."""
    return policy.MAX_TRIES if taken.takes > MAX_TAKES else taken.tries + 1


async def _store(work: Work[Backend], taken: WebhookDeliveryRow, answer: Answer) -> None:
    (status, retry_after), now = answer, clock.now()
    tries = _tries(taken)
    verdict = policy.judge(status, tries=tries)
    async with work.transaction() as session:
        webhook = await repository.lock(session, webhook_id=taken.webhook_id, ending=verdict in {"gone", "given_up"})
        delivery = await repository.find_mine(session, taken)
        if webhook is None or delivery is None:
            return
        if verdict == "accepted":
            webhook.failing_since = None
            await session.delete(delivery)
            return
        webhook.failing_since = webhook.failing_since or now
        delivery.tries = tries
        if verdict == "later":
            delivery.due_at = now + policy.pause_before_next(tries, retry_after=retry_after, now=now)
            return
        delivery.dead_at, given_up = now, [taken.event_id]
        if verdict == "gone" or policy.is_dead(failing_since=webhook.failing_since, now=now):
            webhook.disabled_at = now
            given_up += await repository.bury_open(session, webhook_id=webhook.id)
            log.error("webhook disabled", webhook=str(webhook.id), status=status)
        for event_id in given_up:
            log.error("webhook never got an event", webhook=str(webhook.id), event_id=str(event_id), status=status)
