"""Ways are compared round by round, in turns."""

import asyncio
from collections.abc import Mapping

import pytest
from speed import pairs
from speed.load import Call, Round
from speed.pairs import Pace, Turns, take_turns

FAST, SLOW = Round(times=[0.001] * 100, seconds=1), Round(times=[0.004] * 25, seconds=1)
DRAGGED = Round(times=[0.008] * 12, seconds=1)


def turns(**rounds: list[Round]) -> Turns:
    return Turns(rounds)


def test_ratio_is_of_the_same_round() -> None:
    """Halfway the machine became slow: ratios stay what they were, which medians of each way would not show."""
    halved = Round(times=[0.008] * 50, seconds=4)
    seen = turns(base=[FAST, SLOW], ours=[SLOW, Round(times=[0.016] * 25, seconds=4)])
    assert seen.ratio("ours", "base").values == (0.25, 0.25)
    assert halved.rate == 12.5


def test_added_time_is_told_in_milliseconds_and_slowness_as_a_factor() -> None:
    seen = turns(base=[FAST, SLOW], ours=[SLOW, DRAGGED])
    assert seen.added("ours", "base").values == pytest.approx((3.0, 4.0))
    assert seen.slower("ours", "base").values == pytest.approx((4.0, 2.0))


def test_absolute_values_are_told_with_the_ratio() -> None:
    assert turns(HAPI=[FAST], Quill=[SLOW]).told() == "HAPI 100/s at 1.0 ms, Quill 25/s at 4.0 ms"


def test_ways_take_turns_and_each_begins_on_a_quiet_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    ways: Mapping[str, Call] = {name: Call("127.0.0.1", 1, name.encode) for name in ("a", "b")}

    async def drive(call: Call, *, callers: int, seconds: float) -> Round:
        happened.append(call.make().decode() + (f" {callers}" if seconds == 2 else " warm"))
        return FAST

    async def settle() -> None:
        happened.append("settled")

    monkeypatch.setattr(pairs, "drive", drive)
    seen = asyncio.run(take_turns(ways, callers=16, pace=Pace(2, 2, 1), settle=settle))
    assert happened[1::2] == ["settled"] * 6
    assert happened[::2] == ["a warm", "b warm", "a 16", "b 16", "b 16", "a 16"]
    assert [len(rounds) for rounds in seen.rounds.values()] == [2, 2]
