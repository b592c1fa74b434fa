"""Whether the dashboards tell the truth of a run: what they show is compared with what people were told and what was
done to the fleet."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chaos.announced import FOLLOWERS
from chaos.history import Call, Harm, History
from chaos.judge import needs_of
from native.settings import SERVICES
from observe.asking import Line
from observe.panels import Shown

REQUESTS, FAILED, DOWN = "Requests", "Failed (5xx), share", "Replicas that do not answer"
WRITES, BACKENDS, BURIED = "Tries to carry a write through", "Whether a backend answers", "Dead letters"
PUSHES = "Pushes, by what the push service made of them"
TITLES = {REQUESTS, FAILED, DOWN, WRITES, BACKENDS, BURIED, PUSHES}
ABOUT = 0.1  # what a rate may be off for beginning and ending between two looks
FELT_SECONDS = 6.0  # a process that has come back answers late, and a backend is asked once more
ASKED_BY_PEOPLE = ("letters", "notify")  # nobody else asks these
UNANSWERED = {0, 502, 503, 504}  # perhaps by Caddy


@dataclass(frozen=True)
class Run:
    """A run and what the dashboards show of it.

    history: what people did and were told, in the machine's monotonic time.
    shown: every panel by its title, with a point every `step` seconds.
    ahead: what makes seconds since 1970 of a monotonic time.
    done: what was done, and how often.
    """

    history: History
    shown: Mapping[str, Shown]
    step: float
    ahead: float
    done: Counter[str] = field(default_factory=Counter)

    @property
    def harms(self) -> list[Harm]:
        """What was done to the fleet, and what was away, in seconds since 1970."""
        kept = self.history.harms
        return [replace(one, began=one.began + self.ahead, ended=one.ended + self.ahead) for one in kept]

    def away(self, *services: str) -> list[Harm]:
        """When replicas of these did not answer."""
        return [one for one in self.harms if one.kind.endswith(" away") and one.breaks[0] in services]

    def total(self, title: str, **labels: str) -> float:
        """What the rates of a line come to."""
        points = self.shown[title].line(**labels).points
        return sum(value for _, value in points if math.isfinite(value)) * self.step

    def lost(self, service: str, calls: Sequence[Call]) -> int:
        """How many calls a process may have taken along that it had counted and nobody had looked at; or whose series
        began with them."""
        dark = [(one.began - self.step - 1, one.ended + 2 * self.step + 1) for one in self.away(service)]
        times = [call.at + call.seconds + self.ahead for call in calls]
        return sum(any(begin <= at <= end for begin, end in dark) for at in times)


def check_panels(run: Run) -> Iterator[str]:
    """Every panel shows something."""
    for title, shown in run.shown.items():
        if not any(math.isfinite(value) for _, line in shown.lines for _, value in line.points):
            yield f"{title}: empty"


def check_requests(run: Run) -> Iterator[str]:
    """As many requests are shown as people made, but for those that a killed process had not told of."""
    for service in ASKED_BY_PEOPLE:
        made = [call for call in run.history.calls if service in needs_of(call)]
        sure = [call for call in made if call.status not in UNANSWERED]
        shown = run.total(REQUESTS, service=service)
        yield from _compare(f"{REQUESTS}: {service}", shown, len(sure), len(made), run.lost(service, sure))


def check_letters(run: Run) -> Iterator[str]:
    """As many letters are shown to be carried through as were acknowledged."""
    sure, perhaps = (len(run.history.of("letter", outcome)) for outcome in ("ok", "unknown"))
    written = [call for call in run.history.calls if call.method == "POST" and call.path.endswith("/letters")]
    lost = run.lost("letters", [call for call in written if call.status in {200, 201}])
    shown = run.total(WRITES, kind="letter.create", outcome="done")
    yield from _compare(f"{WRITES}: letters", shown, sure, sure + perhaps, lost)


def _compare(what: str, shown: float, least: int, most: int, lost: int) -> Iterator[str]:
    if not least or not (1 - ABOUT) * (least - lost) <= shown <= (1 + ABOUT) * most:
        yield f"{what}: {shown:.0f} are shown, of {least} to {most}, {lost} of which may have been lost by looking"


def check_replicas(run: Run) -> Iterator[str]:
    """A replica that was away is shown to be, unless that was between two looks; and none that was not."""
    line = run.shown[DOWN].line()
    long = [one for one in run.away(*SERVICES) if one.ended - one.began > run.step + 1]
    for one in long:
        if not _values(line, one.began, one.ended + run.step, at_least=1):
            yield f"{DOWN}: not {one.kind} for {one.ended - one.began:.1f} s"
    if not long:
        yield f"{DOWN}: none was away for long enough to be seen"
    for at in (at for at, value in line.points if value):
        if not _explained(at, run.away(*SERVICES, "caddy"), felt=FELT_SECONDS):
            yield f"{DOWN}: {at:.0f}, when all answered"


def check_backends(run: Run) -> Iterator[str]:
    """An outage of a backend is shown, and no other."""
    outages = [one for one in run.harms if ": " in one.kind]
    for one in outages:
        lines = [line for _, line in run.shown[BACKENDS].lines if line.labels.get("backend") in one.breaks]
        if not any(
            value == 0 for line in lines for at, value in line.points if one.began <= at <= one.ended + run.step
        ):
            yield f"{BACKENDS}: not the outage {one.kind}"
    for name, line in run.shown[BACKENDS].lines:
        reasons = [one for one in run.harms if {*line.labels.values()} & {*one.breaks}]
        for at in (at for at, value in line.points if value == 0):
            if not _explained(at, reasons, felt=FELT_SECONDS):
                yield f"{BACKENDS}: {name} at {at:.0f}, when nothing was broken"


def check_failures(run: Run) -> Iterator[str]:
    """What people were refused while the openEHR server was away is shown, and so are pushes that nobody took."""
    for kind, title, labels in (
        ("openehr: 503", FAILED, {"service": "letters"}),
        ("pushes 500", PUSHES, {"outcome": "later"}),
    ):
        line = run.shown[title].line(**labels)
        for one in (one for one in run.harms if one.kind == kind):
            if not _values(line, one.began, one.ended + run.step, at_least=0.01):
                yield f"{title}: nothing of {kind}"


def check_dead_letters(run: Run) -> Iterator[str]:
    """What no consumer could make sense of is shown with each that it came to, and nothing else is."""
    there = {line.labels["durable"]: line.points[-1][1] for _, line in run.shown[BURIED].lines}
    expected = dict.fromkeys(FOLLOWERS, float(run.done["poison"]))
    if there != expected:
        yield f"{BURIED}: {there}, and not {expected}"


def _values(line: Line, begin: float, end: float, *, at_least: float) -> bool:
    return any(begin <= at <= end and value >= at_least for at, value in line.points)


def _explained(at: float, harms: Sequence[Harm], *, felt: float) -> bool:
    return any(one.began - 1 <= at <= one.ended + felt for one in harms)


CHECKS = (
    *(check_panels, check_requests, check_letters, check_replicas),
    *(check_backends, check_failures, check_dead_letters),
)
