"""`python -m speed`: start a clean fleet, measure, tell. Ends with 1 where a budget is missed."""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvloop
from measuring import Running
from native.errors import LaunchError
from native.home import Home
from own_fleet import clean_fleet, folder

from speed import machine, plot, report
from speed.figures import Figure
from speed.fleet import MEASURED, quiet_broker
from speed.pairs import FULL, QUICK
from speed.report import Run
from speed.rows import MEASUREMENTS
from speed.rows.shape import Measurement
from speed.stage import Stage


async def measure(stage: Stage, chosen: Sequence[Measurement]) -> list[Figure]:
    """Every chosen measurement, one after the other."""
    figures: list[Figure] = []
    try:
        for one in chosen:
            began = time.monotonic()
            await stage.settle()
            brought = await one.measure(stage)
            figures += brought
            sys.stderr.write(f"{one.name} took {time.monotonic() - began:.0f} s\n{report.table(brought)}\n")
    finally:
        await stage.close()
    return figures


def tell(figures: Sequence[Figure], run: Run, *, whole: bool) -> None:
    """Print the table and write table, plot and history; the documents show the last whole, full run."""
    worse = report.slower(report.HISTORY, figures, run)
    text = f"{report.table(figures)}\n{report.summary(figures)} {run.told()}\n"
    sys.stdout.write(text + "".join(f"Slower than the run before: {line}\n" for line in worse))
    if not whole:
        return
    report.RESULTS.mkdir(exist_ok=True)
    kind = "quick-" if run.quick else ""
    (report.RESULTS / f"{kind}table.md").write_text(text)
    title = f"{report.summary(figures)} Bars to the right of the line keep their budget."
    (report.RESULTS / f"{kind}plot.svg").write_text(plot.draw(figures, title))
    report.remember(report.HISTORY, figures, run)
    if not run.quick:
        for place in report.PLACES:
            report.publish(text, place=place)


@contextmanager
def chosen_fleet(home: Path | None, fresh: Path) -> Iterator[Running]:
    """A clean fleet, or the one that runs in this home already."""
    if home is not None:
        yield Running(Home(home.absolute()))
        return
    with clean_fleet(fresh / "fleet", **MEASURED) as fleet:
        yield fleet


def main(
    rows: Annotated[list[str] | None, typer.Argument(help="Which measurements; all of them by default")] = None,
    quick: Annotated[bool, typer.Option(help="Fewer and shorter rounds")] = False,
    home: Annotated[Path | None, typer.Option(help="Measure the fleet that runs there; it is not a clean one")] = None,
) -> None:
    """Measure every budget in one run."""
    chosen = [one for one in MEASUREMENTS if not rows or one.name in rows]
    if unknown := set(rows or ()) - {one.name for one in chosen}:
        sys.exit(f"make bench: there is no {', '.join(unknown)}; {', '.join(one.name for one in MEASUREMENTS)}")
    with folder() as fresh, chosen_fleet(home, fresh) as fleet, quiet_broker(fresh / "broker") as broker:
        figures = uvloop.run(measure(Stage(fleet, broker, QUICK if quick else FULL), chosen))
    tell(figures, Run.of_now(machine=machine.describe(), quick=quick), whole=not rows and home is None)
    sys.exit(1 if any(one.kept is False for one in figures) else 0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the fleet is stopped, as after Ctrl-C
    try:
        typer.run(main)
    except (LaunchError, httpx.HTTPError, TimeoutError) as error:
        sys.exit(f"make bench: {error or type(error).__name__}")
