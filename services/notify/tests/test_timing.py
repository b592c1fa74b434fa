"""When pushes go out: not in the quiet hours, once more for what stays unread, never for what is withdrawn."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from common import clock
from common.auth import Caller
from common.events import LetterAmended, LetterRead, LetterWithdrawn, NotificationAttempted, NotificationRead
from e2e.push_receiver import PushReceiver, Subscriber
from notify import sender, service
from notify.policy import Timing
from notify.settings import Settings
from notify_stage import Stage
from pydantic import ValidationError

pytestmark = pytest.mark.anyio

LONDON = ZoneInfo("Europe/London")
NIGHT = Timing((time(22), time(6)), LONDON)
REMINDING = Timing(remind_after=timedelta(hours=72))
LATER = 72 * 3600 + 60


@pytest.fixture(autouse=True)
def clock_that_goes_back() -> Iterator[None]:
    yield
    clock.move_to(0)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "quiet"),
    [
        # Winter: local time is UTC. Summer: an hour ahead.
        *(
            ("2026-01-10T21:59:59+00:00", False),
            ("2026-01-10T22:00:00+00:00", True),
            ("2026-01-11T05:59:59+00:00", True),
        ),
        *(
            ("2026-01-11T06:00:00+00:00", False),
            ("2026-07-10T20:59:59+00:00", False),
            ("2026-07-10T21:00:00+00:00", True),
        ),
        *(("2026-07-11T04:59:59+00:00", True), ("2026-07-11T05:00:00+00:00", False)),
        # The nights in which the clocks change are an hour shorter and longer; six in the morning ends them all.
        *(
            ("2026-03-29T00:59:59+00:00", True),
            ("2026-03-29T04:59:59+00:00", True),
            ("2026-03-29T05:00:00+00:00", False),
        ),
        *(
            ("2026-10-25T01:30:00+00:00", True),
            ("2026-10-25T05:59:59+00:00", True),
            ("2026-10-25T06:00:00+00:00", False),
        ),
    ],
)
def test_quiet_hours_are_those_of_the_clock_on_the_wall(now: str, quiet: bool) -> None:
    assert NIGHT.is_quiet(at(now)) is quiet


def test_quiet_hours_within_a_day_and_of_an_hour_that_comes_twice() -> None:
    noon = Timing((time(12), time(14)), LONDON)
    assert [noon.is_quiet(at(f"2026-01-10T{hour}:00+00:00")) for hour in ("11", "12", "13", "14")] == [
        *(False, True, True, False)
    ]
    twice = Timing((time(1), time(1, 30)), LONDON)  # 01:00 to 01:30 comes twice on 25 October, and not on 29 March
    assert [twice.is_quiet(at(f"2026-10-25T{hour}+00:00")) for hour in ("00:15", "00:45", "01:15", "01:45")] == [
        *(True, False, True, False)
    ]
    assert not any(twice.is_quiet(at(f"2026-03-29T0{hour}:15+00:00")) for hour in range(4))


def test_nothing_is_quiet_and_nobody_is_reminded_unless_it_was_set(settings: Settings) -> None:
    assert settings.timing.quiet is None
    assert not settings.timing.is_quiet(at("2026-01-10T03:00:00+00:00"))
    assert settings.timing.remind_at(clock.now()) is None


def test_timing_is_that_of_the_settings(settings: Settings) -> None:
    told = {"quiet_hours": "21:30-06:05", "time_zone": "Europe/Berlin", "remind_after_hours": 48}
    chosen = Settings.model_validate(dict(settings) | told).timing
    assert chosen == Timing((time(21, 30), time(6, 5)), ZoneInfo("Europe/Berlin"), timedelta(hours=48))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("quiet_hours", value) for value in ("22-6", "22:00-22:00", "24:00-06:00", "22:00 - 06:00", "22:60-06:00")),
        *(("time_zone", value) for value in ("", "Mars/Base", "../../etc/passwd", "/etc/localtime")),
        *(("remind_after_hours", value) for value in (-1, 721, "soon")),
    ],
)
def test_bad_timing_is_refused_by_name(settings: Settings, name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings.model_validate(dict(settings) | {name: value})
    assert [error["loc"] for error in refusal.value.errors()] == [(name,)]


def timed(stage: Stage, timing: Timing) -> Stage:
    return Stage(replace(stage.work, backend=replace(stage.work.backend, timing=timing)), stage.dns)


@asynccontextmanager
async def sending(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(sender, "REMIND_SECONDS", 0.05)
    async with stage.sending(sender.run, sender.run_reminders):
        yield


async def linked(stage: Stage, browser: Subscriber) -> tuple[Caller, UUID]:
    patient, patient_id = stage.user(), uuid4()
    await stage.link(patient, patient_id)
    await stage.register(patient, browser)
    return patient, patient_id


async def test_push_waits_for_the_end_of_the_quiet_hours_and_the_inbox_does_not(
    stage: Stage, receiver: PushReceiver
) -> None:
    hour, now = timedelta(hours=1), datetime.now(UTC)
    quiet, phone = timed(stage, Timing(((now - hour).time(), (now + hour).time()))), receiver.subscribe()
    patient, patient_id = await linked(quiet, phone)
    async with quiet.sending():
        await quiet.letter(patient_id)
        await asyncio.sleep(1.3)
        (entry,) = await quiet.inbox(patient)
        assert (entry.state, phone.pushes) == ("pending", [])
        clock.move_to(3700)
        quiet.work.backend.due.set()
        await quiet.pushed(phone)
        await quiet.until_state(entry.id, "attempted")


async def test_letter_that_stays_unread_is_pushed_once_more_under_its_topic(
    stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminding, phone = timed(stage, REMINDING), receiver.subscribe()
    patient, patient_id = await linked(reminding, phone)
    async with sending(reminding, monkeypatch):
        await reminding.letter(patient_id)
        await reminding.pushed(phone)
        clock.move_to(72 * 3600 - 60)
        await asyncio.sleep(0.3)
        assert len(phone.pushes) == 1
        clock.move_to(LATER)
        first, second = await reminding.pushed(phone, number=2)
        clock.move_to(3 * LATER)
        await asyncio.sleep(0.3)
    assert len(phone.pushes) == 2
    assert (first.headers["topic"], first.payload) == (second.headers["topic"], second.payload)
    (entry,) = await reminding.inbox(patient)
    assert entry.state == "attempted"
    assert len(await reminding.announced(NotificationAttempted)) == 1


async def test_nobody_is_reminded_of_what_was_read_or_withdrawn_or_is_not_theirs_any_more(
    stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminding, phones = timed(stage, REMINDING), [receiver.subscribe() for _ in range(4)]
    people = [await linked(reminding, phone) for phone in phones]
    (reader, _), (_, withdrawn), (left, unlinked), (opener, opened) = people
    async with sending(reminding, monkeypatch):
        letters = {patient_id: await reminding.letter(patient_id) for _, patient_id in people}
        for phone in phones:
            await reminding.pushed(phone)
        (entry,) = await reminding.inbox(reader)
        await service.read_notification(reminding.work, reader, notification_id=entry.id)
        told = {"letter_uid": letters[withdrawn], "patient_id": withdrawn, "version": 2, "author_id": uuid4()}
        await reminding.happen(LetterWithdrawn.model_validate(told))
        await reminding.pushed(phones[1], number=2)
        await reminding.unlink(left, unlinked)
        by_another_way = {"letter_uid": letters[opened], "patient_id": opened, "user_id": opener.user_id}
        await reminding.happen(LetterRead.model_validate(by_another_way))
        clock.move_to(LATER)
        await asyncio.sleep(0.5)
    assert [len(phone.pushes) for phone in phones] == [1, 2, 1, 1]


async def test_letter_that_was_amended_meanwhile_is_reminded_of_once(
    stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminding, phone = timed(stage, REMINDING), receiver.subscribe()
    _, patient_id = await linked(reminding, phone)
    async with sending(reminding, monkeypatch):
        letter_uid = await reminding.letter(patient_id)
        await reminding.pushed(phone)
        told = {"letter_uid": letter_uid, "patient_id": patient_id, "version": 2, "author_id": uuid4()}
        await reminding.happen(LetterAmended.model_validate(told))
        await reminding.pushed(phone, number=2)
        clock.move_to(LATER)
        await reminding.pushed(phone, number=3)
        await asyncio.sleep(0.3)
    assert [push.payload["title"] for push in phone.pushes[1:]] == ["One of your letters has changed"] * 2
    assert len(phone.pushes) == 3


async def test_letters_that_waited_for_the_link_are_reminded_of_together_from_then_on(
    stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminding, phone, patient, patient_id = timed(stage, REMINDING), receiver.subscribe(), stage.user(), uuid4()
    await reminding.register(patient, phone)
    for days in (5, 4):
        await reminding.letter(patient_id, at=clock.now() - timedelta(days=days))
    async with sending(reminding, monkeypatch):
        await reminding.link(patient, patient_id)
        await reminding.pushed(phone)
        await asyncio.sleep(0.3)
        assert len(phone.pushes) == 1
        clock.move_to(LATER)
        await reminding.pushed(phone, number=2)
        await asyncio.sleep(0.3)
    assert len(phone.pushes) == 2


@pytest.mark.parametrize(("kind", "reminders"), [(LetterWithdrawn, 1), (LetterAmended, 2)])
async def test_letter_that_waited_for_the_link_is_reminded_of_although_the_one_it_came_with_was_changed(
    stage: Stage,
    receiver: PushReceiver,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[LetterAmended],
    reminders: int,
) -> None:
    reminding, phone, patient, patient_id = timed(stage, REMINDING), receiver.subscribe(), stage.user(), uuid4()
    await reminding.register(patient, phone)
    for days in (5, 4):
        newest = await reminding.letter(patient_id, at=clock.now() - timedelta(days=days))
    async with sending(reminding, monkeypatch):
        await reminding.link(patient, patient_id)
        await reminding.pushed(phone)
        told = {"letter_uid": newest, "patient_id": patient_id, "version": 2, "author_id": uuid4()}
        await reminding.happen(kind.model_validate(told))
        await reminding.pushed(phone, number=2)
        clock.move_to(LATER)
        await reminding.pushed(phone, number=2 + reminders)
        await asyncio.sleep(0.3)
    other = (await reminding.inbox(patient, unread=True))[-1]
    assert other.url != f"/letters/{newest}"
    reminded = [push.payload for push in phone.pushes[2:]]
    assert {"notification_id": str(other.id), "title": "You have a new letter"} in reminded
    assert len(reminded) == reminders


async def test_nobody_is_reminded_of_a_letter_that_was_withdrawn_before_they_were_linked(
    stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminding, (old, new) = timed(stage, REMINDING), (receiver.subscribe(), receiver.subscribe())
    first, patient_id = await linked(reminding, old)
    second = reminding.user()
    await reminding.register(second, new)
    letter_uid = await reminding.letter(patient_id)
    told = {"letter_uid": letter_uid, "patient_id": patient_id, "version": 2, "author_id": uuid4()}
    await reminding.happen(LetterWithdrawn.model_validate(told))
    await reminding.unlink(first, patient_id)
    async with sending(reminding, monkeypatch):
        await reminding.link(second, patient_id)
        (push,) = await reminding.pushed(new)
        clock.move_to(LATER)
        await asyncio.sleep(0.5)
    assert push.payload["title"] == "One of your letters has changed"
    assert len(new.pushes) == 1


async def test_user_who_is_linked_next_is_reminded_from_then_on(
    stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminding, (old, new) = timed(stage, REMINDING), (receiver.subscribe(), receiver.subscribe())
    first, patient_id = await linked(reminding, old)
    second = reminding.user()
    await reminding.register(second, new)
    async with sending(reminding, monkeypatch):
        for number in (1, 2):
            await reminding.letter(patient_id)
            await reminding.pushed(old, number=number)
        clock.move_to(LATER - 3600)
        await reminding.unlink(first, patient_id)
        await reminding.link(second, patient_id, at=clock.now())
        await reminding.pushed(new)
        clock.move_to(LATER)
        await asyncio.sleep(0.5)
    assert (len(old.pushes), len(new.pushes)) == (2, 1)


async def test_reminder_finds_the_device_that_was_not_there_before(
    stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminding, phone, patient, patient_id = timed(stage, REMINDING), receiver.subscribe(), stage.user(), uuid4()
    await reminding.link(patient, patient_id)
    await reminding.letter(patient_id)
    (entry,) = await reminding.inbox(patient)
    assert entry.state == "no_device"
    await reminding.register(patient, phone)
    async with sending(reminding, monkeypatch):
        clock.move_to(LATER)
        await reminding.pushed(phone)
        await reminding.until_state(entry.id, "attempted")


async def test_two_replicas_remind_once(stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    reminding = timed(stage, REMINDING)
    phones = [receiver.subscribe() for _ in range(8)]
    async with reminding.sending():
        for phone in phones:
            _, patient_id = await linked(reminding, phone)
            await reminding.letter(patient_id)
            await reminding.pushed(phone)
    clock.move_to(LATER)
    async with sending(reminding, monkeypatch), sending(reminding, monkeypatch):
        await asyncio.gather(*(service.remind_of_unread(reminding.work) for _ in range(8)))
        for phone in phones:
            await reminding.pushed(phone, number=2)
        await asyncio.sleep(0.5)
    assert [len(phone.pushes) for phone in phones] == [2] * 8


async def test_withdrawn_letter_is_news_and_closes_what_was_open_about_it(stage: Stage, receiver: PushReceiver) -> None:
    phone = receiver.subscribe()
    patient, patient_id = await linked(stage, phone)
    letter_uid, other_uid = await stage.letter(patient_id), await stage.letter(patient_id)
    told = {"letter_uid": letter_uid, "patient_id": patient_id, "version": 2, "author_id": uuid4()}
    await stage.happen(LetterWithdrawn.model_validate(told))
    async with stage.sending():
        await stage.pushed(phone, number=2)
        await asyncio.sleep(0.3)
    news, other, closed = await stage.inbox(patient)
    assert (news.template, news.url, news.read_at) == ("amended_letter", f"/letters/{letter_uid}", None)
    assert (other.url, other.read_at) == (f"/letters/{other_uid}", None)
    assert (closed.template, closed.state, closed.read_at is None) == ("new_letter", "read", False)
    assert sorted(push.payload["notification_id"] for push in phone.pushes) == sorted([str(news.id), str(other.id)])
    assert await stage.announced(NotificationRead) == []
