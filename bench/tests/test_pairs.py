"""Ways are compared round by round, in turns."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from speed import pairs
from speed.load import Call, Round
from speed.pairs import FULL, QUICK, Pace, Turns, in_turns, take_turns, warm

FAST, SLOW = Round(times=[0.001] * 100, seconds=1), Round(times=[0.004] * 25, seconds=1)
DRAGGED = Round(times=[0.008] * 12, seconds=1)


def turns(**rounds: list[Round]) -> Turns:
    return Turns(rounds)


def test_ratio_is_the_median_of_rounds_and_not_the_ratio_of_medians() -> None:
    """From the second round on the machine is slow: what counts is how the two compare while it does the same."""
    seen = turns(base=[FAST, SLOW, SLOW], ours=[SLOW, DRAGGED, DRAGGED])
    assert seen.ratio("ours", "base").values == (0.25, 0.48, 0.48)
    seen = turns(base=[FAST, SLOW, SLOW], ours=[SLOW, SLOW, Round(times=[0.02] * 5, seconds=1)])
    assert seen.ratio("ours", "base").median == 0.25  # the medians are equal


def test_added_time_is_told_in_milliseconds_and_slowness_as_a_factor() -> None:
    seen = turns(base=[FAST, SLOW], ours=[SLOW, DRAGGED])
    assert seen.added("ours", "base").values == pytest.approx((3.0, 4.0))
    assert seen.slower("ours", "base").values == pytest.approx((4.0, 2.0))


def test_absolute_values_are_told_with_the_ratio() -> None:
    busy = replace(SLOW, settled=1.26)
    assert turns(HAPI=[FAST], Quill=[busy]).told() == "HAPI 100/s at 1.0 ms + 0.0 s, Quill 25/s at 4.0 ms + 1.3 s"


def test_counts_shrink_with_the_pace() -> None:
    assert [FULL.count(10_000), QUICK.count(10_000)] == [10_000, 1_000]
    assert [QUICK.count(3), QUICK.count(200, least=40), FULL.count(200, least=40)] == [1, 40, 200]


def test_ways_take_turns_and_the_last_goes_first_then() -> None:
    happened: list[str] = []

    def way(name: str) -> Callable[[], Awaitable[int]]:
        async def go() -> int:
            happened.append(name)
            return len(happened)

        return go

    brought = asyncio.run(in_turns({name: way(name) for name in "abc"}, rounds=3))
    assert "".join(happened) == "abccbaabc"
    assert brought == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


def driving(monkeypatch: pytest.MonkeyPatch, *rounds: Round) -> list[str]:
    """Have these rounds brought one after the other, the last again and again; what happens then."""
    happened, coming = list[str](), list(rounds)

    async def drive(call: Call, *, callers: int, seconds: float) -> Round:
        happened.append(f"{call.make().decode()} {callers} for {seconds:g}")
        return coming.pop(0) if len(coming) > 1 else replace(coming[0])

    monkeypatch.setattr(pairs, "drive", drive)
    return happened


def test_each_round_is_followed_by_a_timed_wait_for_a_quiet_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    happened = driving(monkeypatch, FAST)
    ways = {name: Call("127.0.0.1", 1, name.encode) for name in ("a", "b")}

    async def settle() -> None:
        happened.append("settled")
        await asyncio.sleep(0.01)

    seen = asyncio.run(take_turns(ways, callers=16, pace=Pace(2, 2, 1, 30), settle=settle))
    assert happened[1::2] == ["settled"] * 6
    assert happened[::2] == [f"{one} 16 for {long}" for one, long in zip("ababba", "112222", strict=True)]
    assert [len(rounds) for rounds in seen.rounds.values()] == [2, 2]
    assert all(one.settled >= 0.01 for rounds in seen.rounds.values() for one in rounds)


def rounds_of(*rates: int) -> list[Round]:
    return [Round(times=[0.001] * rate, seconds=1) for rate in rates]


def test_server_is_warm_when_it_gets_no_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    happened = driving(monkeypatch, *rounds_of(100, 200, 300, 310, 1000))
    asyncio.run(warm(Call("127.0.0.1", 1, "a".encode), pace=FULL))
    assert happened == ["a 16 for 2"] * 4


def test_server_that_never_settles_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    happened = driving(monkeypatch, *rounds_of(*(2**power for power in range(20))))
    minutes = itertools.count(0, 10)
    monkeypatch.setattr("speed.pairs.time.monotonic", lambda: float(next(minutes)))
    asyncio.run(warm(Call("127.0.0.1", 1, "a".encode), pace=FULL))
    assert len(happened) == 2
