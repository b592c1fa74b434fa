"""Two or more ways to the same thing, driven in turns: what the machine does meanwhile, it does to all of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from speed.figures import Sample
from speed.load import Call, Round, drive

WARM_SHARE = 0.5


@dataclass(frozen=True)
class Pace:
    """How long it is measured: rounds of so many seconds; `scale` shrinks what is counted instead."""

    rounds: int
    seconds: float
    scale: float


FULL = Pace(rounds=7, seconds=3.0, scale=1.0)
QUICK = Pace(rounds=3, seconds=0.5, scale=0.1)


@dataclass(frozen=True)
class Turns:
    """What each way brought, round by round."""

    rounds: Mapping[str, list[Round]]

    def ratio(self, ours: str, base: str) -> Sample:
        """Throughput of one way as a share of another's, of the same round."""
        pairs = zip(self.rounds[ours], self.rounds[base], strict=True)
        return Sample.of([mine.rate / other.rate for mine, other in pairs])

    def added(self, ours: str, base: str) -> Sample:
        """Milliseconds that the median answer takes longer one way than the other, in the same round."""
        pairs = zip(self.rounds[ours], self.rounds[base], strict=True)
        return Sample.of([mine.p50 - other.p50 for mine, other in pairs])

    def slower(self, ours: str, base: str) -> Sample:
        """The median answer's time as a multiple of another's, in the same round."""
        pairs = zip(self.rounds[ours], self.rounds[base], strict=True)
        return Sample.of([mine.p50 / other.p50 for mine, other in pairs])

    def told(self) -> str:
        """The absolute values, for people."""
        medians = {name: Sample.of([one.rate for one in seen]).median for name, seen in self.rounds.items()}
        times = {name: Sample.of([one.p50 for one in seen]).median for name, seen in self.rounds.items()}
        return ", ".join(f"{name} {medians[name]:,.0f}/s at {times[name]:.1f} ms" for name in medians)


async def take_turns(
    ways: Mapping[str, Call], *, callers: int, pace: Pace, settle: Callable[[], Awaitable[None]]
) -> Turns:
    """Drive each way once per round, the last of a round first in the next.

    Args:
        ways: by the names they are told under.
        settle: waits until what a round left behind is done, so that it does not slow the next.
    """
    names, rounds = list(ways), {name: list[Round]() for name in ways}
    for name in names:
        await drive(ways[name], callers=callers, seconds=pace.seconds * WARM_SHARE)
        await settle()
    for number in range(pace.rounds):
        for name in names if number % 2 == 0 else reversed(names):
            rounds[name].append(await drive(ways[name], callers=callers, seconds=pace.seconds))
            await settle()
    return Turns(rounds)
