"""Dead letters: seen, handed again to the one consumer that buried them, removed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from common.consumer import Consumer, consumes
from common.errors import NotFound
from common.events import DURABLES, AccessRecorded, LetterCreated
from common.work import Work
from ops_house import House, provide, until

pytestmark = pytest.mark.anyio

DURABLE = "notify-letter-created"
BURIED = f"quill.dlq.notify.{DURABLE}"


class Healable:
    """A consumer that refuses every event for good until it is healed."""

    def __init__(self) -> None:
        self.ill, self.refused, self.handled = True, 0, list[UUID]()

    @property
    def consumer(self) -> Consumer[None, Any]:
        @consumes(LetterCreated, durable=DURABLE)
        async def handle(work: Work[None], event: LetterCreated) -> None:
            if self.ill:
                self.refused += 1
                raise NotFound
            async with work.transaction():
                self.handled.append(event.letter_uid)

        return handle


@asynccontextmanager
async def burying(house: House, *, number: int = 1) -> AsyncIterator[Healable]:
    """A running notify that has buried so many letters, and letters' facts."""
    healable = Healable()
    async with house.service("letters") as letters, house.service("notify", healable.consumer):
        for _ in range(number):
            async with letters.transaction() as session:
                ids = {name: uuid4() for name in ("letter_uid", "patient_id", "author_id")}
                letters.announce(session, LetterCreated(**ids, version=1))
        await buried(house, number)
        yield healable


async def listed(house: House) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = (await house.quill("dlq", "ls", "--json")).json
    return told


