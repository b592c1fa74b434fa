"""From a fact to the receiver of a webhook, and what each of its answers leads to."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from common.errors import NotFound
from common.events import LetterCreated, LetterRead, PatientCreated, UserUpdated
from common.inbox import AlreadyHandled, InboxRow
from common.outbox import OutboxRow
from e2e.push_receiver import Hook, PushReceiver, Reply
from notify import main
from notify import sender as push_sender
from notify.errors import UrlRefused
from notify.settings import Settings
from notify.vault import Vault
from notify.webhooks import policy, repository, sender, service
from notify.webhooks.clients import BATCH
from notify.webhooks.models import WebhookDeliveryRow, WebhookRow
from notify_stage import Stage
from sqlalchemy import func, select, text, update
from sqlmodel import col
from structlog.testing import CapturingLogger

pytestmark = pytest.mark.anyio

REFUSED = [Reply(500)] * 20
HANGING = 2.0
EVERYTHING = [f"SELECT to_jsonb(t)::text FROM {name} t" for name in ("webhooks", "operations", "outbox")]  # noqa: S608


def letter() -> LetterCreated:
    return LetterCreated(letter_uid=uuid4(), patient_id=uuid4(), version=1, author_id=uuid4())


@asynccontextmanager
async def delivering(stage: Stage) -> AsyncIterator[None]:
    async with stage.sending(sender.run):
        yield


async def waiting(stage: Stage, *, dead: bool = False) -> list[WebhookDeliveryRow]:
    async with stage.work.database.transaction() as session:
        rows = (await session.scalars(select(WebhookDeliveryRow))).all()
    return [row for row in rows if (row.dead_at is not None) == dead]


async def until_waiting(stage: Stage, number: int, *, dead: bool = False) -> list[WebhookDeliveryRow]:
    async with asyncio.timeout(5):
        while len(rows := await waiting(stage, dead=dead)) != number:
            await asyncio.sleep(0.01)
    return rows


async def hurry(stage: Stage, **values: object) -> None:
    async with stage.work.database.transaction() as session:
        await session.execute(update(WebhookDeliveryRow).values(due_at=datetime.now(UTC), **values))
    stage.work.backend.facts_due.set()


async def stored(stage: Stage, *, tries: int = 1, number: int = 1) -> list[WebhookDeliveryRow]:
    """What waits for its next try, as soon as what came of so many tries is stored."""
    async with asyncio.timeout(5):
        while True:
            rows = await waiting(stage)
            pauses = [row.due_at - datetime.now(UTC) for row in rows if row.tries == tries]
            if len(pauses) == number and not any(sender.LEASE / 2 < pause <= sender.LEASE for pause in pauses):
                return rows
            await asyncio.sleep(0.01)


async def arrived(hook: Hook, *, number: int = 1) -> None:
    await asyncio.to_thread(hook.wait, number=number)


async def test_fact_arrives_with_its_name_time_and_body_and_is_forgotten(stage: Stage, receiver: PushReceiver) -> None:
    hook, event, at = receiver.hook(), letter(), datetime(2026, 5, 14, 9, 30, tzinfo=UTC) + timedelta(days=3650)
    await stage.webhook(hook)
    async with delivering(stage):
        event_id = await stage.tell(event, at=at)
        await arrived(hook)
        await until_waiting(stage, 0)
    (call,) = hook.pushes
    data = {name: str(getattr(event, name)) for name in ("letter_uid", "patient_id", "author_id")} | {"version": 1}
    assert call.payload == {"type": "letter.created", "timestamp": "2036-05-11T09:30:00Z", "data": data}
    assert call.headers["content-type"] == "application/json"
    assert call.headers["webhook-id"] == str(event_id)
    assert abs(int(call.headers["webhook-timestamp"]) - time.time()) < 5
    assert (await stage.webhooks())[0].state == "active"


async def test_fact_that_nobody_wants_does_not_wake_the_sender(stage: Stage, receiver: PushReceiver) -> None:
    """An import tells thousands."""
    await stage.webhook(receiver.hook(), "patient.created")
    for event, woken in ((letter(), False), (PatientCreated(patient_id=uuid4(), version=1), True)):
        stage.work.backend.facts_due.clear()
        await stage.tell(event)
        assert stage.work.backend.facts_due.is_set() == woken


async def test_webhook_gets_what_it_wants_from_its_creation_on(stage: Stage, receiver: PushReceiver) -> None:
    letters, patients = receiver.hook(), receiver.hook()
    before = datetime.now(UTC) - timedelta(seconds=1)
    await stage.webhook(letters, "letter.created", "letter.read", "letter.created")
    await stage.webhook(patients, "patient.created")
    async with delivering(stage):
        await stage.tell(letter(), at=before)
        await stage.tell(LetterRead(letter_uid=uuid4(), patient_id=uuid4(), user_id=uuid4()))
        await stage.tell(PatientCreated(patient_id=uuid4(), version=1))
        await stage.tell(UserUpdated(user_id=uuid4(), roles=["admin"], disabled=False, token_version=2))
        await arrived(letters)
        await arrived(patients)
        await asyncio.sleep(0.2)
    assert [call.payload["type"] for call in letters.pushes] == ["letter.read"]
    assert [call.payload["type"] for call in patients.pushes] == ["patient.created"]
    assert [one.events for one in await stage.webhooks()] == [["letter.created", "letter.read"], ["patient.created"]]


async def test_fact_that_nobody_wants_leaves_no_trace(stage: Stage) -> None:
    await stage.tell(letter())
    async with stage.work.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(InboxRow)) == 0


async def test_repeated_event_is_told_once_and_notifies_the_patient_all_the_same(
    stage: Stage, receiver: PushReceiver
) -> None:
    hook, event, patient = receiver.hook(), letter(), stage.user()
    await stage.webhook(hook)
    await stage.link(patient, event.patient_id)
    async with delivering(stage):
        event_id = await stage.happen(event)
        await stage.tell(event, event_id=event_id)
        await arrived(hook)
        await until_waiting(stage, 0)
        with pytest.raises(AlreadyHandled):
            await stage.tell(event, event_id=event_id)
        await asyncio.sleep(0.1)
    assert (len(hook.pushes), len(await stage.inbox(patient))) == (1, 1)


async def test_fact_that_is_refused_is_sent_again_as_it_was_with_a_new_time(
    stage: Stage, receiver: PushReceiver
) -> None:
    hook = receiver.hook(Reply(503), Reply(302, {"Location": receiver.hook().endpoint}))
    await stage.webhook(hook)
    async with delivering(stage):
        event_id = await stage.tell(letter())
        await arrived(hook)
        (row,) = await stored(stage)
        assert timedelta(seconds=3) < row.due_at - datetime.now(UTC) <= timedelta(seconds=5)
        assert (await stage.webhooks())[0].state == "failing"
        await asyncio.sleep(1.1)
        await hurry(stage)
        await arrived(hook, number=2)
        await stored(stage, tries=2)
        await hurry(stage)
        await until_waiting(stage, 0)
    first, _, last = hook.pushes
    assert first.body == last.body
    assert {call.headers["webhook-id"] for call in hook.pushes} == {str(event_id)}
    assert int(first.headers["webhook-timestamp"]) < int(last.headers["webhook-timestamp"])
    assert first.headers["webhook-signature"] != last.headers["webhook-signature"]
    assert (await stage.webhooks())[0].state == "active"


async def test_redirects_are_not_followed(stage: Stage, receiver: PushReceiver) -> None:
    elsewhere = receiver.hook()
    hook = receiver.hook(Reply(307, {"Location": elsewhere.endpoint}))
    await stage.webhook(hook)
    async with delivering(stage):
        await stage.tell(letter())
        await arrived(hook)
        await asyncio.sleep(0.2)
    assert elsewhere.pushes == []
    assert len(await waiting(stage)) == 1


async def test_receiver_that_is_gone_gets_nothing_any_more(
    stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "log", log := CapturingLogger())
    hook = receiver.hook(Reply(503), Reply(410))
    await stage.webhook(hook)
    async with delivering(stage):
        told = [await stage.tell(letter())]
        await stored(stage)
        told.append(await stage.tell(letter()))
        await until_waiting(stage, 2, dead=True)
        await stage.tell(letter())
        await asyncio.sleep(0.2)
    (shown,) = await stage.webhooks()
    assert (shown.state, shown.undelivered, len(hook.pushes)) == ("disabled", 2, 2)
    assert await waiting(stage) == []
    logged = [call.kwargs["event_id"] for call in log.calls if call.args == ("webhook never got an event",)]
    assert sorted(logged) == sorted(map(str, told))


async def test_fact_that_is_never_taken_is_kept_to_be_looked_at(stage: Stage, receiver: PushReceiver) -> None:
    hook = receiver.hook(*REFUSED)
    await stage.webhook(hook)
    async with delivering(stage):
        await stage.tell(letter())
        await stored(stage)
        await hurry(stage, tries=policy.MAX_TRIES - 1)
        await until_waiting(stage, 1, dead=True)
        await hurry(stage)
        await asyncio.sleep(0.2)
    (shown,) = await stage.webhooks()
    assert (shown.state, shown.undelivered, len(hook.pushes)) == ("failing", 1, 2)


async def test_webhook_to_which_nothing_got_through_for_days_is_disabled(stage: Stage, receiver: PushReceiver) -> None:
    hook = receiver.hook(*REFUSED)
    await stage.webhook(hook)
    async with delivering(stage):
        for _ in range(2):
            await stage.tell(letter())
        await stored(stage, number=2)
        async with stage.work.database.transaction() as session:
            await session.execute(update(WebhookRow).values(failing_since=datetime.now(UTC) - policy.DISABLED_AFTER))
            first = (await session.scalars(select(WebhookDeliveryRow).limit(1))).one()
            first.tries, first.due_at = policy.MAX_TRIES - 1, datetime.now(UTC)
        await until_waiting(stage, 2, dead=True)
    (shown,) = await stage.webhooks()
    assert (shown.state, shown.undelivered) == ("disabled", 2)


async def test_what_was_given_up_long_ago_is_not_counted_and_forgotten(stage: Stage, receiver: PushReceiver) -> None:
    await stage.webhook(receiver.hook())
    long_ago = datetime.now(UTC) - policy.UNDELIVERED_KEPT
    for dead_at in (long_ago - timedelta(hours=1), long_ago + timedelta(hours=1)):
        event_id = await stage.tell(letter())
        async with stage.work.database.transaction() as session:
            of_event = update(WebhookDeliveryRow).where(col(WebhookDeliveryRow.event_id) == event_id)
            await session.execute(of_event.values(dead_at=dead_at))
    assert len(await waiting(stage, dead=True)) == 2
    assert [one.undelivered for one in await stage.webhooks()] == [1]
    await main.forget_the_past(stage.work, kept=timedelta(days=730))
    assert [row.event_id for row in await waiting(stage, dead=True)] == [event_id]


async def test_hanging_receiver_delays_neither_another_nor_a_push(stage: Stage, receiver: PushReceiver) -> None:
    slow, quick, phone = receiver.hook(*[Reply(200, after_seconds=HANGING)] * 20), receiver.hook(), receiver.subscribe()
    await stage.webhook(slow)
    await stage.webhook(quick)
    patient, event = stage.user(), letter()
    await stage.link(patient, event.patient_id)
    await stage.register(patient, phone)
    for _ in range(12):
        await stage.tell(letter())
    async with stage.sending(sender.run, push_sender.run):
        started = time.monotonic()
        await stage.happen(event)
        await arrived(quick, number=12)
        await stage.pushed(phone)
        assert time.monotonic() - started < HANGING
        assert len(slow.pushes) == BATCH
        await arrived(slow, number=2 * BATCH)


async def test_two_senders_deliver_once(stage: Stage, receiver: PushReceiver) -> None:
    hook = receiver.hook()
    await stage.webhook(hook)
    async with delivering(stage), delivering(stage):
        for _ in range(20):
            await stage.tell(letter())
        await arrived(hook, number=20)
        await until_waiting(stage, 0)
    assert len({call.headers["webhook-id"] for call in hook.pushes}) == len(hook.pushes) == 20


async def test_fact_of_a_sender_that_died_is_sent_by_another(stage: Stage, receiver: PushReceiver) -> None:
    hook = receiver.hook()
    await stage.webhook(hook)
    await stage.tell(letter())
    await take(stage, lease=timedelta(seconds=1))
    async with delivering(stage):
        await asyncio.sleep(0.3)
        assert hook.pushes == []
        await arrived(hook)
        await until_waiting(stage, 0)


async def take(stage: Stage, *, lease: timedelta) -> WebhookDeliveryRow:
    async with stage.work.database.transaction() as session:
        (batch,) = await repository.take_due(session, busy=(), size=5, lease=lease)
    return batch.deliveries[0]


@pytest.mark.parametrize("status", [200, 410, 500])
async def test_sender_that_was_frozen_changes_nothing_that_another_has(
    stage: Stage, receiver: PushReceiver, status: int
) -> None:
    await stage.webhook(receiver.hook())
    await stage.tell(letter())
    frozen = await take(stage, lease=timedelta())
    mine = await take(stage, lease=sender.LEASE)
    await sender._store(stage.work, frozen, (status, None))
    (row,) = await waiting(stage)
    assert (row.takes, row.tries, row.due_at) == (2, 0, mine.due_at)
    assert (await stage.webhooks())[0].state == "active"


async def test_removed_webhook_gets_nothing_any_more(stage: Stage, receiver: PushReceiver) -> None:
    hook, other = receiver.hook(Reply(503)), receiver.hook()
    made = await stage.webhook(hook)
    await stage.webhook(other)
    async with delivering(stage):
        await stage.tell(letter())
        await stored(stage)
        await service.remove_webhook(stage.work, stage.user("admin"), webhook_id=made.id)
        await hurry(stage)
        await stage.tell(letter())
        await arrived(other, number=2)
    assert (len(hook.pushes), await waiting(stage)) == (1, [])
    with pytest.raises(NotFound):
        await service.remove_webhook(stage.work, stage.user("admin"), webhook_id=made.id)


@pytest.mark.parametrize("later", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"], []])
async def test_name_that_leads_inside_after_registration_is_not_connected_to(stage: Stage, later: list[str]) -> None:
    hook = Hook.at("https://hooks.example.org/x")
    stage.dns.addresses["hooks.example.org"] = ["8.8.8.8"]
    await stage.webhook(hook)
    stage.dns.addresses["hooks.example.org"] = later
    async with delivering(stage):
        await stage.tell(letter())
        async with asyncio.timeout(5):
            while (await stage.webhooks())[0].state != "failing":
                await asyncio.sleep(0.01)
    assert stage.dns.asked == ["hooks.example.org"] * 2


async def test_name_that_takes_long_to_find_is_asked_for_once(stage: Stage) -> None:
    """Few are looked up at once in a process, those of push services and of the database among them."""
    await stage.webhook(Hook.at("https://hooks.example.org/x"))
    stage.dns.asked, stage.dns.silence = [], HANGING
    for _ in range(BATCH):
        await stage.tell(letter())
    async with delivering(stage):
        await stored(stage, number=BATCH)
    assert stage.dns.asked == ["hooks.example.org"]


async def test_name_that_leads_inside_is_not_registered(stage: Stage) -> None:
    stage.dns.addresses["hooks.example.org"] = ["8.8.8.8", "192.168.0.1"]
    with pytest.raises(UrlRefused):
        await stage.webhook(Hook.at("https://hooks.example.org/x"))
    assert await stage.webhooks() == []


async def test_neither_url_nor_secret_can_be_read_in_the_database(stage: Stage, receiver: PushReceiver) -> None:
    hook = receiver.hook()
    made = await stage.webhook(hook)
    async with stage.work.database.transaction() as session:
        rows = [str(row) for query in EVERYTHING for row in (await session.execute(text(query))).all()]
    assert len(rows) >= 3
    for secret in (made.secret.removeprefix("whsec_"), hook.endpoint):
        assert not [row for row in rows if secret in row or secret.encode().hex() in row]


async def test_making_listing_and_removing_are_audited(stage: Stage, receiver: PushReceiver) -> None:
    made = await stage.webhook(receiver.hook())
    await stage.webhooks()
    await service.remove_webhook(stage.work, stage.user("admin"), webhook_id=made.id)
    query = select(OutboxRow).where(col(OutboxRow.subject).endswith(".notify")).order_by(col(OutboxRow.seq))
    async with stage.work.database.transaction() as session:
        told = [row.body for row in (await session.scalars(query)).all()]
    assert [(one["action"], one["resource"], one["resource_id"]) for one in told] == [
        ("C", "webhook", str(made.id)),
        ("R", "webhook", None),
        ("D", "webhook", str(made.id)),
    ]


async def test_webhook_that_was_sealed_under_the_key_before_is_still_told(
    stage: Stage, receiver: PushReceiver, settings: Settings
) -> None:
    hook = receiver.hook()
    await stage.webhook(hook)
    backend = replace(stage.work.backend, vault=Vault(["n" * 32, *settings.encryption_keys]))
    newer = Stage(replace(stage.work, backend=backend), stage.dns)
    async with delivering(newer):
        await newer.tell(letter())
        await arrived(hook)


async def test_webhook_whose_key_is_gone_is_listed_and_can_be_removed(stage: Stage, receiver: PushReceiver) -> None:
    made = await stage.webhook(receiver.hook())
    keyless = Stage(replace(stage.work, backend=replace(stage.work.backend, vault=Vault(["n" * 32]))), stage.dns)
    assert [(one.id, one.url) for one in await keyless.webhooks()] == [(made.id, None)]
    await service.remove_webhook(keyless.work, stage.user("admin"), webhook_id=made.id)
