"""Two or more ways to the same thing, driven in turns: what the machine does meanwhile, it does to all of them."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from speed.figures import Sample
from speed.load import Call, Round, drive

WARM_SHARE = 0.5
WARM_CALLERS = 16
STEADY = 0.05


@dataclass(frozen=True)
class Pace:
    """How long it is measured.

    rounds: how often.
    seconds: how long each round lasts.
    scale: of what is counted instead, this share.
    warm_seconds: the longest that is waited for compilers.
    """

    rounds: int
    seconds: float
    scale: float
    warm_seconds: float

    def count(self, full: int, *, least: int = 1) -> int:
        """How many there are of what a full run has so many of."""
        return max(least, int(full * self.scale))


FULL = Pace(rounds=7, seconds=3.0, scale=1.0, warm_seconds=30.0)
QUICK = Pace(rounds=3, seconds=0.5, scale=0.1, warm_seconds=15.0)


@dataclass(frozen=True)
class Turns:
    """What each way brought, round by round."""

    rounds: Mapping[str, list[Round]]

    def ratio(self, ours: str, base: str) -> Sample:
        """Throughput of one way as a share of another's, of the same round."""
        return self._of_both(ours, base, lambda mine, other: mine.rate / other.rate)

    def added(self, ours: str, base: str) -> Sample:
        """Milliseconds that the median answer takes longer one way than the other, in the same round."""
        return self._of_both(ours, base, lambda mine, other: mine.p50 - other.p50)

    def slower(self, ours: str, base: str) -> Sample:
        """The median answer's time as a multiple of another's, in the same round."""
        return self._of_both(ours, base, lambda mine, other: mine.p50 / other.p50)

    def told(self) -> str:
        """The absolute values, for people; after the plus the time until what a round left behind was done."""
        return ", ".join(
            f"{name} {_median(seen, 'rate'):,.0f}/s at {_median(seen, 'p50'):.1f} ms + {_median(seen, 'settled'):.1f} s"
            for name, seen in self.rounds.items()
        )

    def _of_both(self, ours: str, base: str, compare: Callable[[Round, Round], float]) -> Sample:
        return Sample.of([compare(*pair) for pair in zip(self.rounds[ours], self.rounds[base], strict=True)])


def _median(seen: list[Round], part: str) -> float:
    return Sample.of([getattr(one, part) for one in seen]).median


async def warm(call: Call, *, pace: Pace) -> None:
    """Call until it gets no faster: two seconds' rate is within a twentieth of the two seconds' before, or time is up.

    What is compiled while it works (HAPI) is slow for much longer than a round.
    """
    before, until = 0.0, time.monotonic() + pace.warm_seconds
    while time.monotonic() < until:
        rate = (await drive(call, callers=WARM_CALLERS, seconds=2)).rate
        if abs(rate - before) < STEADY * rate:
            return
        before = rate


async def in_turns[T](ways: Mapping[str, Callable[[], Awaitable[T]]], *, rounds: int) -> dict[str, list[T]]:
    """Go each way once per round, the last of a round first in the next; what each brought, round by round."""
    brought: dict[str, list[T]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: 1 if number % 2 == 0 else -1]:
            brought[name].append(await ways[name]())
    return brought


async def take_turns(
    ways: Mapping[str, Call], *, callers: int, pace: Pace, settle: Callable[[], Awaitable[None]]
) -> Turns:
    """Drive each way once per round, in turns.

    Args:
        ways: by the names they are told under.
        callers: how many ask at once.
        pace: rounds and their length; half of a round goes before.
        settle: waits until what a round left behind is done, so that it does not slow the next.
    """

    async def go(call: Call, seconds: float) -> Round:
        seen = await drive(call, callers=callers, seconds=seconds)
        began = time.perf_counter()
        await settle()
        seen.settled = time.perf_counter() - began
        return seen

    for call in ways.values():
        await go(call, pace.seconds * WARM_SHARE)
    return Turns(
        await in_turns({name: partial(go, call, pace.seconds) for name, call in ways.items()}, rounds=pace.rounds)
    )
