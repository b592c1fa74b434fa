"""Sends what is due, outside of any transaction, and stores what came of it. Any number of replicas may run it."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from common import clock
from common.db import StorageUnavailable
from common.events import NotificationAttempted, NotificationFailed
from common.logging import get_logger
from common.work import Work
from sqlalchemy.ext.asyncio import AsyncSession

from notify import policy, repository
from notify.errors import EndpointRefused
from notify.models import NotificationRow, State
from notify.policy import Verdict
from notify.push import NO_ANSWER, Answer, Backend
from notify.repository import Due

log = get_logger(__name__)

CONCURRENCY = 64
LEASE = timedelta(seconds=20)
POLL_SECONDS = 1.0
STOP_SECONDS = 3.0
STORE_TRIES = 60  # what was sent is sent again if the database stays away for longer


async def run(work: Work[Backend]) -> None:
    """Send until cancelled: at once when something was committed here, within a second what others left."""
    due, sending = work.backend.due, set[asyncio.Task[None]]()
    try:
        while True:
            due.clear()
            free = CONCURRENCY - len(sending)
            taken = await _take(work, limit=free)
            for one in taken:
                task = asyncio.create_task(_send(work, one))
                sending.add(task)
                task.add_done_callback(sending.discard)
            if len(taken) == free:
                await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(due.wait(), POLL_SECONDS)
    finally:
        # What was sent already is stored, so that a restart does not send it again.
        late = (await asyncio.wait(sending, timeout=STOP_SECONDS))[1] if sending else set()
        for task in late:
            task.cancel()


async def _take(work: Work[Backend], *, limit: int) -> list[Due]:
    try:
        async with work.database.transaction() as session:
            return await repository.take_due(session, limit=limit, lease=LEASE)
    except StorageUnavailable:
        log.warning("sender waits for the database")
    except Exception:
        log.exception("sender failed")
    return []


async def _send(work: Work[Backend], due: Due) -> None:
    try:
        verdict, answer = await _try(work.backend, due)
        for _ in range(STORE_TRIES):
            with suppress(StorageUnavailable):
                return await _store(work, due, verdict, answer)
            await asyncio.sleep(POLL_SECONDS / 2)
    except Exception:
        log.exception("push failed", notification=str(due.notification.id))


async def _try(backend: Backend, due: Due) -> tuple[Verdict, Answer]:
    if due.tries > policy.MAX_TRIES:
        return "dropped", NO_ANSWER
    notification, device = due.notification, due.device
    payload = json.dumps({"notification_id": str(notification.id), "title": notification.title}).encode()
    topic = backend.vault.topic(notification.letter_uid or notification.id)
    try:
        subscription = backend.vault.open(device.sealed, device_id=device.id)
        answer = await backend.client.send(subscription, payload, topic=topic)
    except EndpointRefused:
        return "refused", NO_ANSWER
    return policy.judge(answer[0]), answer


async def _store(work: Work[Backend], due: Due, verdict: Verdict, answer: Answer) -> None:
    status, retry_after = answer
    if verdict == "refused":
        # Somebody must look: our key, our encryption or our rules are at odds with a push service. The device stays.
        log.error("push refused", device=str(due.device.id), status=status)
    state: State = "attempted" if verdict == "accepted" else "failed"
    async with work.transaction() as session:
        if verdict == "later" and due.tries < policy.MAX_TRIES:
            now = clock.now()
            pause = policy.pause_before_next(due.tries, retry_after=retry_after, now=now)
            await repository.postpone(session, due, until=now + pause)
        elif verdict == "gone":
            _announce(work, session, await repository.remove_devices(session, state=state, id=due.device.id))
        elif await repository.close_delivery(session, due):
            _announce(work, session, await repository.settle(session, [due.notification.id], state=state))


def _announce(work: Work[Backend], session: AsyncSession, settled: Sequence[NotificationRow]) -> None:
    for row in settled:
        fact = NotificationAttempted if row.state == "attempted" else NotificationFailed
        if row.user_id is not None:
            work.announce(session, fact(notification_id=row.id, user_id=row.user_id, cause_event_id=row.cause_event_id))
