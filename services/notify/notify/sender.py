"""Sends pushes that are due and stores what came of it. Any number of replicas may run it."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import get_args

from common import clock, metrics
from common.events import NotificationAttempted, NotificationFailed
from common.logging import get_logger
from common.work import Work
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from notify import policy, pump, repository, service
from notify.backend import Backend
from notify.errors import EndpointRefused
from notify.models import NotificationRow, State
from notify.outside import NO_ANSWER, Answer
from notify.policy import Verdict
from notify.repository import Due

log = get_logger(__name__)

CONCURRENCY = 64
LEASE = timedelta(seconds=20)
REMIND_SECONDS = 10.0

pushes = Counter("quill_pushes", "Pushes tried, by what the push service made of them", ["outcome"])
metrics.begin(pushes, outcomes=get_args(Verdict.__value__))


async def run(work: Work[Backend]) -> None:
    """Send until cancelled."""
    await pump.run(partial(_take, work), partial(_send, work), due=work.backend.due, limit=CONCURRENCY)


async def run_reminders(work: Work[Backend]) -> None:
    """Push once more what is unread for too long, until cancelled."""
    while work.backend.timing.remind_after is not None:
        while await pump.survive(service.remind_of_unread(work)):
            pass
        await asyncio.sleep(REMIND_SECONDS)


async def _take(work: Work[Backend], limit: int) -> Sequence[Due]:
    """Nothing during the quiet hours, which the wall clock decides each time: it may jump, and so may its zone."""
    if work.backend.timing.is_quiet(clock.now()):
        return []
    async with work.database.transaction() as session:
        return await repository.take_due(session, limit=limit, lease=LEASE)


async def _send(work: Work[Backend], due: Due) -> None:
    verdict, answer = await _try(work.backend, due)
    pushes.labels(verdict).inc()
    await pump.store(partial(_store, work, due, verdict, answer))


async def _try(backend: Backend, due: Due) -> tuple[Verdict, Answer]:
    if due.takes > policy.MAX_TAKES:
        return "dropped", NO_ANSWER
    notification, device = due.notification, due.device
    payload = json.dumps({"notification_id": str(notification.id), "title": notification.title}).encode()
    topic = backend.vault.topic(notification.letter_uid or notification.id)
    try:
        subscription = backend.vault.open(device.sealed, device_id=device.id)
        answer = await backend.client.send(subscription, payload, topic=topic)
    except EndpointRefused:
        return "refused", NO_ANSWER
    except Exception:  # a try as any other: only a sender that died does not know of one
        log.exception("sender failed")
        return "later", NO_ANSWER
    return policy.judge(answer[0]), answer


async def _store(work: Work[Backend], due: Due, verdict: Verdict, answer: Answer) -> None:
    status, retry_after = answer
    if verdict == "accepted":
        await work.backend.accepted.bring(due, partial(_store_accepted, work))
        return
    if verdict == "refused":
        # Somebody must look: our key, our encryption or our rules are at odds with a push service. The device stays.
        log.error("push refused", device=str(due.device.id), status=status)
    state: State = "failed"
    async with work.transaction() as session:
        if verdict == "later" and due.tries < policy.MAX_TRIES:
            now = clock.now()
            pause = policy.pause_before_next(due.tries, retry_after=retry_after, now=now)
            await repository.postpone(session, due, until=now + pause)
        elif verdict == "gone":
            _announce(work, session, await repository.remove_devices(session, state=state, id=due.device.id))
        elif closed := await repository.close_deliveries(session, [due]):
            _announce(work, session, await repository.settle(session, closed, state=state))


async def _store_accepted(work: Work[Backend], accepted: Sequence[Due]) -> None:
    async with work.transaction() as session:
        closed = await repository.close_deliveries(session, accepted)
        _announce(work, session, await repository.settle(session, closed, state="attempted"))


def _announce(work: Work[Backend], session: AsyncSession, settled: Sequence[NotificationRow]) -> None:
    for row in settled:
        fact = NotificationAttempted if row.state == "attempted" else NotificationFailed
        if row.user_id is not None:
            work.announce(session, fact(notification_id=row.id, user_id=row.user_id, cause_event_id=row.cause_event_id))
