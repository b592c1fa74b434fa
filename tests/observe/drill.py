"""The drill: fault after fault on a fleet at which people work, until the alerts of each fire, and until they clear."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from chaos.people import Actor, Clinician, Reader
from chaos.stage import Stage, thread, working
from e2e.client import demo_person
from observe.asking import Alert
from observe.faults import Fault, Labels

CLINICIANS, READERS = 3, 2
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 240.0


class Source(Protocol):
    """Whoever knows the alerts."""

    def alerts(self) -> Sequence[Alert]:
        """Every alert that fires or will."""


@dataclass(frozen=True)
class Seen:
    """What came of a fault.

    fired: by alert, after how many seconds of the fault it fired; or after its end, if it is one that fires then.
    cleared: how long after the end none of it was left; neither has an alert that did not.
    firing: every alert that fired, those that were not asked for as well.
    """

    fault: Fault
    fired: Mapping[str, float]
    cleared: Mapping[str, float]
    firing: Sequence[Alert] = ()

    @property
    def names(self) -> set[str]:
        """What fired, whatever it was about."""
        return {one.name for one in self.firing}

    @property
    def broken(self) -> list[str]:
        """What did not happen as it should."""
        silent = [f"{name} did not fire" for name in sorted(self.fault.drilled - self.fired.keys())]
        lasting = [f"{name} did not clear" for name in sorted(self.names - self.cleared.keys())]
        unasked = {str(one) for one in self.firing if not self.fault.explains(one)}
        strange = [f"{one} fired, which does not follow" for one in sorted(unasked)]
        return [f"{self.fault.what}: {one}" for one in (*silent, *lasting, *strange)]


@dataclass
class Watch:
    """Looks at the alerts for as long as a fault is felt; `fired`: every one that did."""

    source: Source
    patience: float
    fired: list[Alert] = field(default_factory=list)

    def until_firing(self, wanted: Mapping[str, Labels]) -> dict[str, float]:
        """After how many seconds each of these fired, of those that did in time."""
        began, found = time.monotonic(), dict[str, float]()
        for now in self._looks(began):
            for one in now:
                if one.fires and one.name in wanted and one.is_about(wanted[one.name]):
                    found.setdefault(one.name, time.monotonic() - began)
            if found.keys() == wanted.keys():
                break
        return found

    def until_clear(self) -> dict[str, float]:
        """After how many seconds each that fired had cleared for good, of those that have when none is left at all."""
        began, found = time.monotonic(), dict[str, float]()
        for now in self._looks(began):
            firing = {one.name for one in now if one.fires}
            names = {one.name for one in self.fired} - firing
            found = {name: found.get(name, time.monotonic() - began) for name in names}
            if not now:
                break
        return found

    def _looks(self, began: float) -> Iterator[Sequence[Alert]]:
        while True:
            now = self.source.alerts()
            self.fired += [one for one in now if one.fires and one not in self.fired]
            yield now
            if time.monotonic() - began > self.patience:
                return
            time.sleep(LOOK_SECONDS)


def drill(fault: Fault, stage: Stage, source: Source, *, patience: float = PATIENCE_SECONDS) -> Seen:
    """Break something until its alerts fire, mend it, and wait until they have cleared.

    Args:
        fault: what is broken.
        stage: what it is done to.
        source: knows the alerts.
        patience: how many seconds they may take to fire, and then to clear.
    """
    Watch(source, patience).until_clear()  # what was felt of the fault before
    watch = Watch(source, patience)
    with fault.happen(stage):
        fired = watch.until_firing(fault.alerts)
    fired |= watch.until_firing(fault.afterwards)
    cleared = watch.until_clear()
    return Seen(fault, fired, cleared, watch.fired)


@contextmanager
def at_work(stage: Stage) -> Iterator[None]:
    """People who write and read all the while."""
    over = threading.Event()
    people = [demo_person(stage.fleet, "clinician") for _ in range(CLINICIANS)]
    actors: list[Actor] = [Clinician(one, stage.history, stage.house, seed=seed) for seed, one in enumerate(people)]
    actors += [Reader(one, stage.history, seed=0) for one in stage.house.linked[:READERS]]
    try:
        with working([thread(stage, type(one).__name__, one.run, over) for one in actors], over):
            yield
    finally:
        for person in people:
            person.http.close()


def table(seen: Sequence[Seen]) -> Iterator[str]:
    """What came of the drill, in Markdown."""
    yield "| Alert | Fault | Fired | Cleared | Fired as well |"
    yield "|---|---|---|---|---|"
    for one in seen:
        yield from rows(one)


def rows(seen: Seen) -> Iterator[str]:
    """What came of a fault, a row for each of its alerts."""
    for name in (*seen.fault.alerts, *seen.fault.afterwards):
        fired = _seconds(seen.fired.get(name)) + (" after it" if name in seen.fault.afterwards else "")
        others = ", ".join(sorted(seen.names - seen.fault.drilled)) or "–"
        yield f"| {name} | {seen.fault.what} | {fired} | {_seconds(seen.cleared.get(name))} | {others} |"


def _seconds(time: float | None) -> str:
    return "never" if time is None else f"{time:.0f} s"
