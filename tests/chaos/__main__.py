"""`python -m chaos SEED…`: runs with these seeds, one after the other; exit code 1 when a promise was broken."""

import argparse
import math
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from chaos.failpoints import POINTS
from chaos.plan import CLUSTER, SINGLE, Plan, Report
from chaos.run import run

# A whole run, and the least that it must have shown; a longer one so much in a second.
SECONDS, LETTERS, PATIENTS, KILLS, BROKERS = 110, 300, 40, 30, 5
LETTERS_A_SECOND, PATIENTS_A_SECOND, KILLS_A_SECOND, BROKERS_A_SECOND = 2.5, 1 / 3, 1 / 4, 1 / 24
LIMIT_SECONDS = 300
QUIET_SECONDS = 25  # longer than what was broken is felt
LONG_SECONDS = 600  # long enough to see whether a process grows
# Over so many seeds everything that was drawn has been done. (What comes late in a run is not done in each.)
MANY = 10


def main() -> int:
    """Play the runs that were asked for and say what came of them."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long things go wrong in each run")
    parser.add_argument("--fault", default="", help="a protection to take away, to see the run fail")
    parser.add_argument("--cluster", action="store_true", help="three brokers, and two replicas of every service")
    options = parser.parse_args()
    plans = [_plan(seed, options.seconds, cluster=options.cluster, fault=options.fault) for seed in options.seeds]
    reports = [_play(plan) for plan in plans]
    passed = sum(not one.faults for one in reports)
    points = sum((one.fail_points for one in reports), start=Counter[str]())
    tell(f"{passed} of {len(reports)} seeds passed, {sum(one.kills for one in reports)} kills survived")
    tell(f"{len(points)} of {len(POINTS)} fail points reached, each {min(points[one] for one in POINTS)} times or more")
    left_out = never(reports)
    for kind in left_out:
        tell(f"never done: {kind}")
    return 0 if passed == len(reports) and not (left_out and len(reports) >= MANY) else 1


def _plan(seed: int, seconds: float, *, cluster: bool, fault: str) -> Plan:
    form, whole = CLUSTER if cluster else SINGLE, seconds >= SECONDS

    def least(of_a_run: int, a_second: float) -> int:
        return max(of_a_run if whole else 0, int(seconds * a_second))

    return Plan(
        seed,
        seconds,
        quiet=QUIET_SECONDS,
        limit=LIMIT_SECONDS if seconds == SECONDS and not cluster else math.inf,
        letters=least(LETTERS, LETTERS_A_SECOND),
        patients=least(PATIENTS, PATIENTS_A_SECOND),
        kills=least(KILLS, KILLS_A_SECOND),
        brokers=least(BROKERS, BROKERS_A_SECOND) if cluster else 0,
        whole=whole,
        fault=fault,
        form=form.sparing() if seconds >= LONG_SECONDS else form,
    )


def _play(plan: Plan) -> Report:
    with tempfile.TemporaryDirectory(prefix=f"quill-chaos-{plan.seed}-", delete=False) as folder:
        Path(folder).chmod(0o711)
        tell(f"seed {plan.seed}, in {folder}")
        try:
            report = run(plan, folder=Path(folder), tell=lambda line: tell(f"  {line}"))
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - it fails this seed, and not those that follow
            report = Report(plan.seed, faults=[traceback.format_exc()])
    tell(f"  {report.letters} letters, {report.patients} patients acknowledged in {report.calls} requests")
    for name, number in sorted(report.done.items()):
        tell(f"  {number:4} {name}")
    for name, number in sorted(report.missed.items()):
        tell(f"  {number:4} not done: {name}")
    for found in report.faults:
        tell(f"  BROKEN: {found}")
    outcome = "FAILED" if report.faults else "passed"
    tell(f"seed {plan.seed}: {outcome} after {report.seconds:.0f} s, {report.kills} kills")
    return report


def never(reports: Sequence[Report]) -> list[str]:
    """What was drawn in some run and done in none; of what is bent, every part and every way to bend."""
    drawn = {word for one in reports for kind in one.drawn for word in kind.split(": ")}
    return sorted(drawn - {word for one in reports for kind in one.done for word in kind.split(": ")})


def tell(line: str) -> None:
    """Say it to whoever watches."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
