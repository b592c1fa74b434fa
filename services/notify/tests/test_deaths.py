"""What a sender that dies leaves behind: the death is no try, and what ends every sender is given up in the end."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from common.events import NotificationFailed, PatientCreated
from e2e.push_receiver import Hook, PushReceiver, Reply, Subscriber
from notify import policy, repository
from notify.models import DeliveryRow
from notify.vault import Vault
from notify.webhooks import policy as webhook_policy
from notify.webhooks import repository as webhook_repository
from notify.webhooks import sender as webhook_sender
from notify.webhooks.models import WebhookDeliveryRow
from notify_stage import Stage
from sqlalchemy import select, update

pytestmark = pytest.mark.anyio

NOW = timedelta()  # the lease of a sender that died long ago


async def letter_to_push(stage: Stage, receiver: PushReceiver, *replies: Reply) -> tuple[UUID, Subscriber]:
    """A notification whose push waits for a sender, and the browser that it goes to."""
    phone, patient, patient_id = receiver.subscribe(*replies), stage.user(), uuid4()
    await stage.link(patient, patient_id)
    await stage.register(patient, phone)
    await stage.letter(patient_id)
    (entry,) = await stage.inbox(patient)
    return entry.id, phone


async def test_push_whose_senders_died_more_often_than_it_may_be_tried_is_sent(
    stage: Stage, receiver: PushReceiver
) -> None:
    notification_id, phone = await letter_to_push(stage, receiver, Reply(503, {"Retry-After": "0"}))
    for _ in range(2 * policy.MAX_TRIES):
        async with stage.work.database.transaction() as session:
            assert len(await repository.take_due(session, limit=9, lease=NOW)) == 1
    async with stage.sending():
        await stage.until_state(notification_id, "attempted", seconds=60)
    assert len(phone.pushes) == 2


async def test_push_that_ends_every_sender_is_given_up(stage: Stage, receiver: PushReceiver) -> None:
    notification_id, phone = await letter_to_push(stage, receiver)
    async with stage.work.database.transaction() as session:
        await session.execute(update(DeliveryRow).values(takes=policy.MAX_TAKES))
    async with stage.sending():
        await stage.until_state(notification_id, "failed", seconds=60)
    assert phone.pushes == []
    assert [fact.notification_id for fact in await stage.announced(NotificationFailed)] == [notification_id]


async def told_hook(stage: Stage, receiver: PushReceiver, *replies: Reply) -> Hook:
    """The receiver of a webhook that has a fact to take."""
    hook = receiver.hook(*replies)
    await stage.webhook(hook, "patient.created")
    await stage.tell(PatientCreated(patient_id=uuid4(), version=1))
    return hook


async def deliveries(stage: Stage) -> Sequence[WebhookDeliveryRow]:
    async with stage.work.database.transaction() as session:
        return (await session.scalars(select(WebhookDeliveryRow))).all()


async def test_fact_whose_senders_died_more_often_than_it_may_be_tried_is_posted(
    stage: Stage, receiver: PushReceiver
) -> None:
    hook = await told_hook(stage, receiver, Reply(503))
    for _ in range(2 * webhook_policy.MAX_TRIES):
        async with stage.work.database.transaction() as session:
            assert await webhook_repository.take_due(session, busy=(), size=5, lease=NOW)
    async with stage.sending(webhook_sender.run), asyncio.timeout(60):
        while (await deliveries(stage))[0].tries != 1:
            await asyncio.sleep(0.01)
    (row,) = await deliveries(stage)
    assert (row.dead_at, len(hook.pushes)) == (None, 1)


async def test_fact_that_ends_every_sender_is_given_up(stage: Stage, receiver: PushReceiver) -> None:
    hook = await told_hook(stage, receiver)
    async with stage.work.database.transaction() as session:
        await session.execute(update(WebhookDeliveryRow).values(takes=policy.MAX_TAKES))
    async with stage.sending(webhook_sender.run), asyncio.timeout(60):
        while (await deliveries(stage))[0].dead_at is None:
            await asyncio.sleep(0.01)
    assert hook.pushes == []


async def test_webhook_whose_key_is_gone_is_tried_again_as_one_that_does_not_answer(
    stage: Stage, receiver: PushReceiver
) -> None:
    hook = await told_hook(stage, receiver)
    keyless = Stage(replace(stage.work, backend=replace(stage.work.backend, vault=Vault(["n" * 32]))), stage.dns)
    async with keyless.sending(webhook_sender.run), asyncio.timeout(60):
        while (await deliveries(stage))[0].tries != 1:
            await asyncio.sleep(0.01)
    assert [(one.state, one.undelivered) for one in await stage.webhooks()] == [("failing", 0)]
    assert hook.pushes == []
