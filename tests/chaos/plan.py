"""What a run is to be, and what came of it."""

import math
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chaos import failpoints, nemesis, splits
from chaos.failpoints import POINTS
from chaos.stage import Draw, Stage
from native.settings import SERVICES

AT_ONCE = 1 / 3  # so many harms come before anybody has recovered from the last
SECONDS_A_KILL = 4.0  # where there is less time for each that is missing, nobody waits for recoveries
TWICE = ",".join(f"{service}=2" for service in SERVICES)


@dataclass(frozen=True)
class Form:
    """What the fleet of a run is like.

    doors: what services reach through proxies.
    draws: what goes wrong, each in a thread of its own.
    ways: between which brokers there are proxies, too.
    spared: processes that nobody kills, so that it is seen whether they grow.
    observed: whether a Prometheus looks at it.
    """

    doors: Sequence[str]
    replicas: str
    draws: Sequence[Draw]
    ways: Sequence[str] = ()
    spared: Sequence[str] = ()
    observed: bool = False

    def sparing(self) -> "Form":
        """The same with two replicas of every service, the second of which lives through the run."""
        return replace(self, replicas=TWICE, spared=[f"{service}-2" for service in SERVICES])


_DRAWS = (nemesis.killers, nemesis.freezers, nemesis.troubles)
SINGLE = Form(("fhir", "openehr", "nats", "postgres"), "letters=2,notify=2", _DRAWS)
CLUSTER = Form(
    doors=("fhir", "openehr", *splits.NODES, "postgres"),
    replicas=TWICE,
    draws=(*_DRAWS, splits.splits),
    ways=splits.WAYS,
)


@dataclass(frozen=True)
class Plan:
    """What a run is to be.

    seed: what everything that happens is drawn from.
    seconds: how long people act while things go wrong.
    quiet: how many seconds people act after it, when everything is well again.
    more: how many seconds longer than each of these they act until they have shown enough.
    limit: after so many seconds in all, from the start of the fleet to the end of the checks, it has failed.
    letters, patients, kills, brokers: with fewer of these (the last: harms to a broker of a cluster) it has shown
        nothing, and has failed.
    whole: it has also failed without a death at each fail point and a journal that came from a dump.
    fault: a protection to be taken away, from chaos.faults.
    form: what the fleet is like.
    """

    seed: int
    seconds: float
    quiet: float = 3.0
    more: float = 60.0
    limit: float = math.inf
    letters: int = 0
    patients: int = 0
    kills: int = 0
    brokers: int = 0
    whole: bool = False
    fault: str = ""
    form: Form = SINGLE

    def unwritten(self, stage: Stage, *, share: float = 1.0) -> list[str]:
        """What people have written too little of so far for this share of what they are to write."""
        seen = {
            "letters": (stage.letters, int(self.letters * share)),
            "patients": (len(stage.history.of("patient", "ok")), int(self.patients * share)),
        }
        return _fewer(seen)

    def unharmed(self, stage: Stage) -> list[str]:
        """What has not gone wrong so far, or not often enough."""
        harms = {"kills": (stage.kills, self.kills), "harms to a broker": (splits.count({**stage.done}), self.brokers)}
        missing = _fewer(harms)
        if self.whole:
            never = POINTS.keys() - set(failpoints.reached(stage.fleet.home))
            missing += [f"nobody died at the fail point {name}" for name in sorted(never)]
            missing += [] if stage.dump.exists() else ["no dump was taken"]
        return missing

    def missing(self, stage: Stage) -> list[str]:
        """What there is too little of in the end."""
        return [*self.unwritten(stage), *self.unharmed(stage)]

    def pace(self, stage: Stage, chance: random.Random) -> int:
        """How many letters people get through between two harms, so that recoveries space these and not a clock: one,
        or none where it is drawn so or time is short; when enough has gone wrong, as many as the plan has for a kill.
        """
        time_is_short = stage.latest - time.monotonic() < (self.kills - stage.kills) * SECONDS_A_KILL
        at_once = chance.random() < AT_ONCE or time_is_short
        if not self.kills:
            return 0
        return int(not at_once) if self.unharmed(stage) else self.letters // self.kills


def _fewer(seen: Mapping[str, tuple[int, int]]) -> list[str]:
    return [f"{number} {name}, fewer than {least}" for name, (number, least) in seen.items() if number < least]


@dataclass(frozen=True)
class Report:
    """What came of a run.

    drawn, done, missed: as on the stage.
    faults: every broken promise, in words.
    """

    seed: int
    letters: int = 0
    patients: int = 0
    kills: int = 0
    fail_points: Counter[str] = field(default_factory=Counter)
    drawn: frozenset[str] = frozenset()
    done: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    seconds: float = 0.0
    faults: Sequence[str] = ()
