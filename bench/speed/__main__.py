"""`python -m speed`: start a clean fleet, measure, tell. Ends with 1 where a budget is missed."""

import signal
import sys
import time
import traceback
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
from speed.budgets import unmeasured
from speed.figures import Figure
from speed.fleet import MEASURED, quiet_broker
from speed.pairs import FULL, QUICK
from speed.report import Run
from speed.rows import MEASUREMENTS
from speed.rows.shape import Measurement
from speed.stage import Stage


async def measure(stage: Stage, chosen: Sequence[Measurement]) -> tuple[list[Figure], list[str]]:
    """Every chosen measurement, one after the other; its figures, and which failed. A failure costs only its own."""
    figures, failed = list[Figure](), list[str]()
    try:
        for one in chosen:
            began = time.monotonic()
            try:
                await stage.settle()
                brought = await one.measure(stage)
            except Exception as error:  # noqa: BLE001 - a run is long, and whatever failed is told
                failed.append(f"{one.name}: {str(error) or type(error).__name__}")
                sys.stderr.write(f"{''.join(traceback.format_exception(error))}\n")
                continue
            figures += brought
            sys.stderr.write(f"{one.name} took {time.monotonic() - began:.0f} s\n{report.table(brought)}\n")
    finally:
        await stage.close()
    return figures, failed


def tell(figures: Sequence[Figure], run: Run, *, results: Path | None) -> None:
    """Print the table.

    Args:
        figures: what was measured.
        run: when and where.
        results: where table, plot and history are written, and that the documents show them; None writes nothing.
    """
    kind = "quick-" if run.quick else ""
    history = (results or report.RESULTS) / f"{kind}history.json"
    worse = report.slower(history, figures, run)
    text = f"{report.table(figures)}\n{report.summary(figures)} {run.told()}\n"
    sys.stdout.write(text + "".join(f"Slower than before: {line}\n" for line in worse))
    if results is None:
        return
    results.mkdir(exist_ok=True)
    (results / f"{kind}table.md").write_text(text)
    title = f"{report.summary(figures)} Bars to the right of the line keep their budget."
    (results / f"{kind}plot.svg").write_text(plot.draw(figures, title))
    report.remember(history, figures, run)
    if not run.quick:
        for place, shown in report.PLACES.items():
            report.publish(text, place=place, plot=shown)


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
    whole = not rows and home is None
    with folder() as fresh, chosen_fleet(home, fresh) as fleet, quiet_broker(fresh / "broker") as broker:
        figures, failed = uvloop.run(measure(Stage(fleet, broker, QUICK if quick else FULL), chosen))
        if whole and not quick and not failed:
            failed = [f"{what}: no row measured it" for what in unmeasured(figures)]
        run = Run.of_now(machine=machine.describe(), quick=quick)
        tell(figures, run, results=report.RESULTS if whole and not failed else None)
    sys.stdout.write("".join(f"Failed: {line}\n" for line in failed))
    sys.exit(1 if failed or any(one.kept is False for one in figures) else 0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the fleet is stopped, as after Ctrl-C
    try:
        typer.run(main)
    except (LaunchError, httpx.HTTPError, TimeoutError) as error:
        sys.exit(f"make bench: {str(error) or type(error).__name__}")
