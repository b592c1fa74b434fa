"""What Prometheus is told of pushes and webhooks: what became of each, and what waits."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import uuid4

import pytest
from common.events import PatientCreated
from common.scrape import look_at_backlogs
from e2e.push_receiver import PushReceiver, Reply
from notify import repository
from notify.models import DeliveryRow
from notify.policy import Verdict as PushVerdict
from notify.webhooks import repository as webhooks
from notify.webhooks import sender
from notify.webhooks.policy import Verdict as PostVerdict
from notify_stage import Stage
from prometheus_client import REGISTRY
from sqlalchemy import update

pytestmark = pytest.mark.anyio


def counted(name: str) -> dict[str, float]:
    """How often there was each outcome, so far in this process."""
    family = next(family for family in REGISTRY.collect() if family.name == name)
    return {one.labels["outcome"]: one.value for one in family.samples if one.name == f"{name}_total"}


async def more(name: str, before: dict[str, float], expected: dict[str, float]) -> None:
    """Wait until that much was counted since, and nothing else."""
    async with asyncio.timeout(10):
        while {key: value for key in expected if (value := counted(name).get(key, 0) - before.get(key, 0))} != expected:
            await asyncio.sleep(0.02)
    others = counted(name).items() - before.items()
    assert {outcome for outcome, _ in others} == expected.keys()


def test_outcomes_are_told_before_there_is_any() -> None:
    """In a process that has sent nothing: Prometheus takes no first value for an increase."""
    program = (
        "import notify.sender, notify.webhooks.sender, prometheus_client as p; print(p.generate_latest().decode())"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    for name, outcomes in (("quill_pushes", PushVerdict), ("quill_webhook_posts", PostVerdict)):
        lines = {f'{name}_total{{outcome="{outcome}"}} 0.0' for outcome in get_args(outcomes.__value__)}
        assert len(lines) >= 4
        assert lines <= set(told.splitlines())


async def test_pushes_are_counted_by_what_push_services_made_of_them(stage: Stage, receiver: PushReceiver) -> None:
    before, patient, patient_id = counted("quill_pushes"), stage.user(), uuid4()
    await stage.link(patient, patient_id)
    for reply in (None, Reply(403), Reply(503)):
        await stage.register(patient, receiver.subscribe(reply) if reply else receiver.subscribe())
    async with stage.sending():
        await stage.letter(patient_id)
        await more("quill_pushes", before, {"accepted": 1, "refused": 1, "later": 1})


async def test_posts_are_counted_by_what_receivers_made_of_them(stage: Stage, receiver: PushReceiver) -> None:
    before = counted("quill_webhook_posts")
    await stage.webhook(receiver.hook(), "patient.created")
    async with stage.sending(sender.run):
        await stage.tell(PatientCreated(patient_id=uuid4(), version=1))
        await more("quill_webhook_posts", before, {"accepted": 1})


async def test_what_waits_is_told_with_the_time_that_it_is_due(stage: Stage, receiver: PushReceiver) -> None:
    patient, patient_id = stage.user(), uuid4()
    await stage.link(patient, patient_id)
    await stage.register(patient, receiver.subscribe())
    await stage.webhook(receiver.hook(), "letter.created")
    await stage.letter(patient_id)
    async with stage.work.database.transaction() as session:
        await session.execute(update(DeliveryRow).values(due_at=datetime.now(UTC) - timedelta(minutes=5)))
    backlogs = {"pushes": repository.WAITING, "webhooks": webhooks.WAITING}
    waiting, oldest = await look_at_backlogs(stage.work.database, backlogs)
    told = {one.labels["queue"]: one.value for family in waiting.collect() for one in family.samples}
    due = {one.labels["queue"]: one.value for family in oldest.collect() for one in family.samples}
    assert told.keys() == due.keys() == {"outbox", "operations", "pushes", "webhooks"}
    assert (told["pushes"], due["pushes"] >= 300, due["webhooks"] < 300) == (1, True, True)
