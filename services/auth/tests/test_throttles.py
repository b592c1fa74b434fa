"""Limits on guessing, on PostgreSQL: per submitted name and per client address."""

import asyncio

import pytest
from auth import throttles
from auth.errors import AccountTaken, CredentialsRefused
from auth.throttles import BackOff, Window, address_subject
from auth.visitor import Visitor
from auth_stage import PASSWORD, MakeSettings, Stage
from common.errors import TooManyRequests
from sqlalchemy import text

pytestmark = pytest.mark.anyio


async def tries(stage: Stage, limit: Window | BackOff, number: int) -> list[int]:
    """Reserve so many tries at once; the waits of those that were refused, in seconds."""

    async def one() -> int:
        try:
            async with stage.work.transaction() as session:
                await throttles.reserve(session, limit, "somebody")
        except TooManyRequests as refused:
            return int(refused.headers["Retry-After"])
        return 0

    return await asyncio.gather(*(one() for _ in range(number)))


async def pass_time(stage: Stage, seconds: float) -> None:
    await stage.execute("UPDATE throttles SET until = until - make_interval(secs => :seconds)", seconds=seconds)


@pytest.mark.parametrize("name", ["alice", "alice@example.org", "nobody"])
async def test_log_in_after_five_failures_is_refused_even_with_the_right_password(stage: Stage, name: str) -> None:
    await stage.register("alice")
    for _ in range(5):
        with pytest.raises(CredentialsRefused):
            await stage.log_in(name, "wrong")
    with pytest.raises(TooManyRequests) as refused:
        await stage.log_in(name.upper(), PASSWORD)
    assert 28 <= int(refused.value.headers["Retry-After"]) <= 30


async def test_log_in_that_succeeds_forgets_the_failures(stage: Stage) -> None:
    await stage.register("alice")
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(CredentialsRefused):
                await stage.log_in("alice", "wrong")
        await stage.log_in("alice")


async def test_log_in_guesses_in_parallel_get_five_answers(stage: Stage) -> None:
    await stage.register("alice")
    answers = await asyncio.gather(*(stage.log_in("alice", f"guess {n}") for n in range(20)), return_exceptions=True)
    assert [type(answer) for answer in answers].count(CredentialsRefused) == 5
    assert [type(answer) for answer in answers].count(TooManyRequests) == 15


async def test_log_in_many_times_at_once_with_the_right_password_gets_in_every_time(stage: Stage) -> None:
    await stage.register("alice")
    answers = await asyncio.gather(*(stage.log_in("alice") for _ in range(16)))
    assert len({answer.refresh_token for answer in answers}) == 16


async def test_back_off_doubles_to_its_longest_and_forgets_after_an_hour(stage: Stage) -> None:
    limit, waits = BackOff("test", tries=2, pause=30, longest=200), []
    assert await tries(stage, limit, 2) == [0, 0]
    for _ in range(5):
        (wait,) = await tries(stage, limit, 1)
        waits.append(wait)
        await pass_time(stage, wait)
        assert await tries(stage, limit, 1) == [0]
    assert waits == [30, 60, 120, 200, 200]
    await pass_time(stage, 200 + 3601)
    assert await tries(stage, limit, 3) == [0, 0, 30]


async def test_window_begins_anew_after_its_span(stage: Stage) -> None:
    limit = Window("test", tries=3, seconds=60)
    answers = await tries(stage, limit, 10)
    assert sorted(answers) == [0, 0, 0, *[60] * 7]
    await pass_time(stage, 61)
    assert (await tries(stage, limit, 4)).count(0) == 3


async def test_log_in_counts_failures_of_an_address_but_not_successes(
    stage: Stage, make_settings: MakeSettings
) -> None:
    await stage.register("alice")
    strict = stage.under(make_settings(login_failures_per_minute=3))
    for _ in range(6):
        await strict.log_in("alice")
    for number in range(3):
        with pytest.raises(CredentialsRefused):
            await strict.log_in(f"name{number}", "wrong")
    with pytest.raises(TooManyRequests):
        await strict.log_in("alice")
    strict.visitor = Visitor(address="192.0.2.8")
    assert (await strict.log_in("alice")).refresh_token


async def test_register_counts_every_try_of_an_address(stage: Stage, make_settings: MakeSettings) -> None:
    strict = stage.under(make_settings(registrations_per_hour=2))
    await strict.register("alice")
    with pytest.raises(AccountTaken):
        await strict.register("alice")
    with pytest.raises(TooManyRequests) as refused:
        await strict.register("bobby")
    assert 3590 <= int(refused.value.headers["Retry-After"]) <= 3600


async def test_what_people_typed_is_not_stored(stage: Stage) -> None:
    with pytest.raises(CredentialsRefused):
        await stage.log_in("my secret password typed into the wrong field", "x")
    async with stage.work.database.transaction() as session:
        keys = (await session.scalars(text("SELECT key FROM throttles"))).all()
    assert keys
    assert not any("secret" in key for key in keys)


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_address_stands_for_its_subscriber(address: str | None, subject: str) -> None:
    assert address_subject(address) == subject
