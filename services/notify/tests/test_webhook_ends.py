"""A webhook that ends as a fact happens: what it never gets is given up, and nothing waits for it."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from common.events import PatientCreated
from e2e.push_receiver import PushReceiver
from notify.webhooks import repository, sender
from notify.webhooks.models import WebhookDeliveryRow
from notify_stage import Stage
from sqlalchemy import func, select

pytestmark = pytest.mark.anyio

A_WHILE = 0.3


async def waiting(stage: Stage) -> int | None:
    """As many as Prometheus is told."""
    async with stage.work.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(WebhookDeliveryRow).filter_by(dead_at=None))


@pytest.mark.parametrize("removed", [False, True])
async def test_fact_is_not_added_to_a_webhook_that_has_just_ended(
    stage: Stage, receiver: PushReceiver, removed: bool
) -> None:
    made = await stage.webhook(receiver.hook(), "patient.created")
    async with stage.work.database.transaction() as session:
        row = await repository.lock(session, webhook_id=made.id, ending=True)
        assert row is not None
        row.disabled_at = datetime.now(UTC)
        await session.flush()
        if removed:
            await repository.remove(session, webhook_id=made.id)
        telling = asyncio.create_task(stage.tell(PatientCreated(patient_id=uuid4(), version=1)))
        await asyncio.sleep(A_WHILE)
    await telling
    assert await waiting(stage) == 0


async def test_fact_that_is_being_added_is_given_up_with_all_others(stage: Stage, receiver: PushReceiver) -> None:
    await stage.webhook(receiver.hook(), "patient.created")
    await stage.tell(PatientCreated(patient_id=uuid4(), version=1))
    async with stage.work.database.transaction() as session:
        (batch,) = await repository.take_due(session, busy=(), size=1, lease=sender.LEASE)
    now = datetime.now(UTC)
    async with stage.work.database.transaction() as session:
        (webhook_id,) = await repository.subscribers(session, name="patient.created", at=now)
        ending = asyncio.create_task(sender._store(stage.work, batch.deliveries[0], (410, None)))
        await asyncio.sleep(A_WHILE)
        fact = {"event_id": uuid4(), "name": "patient.created", "data": {}, "happened_at": now}
        session.add(WebhookDeliveryRow.model_validate({"webhook_id": webhook_id, **fact}))
    await ending
    assert await waiting(stage) == 0
    assert [(one.state, one.undelivered) for one in await stage.webhooks()] == [("disabled", 2)]
