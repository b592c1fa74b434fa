"""What was promised is what is judged."""

from collections.abc import Mapping

from speed.budgets import BUDGETS, SERVICES, figure, unmeasured
from speed.figures import Sample

LARGER = ("10,000", "100,000")
# By what is promised: how much, and the figures that show it.
PROMISED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "demographics, beside a read at HAPI": ("≤3.5", ("Demographics, 1 caller: added p50",)),
    "their throughput": ("≥0.25", tuple(f"Demographics, {who}: throughput" for who in ("1 caller", "16 callers"))),
    "own account, beside an empty route": ("≥0.4", ("Own account, 16 callers: throughput",)),
    "own account, beside a read at HAPI": ("≥0.45", ("Own account, 16 callers: throughput to a FHIR read's",)),
    "a letter, beside a commit": ("≤10", ("Letter written, 1 caller: added p50",)),
    "letters' throughput": ("≥0.35", tuple(f"Letter written, {who}: throughput" for who in ("1 caller", "16 callers"))),
    "letters list, beside the query": ("≤3", ("Letters list, 20 of 1,000, 1 caller: added p50",)),
    "patients list": ("≤1.3", tuple(f"Patients list: p50 with {n} to p50 with 100" for n in LARGER)),
    "name search": (
        "≤1.3",
        tuple(f"Patients name search: p50 with {n} to p50 with 100" for n in LARGER),
    ),
    "a push on a quiet fleet": ("≤30", ("Letter accepted → push received: p50",)),
    "the latest of them": ("≤150", ("Letter accepted → push received: p99",)),
    "pushes per second": ("≥400", ("Pushes per second of one process",)),
    "and per core": ("≥400", ("Pushes per second of notify's processor time",)),
    "a letter's push beside many": ("≤1", ("A letter's push during a send to many devices: longest",)),
    "relay": ("≥0.8", ("Outbox relay to bare pipelined publishing",)),
    "consumer": ("≥800", ("Consumer with inbox, one process",)),
    "sign-in": ("≥0.9", ("Sign-ins to bare bcrypt",)),
    "replicas": ("≤10", ("Processor time of a request with 1, 2 and 4 replicas: apart",)),
    "memory": ("≤120", tuple(f"{service}: memory after many requests" for service in SERVICES)),
    "start": ("≤3", tuple(f"{service}: start to ready" for service in SERVICES)),
    "generator": ("≥2", ("Load generator: answers that cost nothing to the quickest measured",)),
}


def test_budgets_are_those_that_were_promised() -> None:
    promised = {what: limit for limit, figures in PROMISED.values() for what in figures}
    assert {what: f"{'≤' if one.at_most else '≥'}{one.limit:g}" for what, one in BUDGETS.items()} == promised


def test_figure_has_the_budget_of_its_name_and_what_nobody_measured_is_told() -> None:
    measured = [figure(what, Sample.of([1]), "") for what in BUDGETS if what != "Sign-ins to bare bcrypt"]
    assert all(one.budget is BUDGETS[one.what] for one in measured)
    assert figure("Something else", Sample.of([1]), "").budget is None
    assert unmeasured(measured) == ["Sign-ins to bare bcrypt"]
