"""What a run is to be, and what came of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chaos import failpoints, nemesis, splits
from chaos.failpoints import POINTS
from chaos.history import History
from chaos.stage import Draw, Stage
from native.settings import SERVICES

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
    seconds: how long people act while things go wrong; on a slow machine up to a minute more.
    quiet: how many seconds people act after it, when everything is well again.
    letters, patients, kills, brokers: with fewer of these (the last: harms to a broker of a cluster) it has shown
        nothing, and has failed.
    whole: it has also failed without a death at each fail point and a journal that came from a dump.
    fault: a protection to be taken away, from chaos.faults.
    form: what the fleet is like.
    """

    seed: int
    seconds: float
    quiet: float = 3.0
    letters: int = 0
    patients: int = 0
    kills: int = 0
    brokers: int = 0
    whole: bool = False
    fault: str = ""
    form: Form = SINGLE

    def missing(self, stage: Stage, *, to_come: int = 0) -> list[str]:
        """What there is too little of so far, when so many letters come later."""
        history: History = stage.history
        seen = {
            "letters": (len(history.of("letter", "ok")), self.letters - to_come),
            "patients": (len(history.of("patient", "ok")), self.patients),
            "kills": (stage.kills, self.kills),
            "harms to a broker": (splits.count(stage.done), self.brokers),
        }
        missing = [f"{number} {name}, fewer than {least}" for name, (number, least) in seen.items() if number < least]
        if self.whole:
            never = POINTS.keys() - set(failpoints.reached(stage.fleet.home))
            missing += [f"nobody died at the fail point {name}" for name in sorted(never)]
            missing += [] if stage.dump.exists() else ["no dump was taken"]
        return missing


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