async def buried(house: House, number: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        while len(found := await listed(house)) != number:
            await asyncio.sleep(0.05)
    return found


async def delivered(house: House) -> dict[str, int]:
    """How many messages each durable has had or has before it."""
    numbers = {}
    async with house.client("provision") as client:
        for one in DURABLES:
            info = await client.jetstream().consumer_info(one.event.stream(), one.name)
            assert info.delivered is not None
            numbers[one.name] = info.delivered.consumer_seq + (info.num_pending or 0)
    return numbers


async def test_list_names_each_dead_letter(house: House) -> None:
    async with burying(house, number=2):
        first, second = await listed(house)
        told = await house.quill("dlq", "ls")
    assert (first["no"], second["no"]) == (1, 2)
    assert {one["durable"] for one in (first, second)} == {DURABLE}
    assert {one["reason"] for one in (first, second)} == {"not-found"}
    assert {one["event"] for one in (first, second)} == {LetterCreated.subject}
    assert len(told.lines) >= 4
    assert max(map(len, told.lines)) <= 80


async def test_list_breaks_no_name_to_hold_in_eighty_columns(house: House) -> None:
    longest = max((durable.name for durable in DURABLES), key=len)
    async with house.client("auth") as auth:
        headers = {"Quill-Reason": "BackendUnavailable", "ce-type": AccessRecorded.subject}
        await auth.jetstream().publish(f"quill.dlq.auth.{longest}", b"{}", headers=headers)
    told = await house.quill("dlq", "ls")
    assert f" {longest} " in told.text
    assert max(map(len, told.lines)) <= 80


async def test_list_without_dead_letters_says_so(house: House) -> None:
    told = await house.quill("dlq", "ls")
    assert (told.code, told.text) == (0, "no dead letters\n")


async def test_show_tells_headers_and_body(house: House) -> None:
    async with burying(house):
        told = (await house.quill("dlq", "show", 1, "--json")).json
        text = (await house.quill("dlq", "show", 1)).text
    assert told["headers"]["Quill-Subject"] == LetterCreated.subject
    assert told["headers"]["ce-id"] == told["id"]
    assert set(told["body"]) == {"letter_uid", "patient_id", "version", "author_id"}
    assert f"ce-id: {told['id']}" in text
    assert f'"letter_uid": "{told["body"]["letter_uid"]}"' in text


async def test_show_of_a_body_that_is_no_json_cannot_steer_the_terminal(house: House) -> None:
    async with house.client("notify") as notify:
        await notify.jetstream().publish(BURIED, b"\x1b[2J\xff", headers={"Quill-Reason": "malformed"})
    told = await house.quill("dlq", "show", 1)
    assert told.code == 0
    assert "\x1b" not in told.text


async def test_replay_reaches_the_consumer_that_buried_and_nobody_else(house: House) -> None:
    async with burying(house) as healable:
        before, healable.ill = await delivered(house), False
        told = await house.quill("dlq", "replay", 1)
        await until(lambda: healable.handled)
        after = await delivered(house)
        assert told.text == f"1 handed again to {DURABLE}\n"
        assert await listed(house) == []
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {DURABLE: 1}


async def test_replay_of_what_was_handled_meanwhile_does_nothing(house: House) -> None:
    async with burying(house) as healable:
        healable.ill = False
        await house.quill("events", "replay", DURABLE, "--all")
        await until(lambda: healable.handled)
        await house.quill("dlq", "replay", 1)
        await asyncio.sleep(0.5)
        assert len(healable.handled) == 1
        assert await listed(house) == []


async def test_replay_that_fails_again_is_buried_under_another_number(house: House) -> None:
    async with burying(house) as healable:
        (before,) = await listed(house)
        await house.quill("dlq", "replay", "--all")
        await until(lambda: healable.refused == 2)
        (after,) = await buried(house, 1)
    assert after["no"] == 2
    assert {name: after[name] for name in ("id", "event", "reason")} == {
        name: before[name] for name in ("id", "event", "reason")
    }


async def test_replay_from_a_list_that_was_lost_and_counts_from_one_again_reaches_its_consumer(house: House) -> None:
    async with burying(house) as first:
        first.ill = False
        await house.quill("dlq", "replay", 1)
        await until(lambda: first.handled)
    async with house.client("backup") as client:
        await client.request("$JS.API.STREAM.DELETE.DLQ", b"", timeout=5)
    await provide(house)
    async with burying(house) as second:
        (letter,) = await listed(house)
        second.ill = False
        await house.quill("dlq", "replay", 1)
        await until(lambda: second.handled)
    assert letter["no"] == 1


async def test_replay_that_stops_at_a_refusal_tells_programs_what_was_done_before(house: House) -> None:
    async with burying(house) as healable:
        async with house.client("notify") as notify:
            await notify.jetstream().publish("quill.dlq.notify.notify-weather-changed", b"{}")
        healable.ill = False
        told = await house.quill("dlq", "replay", "--all", "--json")
        await until(lambda: healable.handled)
    assert (told.code, [one["no"] for one in told.json]) == (1, [1])
    assert "2 belongs to notify-weather-changed" in told.errors


async def test_replay_of_a_durable_that_is_no_more_is_refused(house: House) -> None:
    async with house.client("notify") as notify:
        await notify.jetstream().publish("quill.dlq.notify.notify-weather-changed", b"{}")
    told = await house.quill("dlq", "replay", 1)
    assert (told.code, len(await listed(house))) == (1, 1)
    assert "notify-weather-changed, which is no durable any more; drop it" in told.errors


async def test_drop_removes_what_was_named_after_a_question(house: House) -> None:
    async with burying(house, number=3):
        kept = await house.quill("dlq", "drop", 2, answer="n\n")
        assert (kept.code, len(await listed(house))) == (1, 3)
        dropped = await house.quill("dlq", "drop", 2, answer="y\n")
        assert dropped.code == 0
        assert [one["no"] for one in await listed(house)] == [1, 3]
        again = await house.quill("dlq", "drop", 2, "--yes")
        assert (again.code, again.errors) == (1, "quill: there is no dead letter 2\n")
        assert [one["no"] for one in await listed(house)] == [1, 3]
        assert (await house.quill("dlq", "drop", "--all", "--yes")).code == 0
        assert await listed(house) == []


@pytest.mark.parametrize("command", ["show", "replay", "drop"])
async def test_number_that_is_not_there_is_named(house: House, command: str) -> None:
    told = await house.quill("dlq", command, 7)
    assert (told.code, told.errors) == (1, "quill: there is no dead letter 7\n")


@pytest.mark.parametrize("command", ["replay", "drop"])
@pytest.mark.parametrize("arguments", [(), (1, "--all")])
async def test_command_without_a_clear_choice_does_nothing(house: House, command: str, arguments: tuple[str]) -> None:
    told = await house.quill("dlq", command, *arguments)
    assert told.code == 1
    assert "say which" in told.errors
