"""The budgets, all in one table: what the figure of a name must keep. A figure that is not named here is told only."""

from collections.abc import Collection, Mapping

from speed.figures import Budget, Figure, Sample, at_least, at_most

SERVICES = ("auth", "patients", "letters", "notify")
BUDGETS: Mapping[str, Budget] = {
    "Load generator: answers that cost nothing to the quickest measured": at_least(2),
    # Sixteen callers keep both sides busy all the time; then an answer's time is the other side of the throughput, and
    # what is added has no budget of its own.
    "Demographics, 1 caller: added p50": at_most(3.5),
    "Demographics, 1 caller: throughput": at_least(0.25),
    "Demographics, 16 callers: throughput": at_least(0.25),
    "Own account, 16 callers: throughput": at_least(0.4),
    "Own account, 16 callers: throughput to a FHIR read's": at_least(0.45),
    "Letter written, 1 caller: added p50": at_most(10),
    "Letter written, 1 caller: throughput": at_least(0.35),
    "Letter written, 16 callers: throughput": at_least(0.35),
    "Letters list, 20 of 1,000, 1 caller: added p50": at_most(3),
    "Patients list: p50 with 10,000 to p50 with 100": at_most(1.3),
    "Patients list: p50 with 100,000 to p50 with 100": at_most(1.3),
    "Patients name search: p50 with 10,000 to p50 with 100": at_most(1.3),
    "Patients name search: p50 with 100,000 to p50 with 100": at_most(1.3),
    "Letter accepted → push received: p50": at_most(30),
    "Letter accepted → push received: p99": at_most(150),
    "Pushes per second of one process": at_least(400),
    "Pushes per second of notify's processor time": at_least(400),
    "A letter's push during a send to many devices: longest": at_most(1),
    "Outbox relay to bare pipelined publishing": at_least(0.8),
    "Consumer with inbox, one process": at_least(800),
    "Sign-ins to bare bcrypt": at_least(0.9),
    "Processor time of a request with 1, 2 and 4 replicas: apart": at_most(10),
    **{f"{service}: memory after many requests": at_most(120) for service in SERVICES},
    **{f"{service}: start to ready": at_most(3) for service in SERVICES},
}


def figure(what: str, sample: Sample, unit: str, against: str = "") -> Figure:
    """A figure with the budget of its name."""
    return Figure(what, sample, unit, BUDGETS.get(what), against)


def unmeasured(figures: Collection[Figure]) -> list[str]:
    """The budgets that no figure was judged by."""
    return sorted(BUDGETS.keys() - {one.what for one in figures})
