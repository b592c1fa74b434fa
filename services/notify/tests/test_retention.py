"""Notifications are forgotten when they are older than they are kept, and not before."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from common import clock
from common.inbox import KEPT
from e2e.push_receiver import PushReceiver
from notify import main
from notify.models import DeliveryRow
from notify.settings import Settings
from notify_stage import Stage
from pydantic import ValidationError
from sqlalchemy import delete

pytestmark = pytest.mark.anyio

DAYS = timedelta(days=200)
HOUR = timedelta(hours=1)


async def test_notification_is_forgotten_when_it_is_older_than_it_is_kept(
    stage: Stage, move_clock: Callable[[float], None]
) -> None:
    caller, patient = stage.user(), uuid4()
    await stage.link(caller, patient)
    old = [await stage.letter(patient) for _ in range(3)]
    move_clock((DAYS - HOUR).total_seconds())
    new = await stage.letter(patient, at=clock.now())
    await main.forget_the_past(stage.work, kept=DAYS)
    assert len(await stage.inbox(caller)) == 4
    move_clock((DAYS + HOUR).total_seconds())
    await main.forget_the_past(stage.work, kept=DAYS)
    assert [one.url for one in await stage.inbox(caller)] == [f"/letters/{new}"]
    assert new not in old


async def test_notification_that_is_being_pushed_stays_until_it_is_settled(
    stage: Stage, receiver: PushReceiver, move_clock: Callable[[float], None]
) -> None:
    caller, patient = stage.user(), uuid4()
    await stage.link(caller, patient)
    await stage.letter(patient)
    (told,) = await stage.inbox(caller)
    device = await stage.register(caller, receiver.subscribe())
    async with stage.work.transaction() as session:
        session.add(DeliveryRow(notification_id=told.id, device_id=device.id))
    move_clock((DAYS + HOUR).total_seconds())
    await main.forget_the_past(stage.work, kept=DAYS)
    assert len(await stage.inbox(caller)) == 1
    async with stage.work.transaction() as session:
        await session.execute(delete(DeliveryRow))
    await main.forget_the_past(stage.work, kept=DAYS)
    assert await stage.inbox(caller) == []


def test_notification_is_kept_for_longer_than_its_event_can_come_again(settings: Settings) -> None:
    shortest = timedelta(days=180)
    assert shortest > KEPT
    with pytest.raises(ValidationError, match="notification_retention_days"):
        Settings.model_validate(settings.model_dump() | {"notification_retention_days": 179})
