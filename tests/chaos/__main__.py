"""`python -m chaos SEED…`: runs with these seeds, one after the other; exit code 1 when a promise was broken."""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from chaos.failpoints import POINTS
from chaos.run import CLUSTER, SINGLE, Form, Plan, Report, run

LETTERS_A_SECOND, PATIENTS_A_SECOND, KILLS_A_SECOND = 2.5, 1 / 3, 1 / 4


def main() -> int:
    """Play the runs that were asked for and say what came of them."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--seconds", type=float, default=120, help="how long things go wrong in each run")
    parser.add_argument("--fault", default="", help="a protection to take away, to see the run fail")
    parser.add_argument("--cluster", action="store_true", help="three brokers, and two replicas of every service")
    options = parser.parse_args()
    form = CLUSTER if options.cluster else SINGLE
    reports = [_play(seed, seconds=options.seconds, fault=options.fault, form=form) for seed in options.seeds]
    passed = sum(not one.faults for one in reports)
    points = sum((one.fail_points for one in reports), start=Counter[str]())
    tell(f"{passed} of {len(reports)} seeds passed, {sum(one.kills for one in reports)} kills survived")
    tell(
        f"{len(points)} of {len(POINTS)} fail points reached, each {min(points[name] for name in POINTS)} times or more"
    )
    return 0 if passed == len(reports) else 1


def _play(seed: int, *, seconds: float, fault: str, form: Form) -> Report:
    letters, patients, kills = (int(seconds * rate) for rate in (LETTERS_A_SECOND, PATIENTS_A_SECOND, KILLS_A_SECOND))
    plan = Plan(seed, seconds, letters=letters, patients=patients, kills=kills, fault=fault, form=form)
    with tempfile.TemporaryDirectory(prefix=f"quill-chaos-{seed}-", delete=False) as folder:
        Path(folder).chmod(0o711)
        tell(f"seed {seed}, in {folder}")
        report = run(plan, folder=Path(folder), tell=lambda line: tell(f"  {line}"))
    tell(f"  {report.letters} letters, {report.patients} patients acknowledged in {report.calls} requests")
    for name, number in sorted(report.done.items()):
        tell(f"  {number:4} {name}")
    for found in report.faults:
        tell(f"  BROKEN: {found}")
    tell(f"seed {seed}: {'FAILED' if report.faults else 'passed'} after {report.seconds:.0f} s, {report.kills} kills")
    return report


def tell(line: str) -> None:
    """Say it to whoever watches."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


sys.exit(main())
