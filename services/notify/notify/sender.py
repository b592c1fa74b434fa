"""Sends what is due, outside of any transaction, and stores what came of it. Any number of replicas may run it."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from common.db import StorageUnavailable
from common.events import NotificationAttempted, NotificationFailed
from common.logging import get_logger
from common.work import Work
from sqlalchemy.ext.asyncio import AsyncSession

from notify import policy, repository
from notify.errors import EndpointRefused
from notify.models import NotificationRow
from notify.policy import Verdict
from notify.push import Answer, Backend, Message
from notify.repository import Due

log = get_logger(__name__)

CONCURRENCY = 64
LEASE = timedelta(seconds=20)
POLL_SECONDS = 1.0
STOP_SECONDS = 3.0


async def run(work: Work[Backend]) -> None:
    """Send until cancelled: at once when something was committed here, within a second what others left."""
    due, sending = work.backend.due, set[asyncio.Task[None]]()

    def finish(task: asyncio.Task[None]) -> None:
        if len(sending) == CONCURRENCY:
            due.set()  # there is room again
        sending.discard(task)

    try:
        while True:
            due.clear()
            free = CONCURRENCY - len(sending)
            taken = await _take(work, limit=free) if free else []
            for one in taken:
                task = asyncio.create_task(_send(work, one))
                sending.add(task)
                task.add_done_callback(finish)
            if len(taken) < free or not free:
                with suppress(TimeoutError):
                    await asyncio.wait_for(due.wait(), POLL_SECONDS)
    finally:
        await _let_finish(sending)


async def _let_finish(sending: set[asyncio.Task[None]]) -> None:
    """Store what was sent already, so that a restart does not send it again."""
    if sending:
        _, late = await asyncio.wait(sending, timeout=STOP_SECONDS)
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
        await _store(work, due, verdict, answer)
    except StorageUnavailable:
        log.warning("sender cannot store a result; it is sent again", notification=str(due.notification.id))
    except Exception:
        log.exception("push failed", notification=str(due.notification.id))


async def _try(backend: Backend, due: Due) -> tuple[Verdict, Answer]:
    if due.tries > policy.MAX_TRIES:
        return Verdict.DROPPED, Answer()
    subscription = backend.vault.open(due.device.sealed, device_id=due.device.id)
    topic = backend.vault.topic(due.notification.letter_uid or due.notification.id)
    message = Message(due.notification.id, due.notification.template, topic)
    try:
        answer = await backend.client.send(subscription, message)
    except EndpointRefused:
        return Verdict.REFUSED, Answer()
    return policy.judge(answer.status), answer


async def _store(work: Work[Backend], due: Due, verdict: Verdict, answer: Answer) -> None:
    if verdict is Verdict.REFUSED:
        # Somebody must look: our key, our encryption or our rules are at odds with a push service. The device stays.
        log.error("push refused", device=str(due.device.id), status=answer.status)
    async with work.transaction() as session:
        if verdict is Verdict.LATER and due.tries < policy.MAX_TRIES:
            now = datetime.now(UTC)
            pause = policy.pause_before_next(due.tries, retry_after=answer.retry_after, now=now)
            await repository.postpone(session, due, until=now + pause)
            return
        if verdict is Verdict.GONE:
            concerned = await repository.remove_device(session, device_id=due.device.id)
        else:
            concerned = [due.notification.id] if await repository.close_delivery(session, due) else []
        accepted = verdict is Verdict.ACCEPTED
        for row in await repository.settle(session, concerned, state="attempted" if accepted else "failed"):
            _announce(work, session, row, accepted=accepted)


def _announce(work: Work[Backend], session: AsyncSession, row: NotificationRow, *, accepted: bool) -> None:
    fact = NotificationAttempted if accepted else NotificationFailed
    if row.user_id is not None:
        work.announce(session, fact(notification_id=row.id, user_id=row.user_id, cause_event_id=row.cause_event_id))
