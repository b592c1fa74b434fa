"""What operators see of events, and how events come a second time without being handled twice."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from common.db import Database
from common.events import BEAT_SUBJECT, DURABLES, LetterRead, PatientCreated
from common.inbox import InboxRow
from common.outbox import OutboxRow
from common.work import Work
from native.bare import NatsServer
from ops import events
from ops.house import Settings
from ops_house import FOLLOWING, House, announce, following, provide, until
from sqlalchemy import delete, select, update
from sqlmodel import col

pytestmark = pytest.mark.anyio


async def waiting(house: House) -> int:
    told = (await house.quill("events", "ls", "--json")).json["durables"]
    return next(int(one["pending"] + one["unacknowledged"]) for one in told if one["durable"] == FOLLOWING)


async def all_published(database: Database) -> bool:
    async with database.transaction() as session:
        return (await session.scalars(select(OutboxRow).where(col(OutboxRow.published_at).is_(None)))).first() is None


async def test_tail_prints_facts_of_all_streams_in_the_order_of_time(house: House) -> None:
    letter = {"letter_uid": uuid4(), "patient_id": uuid4()}
    async with house.service("patients") as patients, house.service("letters") as letters:
        (first,) = await announce(patients, letter["patient_id"])
        await until_published(patients)
        async with letters.transaction() as session:
            second = letters.announce(session, LetterRead(**letter, user_id=uuid4()))
        await until_published(letters)
        (third,) = await announce(patients, uuid4())
        await until_published(patients)
    told = await house.quill("events", "tail", "--since", "1m", "--no-follow")
    assert [line.split()[3] for line in told.lines] == [str(first), str(second), str(third)]
    assert told.lines[0].split()[1:3] == [PatientCreated.subject, f"patients/{letter['patient_id']}"]
    assert datetime.fromisoformat(told.lines[0].split()[0]).utcoffset() == timedelta(0)


async def until_published(work: Work[None]) -> None:
    async with asyncio.timeout(60):
        while not await all_published(work.database):
            await asyncio.sleep(0.01)


async def test_tail_tells_no_body_and_leaves_out_what_is_no_fact(house: House) -> None:
    async with house.client("auth") as auth:
        await auth.jetstream().publish(BEAT_SUBJECT, b"{}")
    async with house.client("operator") as operator:
        again = {"ce-id": str(uuid4()), "ce-type": PatientCreated.subject}
        await operator.jetstream().publish(f"quill.again.patients.{FOLLOWING}", b"{}", headers=again)
    async with house.service("patients") as patients:
        await announce(patients, patient := uuid4())
        await until_published(patients)
    told = await house.quill("events", "tail", "--subject", "quill.>", "--since", "1m", "--no-follow", "--json")
    (one,) = [json.loads(line) for line in told.lines]
    assert one["subject"] == f"patients/{patient}"
    assert set(one) == {"time", "type", "source", "subject", "id", "stream", "seq"}


async def test_tail_goes_on_with_what_comes(house: House) -> None:
    seen: list[str] = []

    async def follow() -> None:
        async with Settings().broker() as broker:
            async for message in events.facts(broker, "quill.*.v1.>", since=datetime.now(UTC), follow=True):
                seen.append(message.headers["ce-id"])

    async with house.service("patients") as patients:
        following_live = asyncio.create_task(follow())
        await asyncio.sleep(0.3)
        for _ in range(3):
            (event,) = await announce(patients, uuid4())
            await until(partial(seen.__contains__, str(event)))
        following_live.cancel()


async def test_tail_of_a_subject_that_nobody_keeps_says_so(house: House) -> None:
    told = await house.quill("events", "tail", "--subject", "weather.>", "--no-follow")
    assert (told.code, told.errors) == (1, "quill: no stream keeps weather.>\n")


async def test_list_tells_how_far_each_durable_is(house: House) -> None:
    async with house.service("patients") as patients:
        await announce(patients, uuid4(), uuid4())
        await until_published(patients)
    told = (await house.quill("events", "ls", "--json")).json
    stream = next(one for one in told["streams"] if one["stream"] == "PATIENTS")
    assert stream["messages"] == 2
    assert stream["first"] < stream["last"]
    durable = next(one for one in told["durables"] if one["durable"] == FOLLOWING)
    assert (durable["pending"], durable["unacknowledged"], durable["redelivered"]) == (2, 0, 0)
    assert durable["oldest"] == stream["first"]
    assert {one["durable"] for one in told["durables"]} == {one.name for one in DURABLES}


async def test_list_for_people_holds_in_eighty_columns(house: House) -> None:
    told = await house.quill("events", "ls")
    assert max(map(len, told.lines)) <= 80
    assert "auth-access-recorded-patients" in told.text
    assert "\x1b" not in told.text


async def forget(letters: Work[None], *event_ids: UUID) -> None:
    """Lose what a service knew of handled events, as a restored database does."""
    async with letters.database.transaction() as session:
        await session.execute(delete(InboxRow).where(col(InboxRow.event_id).in_(event_ids)))


async def test_replay_hands_everything_again_and_what_was_handled_is_not_done_twice(house: House) -> None:
    handled: list[UUID] = []
    patients, later = [uuid4() for _ in range(5)], uuid4()
    async with house.service("patients") as work, house.service("letters", following(handled)) as letters:
        ids = await announce(work, *patients)
        await until(lambda: len(handled) == 5)
        await forget(letters, ids[2])
        told = await house.quill("events", "replay", FOLLOWING, "--all")
        await until(lambda: len(handled) == 6)
        await announce(work, later)
        await until(lambda: later in handled)
        await settled(house)
    assert told.text == f"5 messages go to {FOLLOWING}; it leaves alone what it has handled before\n"
    assert handled[5:] == [patients[2], later]


async def settled(house: House) -> None:
    async with asyncio.timeout(60):
        while await waiting(house):
            await asyncio.sleep(0.05)


async def test_replay_since_a_time_leaves_out_what_came_before(house: House) -> None:
    handled: list[UUID] = []
    async with house.service("patients") as work, house.service("letters", following(handled)) as letters:
        ids = await announce(work, uuid4())
        await until(lambda: len(handled) == 1)
        await settled(house)
        between = datetime.now(UTC)
        ids += await announce(work, later := uuid4())
        await until(lambda: len(handled) == 2)
        await settled(house)
        await forget(letters, *ids)
        told = await house.quill("events", "replay", FOLLOWING, "--since", between.isoformat(), "--json")
        await until(lambda: len(handled) == 3)
        await settled(house)
    assert told.json == {"durable": FOLLOWING, "messages": 1}
    assert handled[2:] == [later]


async def test_replay_never_leaves_behind_what_is_not_handled_yet(house: House) -> None:
    async with house.service("patients") as work:
        await announce(work, uuid4(), uuid4())
        await until_published(work)
        between = datetime.now(UTC).isoformat()
        await announce(work, uuid4())
        await until_published(work)
    for since in (between, "0s", "1h"):
        told = await house.quill("events", "replay", FOLLOWING, "--since", since, "--json")
        assert told.json["messages"] == await waiting(house) == 3, since


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((FOLLOWING,), "say from when on: --since TIME, or --all"),
        ((FOLLOWING, "--all", "--since", "1h"), "say from when on: --since TIME, or --all"),
        (("partner-register", "--all"), "no durable partner-register; there are: letters-patient-created, notify-"),
    ],
)
async def test_replay_that_cannot_be_says_why(house: House, arguments: tuple[str, ...], sentence: str) -> None:
    told = await house.quill("events", "replay", *arguments)
    assert told.code == 1
    assert told.errors.startswith(f"quill: {sentence}")


@pytest.mark.parametrize("text", ["yesterday", "10", "2026-13-01"])
async def test_time_that_nobody_understands_is_refused(house: House, text: str) -> None:
    told = await house.quill("events", "replay", FOLLOWING, "--since", text)
    assert told.code == 2
    assert "is neither like 10m" in told.errors


async def test_republish_fills_a_lost_stream_in_its_order_and_nothing_is_handled_twice(
    house: House, new_nats: NatsServer
) -> None:
    handled: list[UUID] = []
    patients = [uuid4() for _ in range(30)]
    async with house.service("patients") as work, house.service("letters", following(handled)):
        ids = [event for one in patients for event in await announce(work, one)]
        await until(lambda: len(handled) == 30)
        await settled(house)
    house.move_to(new_nats)
    await provide(house)
    async with house.service("patients") as work, house.service("letters", following(handled)):
        told = [await house.quill("events", "republish", "patients", "--since", "1h") for _ in range(2)]
        await until_published(work)
        await announce(work, new := uuid4())
        await until(lambda: new in handled)
        await settled(house)
    seen = await house.quill("events", "tail", "--since", "1h", "--no-follow")
    assert told[0].text == "30 events of patients are published again, in their order, by its relay\n"
    assert handled == [*patients, new]
    assert [line.split()[3] for line in seen.lines][:30] == [str(one) for one in ids]
    assert len(seen.lines) == 31


async def test_republish_takes_what_was_stored_between_two_times(house: House) -> None:
    async with house.service("patients") as work:
        for days in (40, 3, 2, 1, -0.01):  # the last by a clock that is ahead of ours
            (event,) = await announce(work, uuid4())
            await until_published(work)
            async with work.database.transaction() as session:
                at = datetime.now(UTC) - timedelta(days=days)
                await session.execute(update(OutboxRow).where(col(OutboxRow.id) == event).values(created_at=at))
        numbers = []
        for span in (["--since", "50d"], ["--since", "60h"], ["--since", "60h", "--until", "36h"]):
            numbers.append((await house.quill("events", "republish", "patients", "--json", *span)).json["events"])
            await until_published(work)
    assert numbers == [4, 3, 1]


async def test_command_says_that_nats_does_not_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUILL_NATS_URL", "nats://127.0.0.1:9")
    async with asyncio.timeout(30):
        told = await house.quill("events", "ls")
    assert told.code == 1
    assert told.errors.startswith("quill: NATS at nats://127.0.0.1:9 does not let operator in")
