"""`python -m observe`: makes each alert fire and clear, all in one fleet; exit code 1 where one did not."""

import argparse
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path

from chaos.plan import CLUSTER, SINGLE, Plan
from chaos.run import prepared
from chaos.stage import Stage
from native.home import write_json
from observe.asking import Prometheus
from observe.drill import Seen, Source, at_work, drill, rows, table
from observe.faults import FAULTS, Fault
from observe.rules import RULES, shortened

# Whatever an alert waits for lasts so many times shorter. Prometheus is given two seconds for a look, since a service
# takes up to one to answer where it cannot look something up.
FACTOR, LOOK_SECONDS = 15, 2
FLEET = replace(CLUSTER, replicas=SINGLE.replicas, draws=(), observed=True)


def main() -> int:
    """Play the faults of all alerts, or of those that were asked for, and say what came of them."""
    parser = argparse.ArgumentParser(prog="make alerts-drill", description=__doc__)
    parser.add_argument("alerts", nargs="*", metavar="ALERT", help="only these")
    names = {rule["alert"] for rule in RULES}
    wanted = {*parser.parse_args().alerts} or names
    if unknown := wanted - names:
        parser.error(f"no such alert: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="quill-alerts-", delete=False) as folder:
        Path(folder).chmod(0o711)
        tell(f"in {folder}")
        seen, broken = play(Path(folder), wanted)
    for line in (*table(seen), *(f"BROKEN: {one}" for one in broken)):
        tell(line)
    return 1 if broken else 0


def play(folder: Path, wanted: set[str]) -> tuple[list[Seen], list[str]]:
    """What came of each fault by which one of these alerts fires, and everything that went wrong."""
    began, seen = time.monotonic(), list[Seen]()
    with prepared(folder, Plan(seed=1, seconds=0, form=FLEET)) as stage:
        tell(f"the fleet is up after {time.monotonic() - began:.0f} s")
        prometheus, rules = Prometheus(stage.fleet), folder / "rules.json"
        write_json(rules, shortened(FACTOR))
        prometheus.look_every(LOOK_SECONDS, rules=rules)
        with at_work(stage):
            for fault in FAULTS:
                if fault.drilled & wanted:
                    tell(f"{time.monotonic() - began:5.0f} s: {fault.what}")
                    seen += attempt(fault, stage, prometheus)
        tell(f"done after {time.monotonic() - began:.0f} s, {len(stage.history.calls)} requests")
        return seen, [*stage.broken, *(one for each in seen for one in each.broken)]


def attempt(fault: Fault, stage: Stage, source: Source) -> list[Seen]:
    """What came of a fault; nothing where it could not be done to its end, after which the others still can."""
    try:
        seen = drill(fault, stage, source)
    except Exception:  # noqa: BLE001 - whatever it is
        stage.broken.append(f"{fault.what}:\n{traceback.format_exc()}")
        tell(f"         {stage.broken[-1]}")
        return []
    for line in (*rows(seen), *seen.broken):
        tell(f"         {line}")
    return [seen]


def tell(line: str) -> None:
    """Say it to whoever watches."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
