"""What people read: the table, its places in the documents, and the history that shows a slower commit."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from native.settings import REPOSITORY

from speed.figures import Figure

RESULTS = REPOSITORY / "bench" / "results"
# The documents that show the last full run, and how each finds the plot.
PLACES = {
    REPOSITORY / "README.md": "bench/results/plot.svg",
    REPOSITORY / "docs" / "performance.md": "../bench/results/plot.svg",
}
PLOT_SHOWS = "How far each measurement is from its budget"
LAST = 5  # runs, the best of which the next is compared with
SINGLE = 1.1  # a value without a spread must be worse by this factor
BEGIN, END = "<!-- make bench writes from here -->", "<!-- to here -->"


@dataclass(frozen=True)
class Run:
    """When and where it was measured."""

    commit: str
    at: datetime
    machine: str
    quick: bool

    @classmethod
    def of_now(cls, *, machine: str, quick: bool) -> "Run":
        """The run that has just ended."""
        return cls(_commit(), datetime.now(UTC).replace(microsecond=0), machine, quick)

    def told(self) -> str:
        """For people."""
        kind = "a quick run, which says less" if self.quick else "a full run"
        return f"Commit {self.commit}, {self.at:%d %B %Y}, {self.machine}; {kind}."


def _commit() -> str:
    """What is checked out; with a `+` where something has been changed since, other than by these measurements."""
    ours = [f":(exclude){path.relative_to(REPOSITORY)}" for path in (*PLACES, RESULTS)]
    changed = _git("diff", "--name-only", "HEAD", "--", ".", *ours)
    return (_git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if changed else "")


def _git(*arguments: str) -> str:
    told = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S603, S607
    return told.stdout.strip()


def number(value: float, unit: str) -> str:
    """A value with as many digits as it is worth."""
    digits = 0 if value >= 100 or unit == "%" else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}{'' if unit in {'×', '/s'} else ' '}{unit}"


def _seen(figure: Figure) -> str:
    sample, median = figure.sample, number(figure.sample.median, figure.unit)
    spread = f" ({number(sample.low, '')}–{number(sample.high, '')})".replace(" )", ")").replace(" –", "–")
    return median + (spread if len(sample.values) > 1 else "")


def _budget(figure: Figure) -> str:
    if figure.budget is None:
        return "–"
    sign = "≤" if figure.budget.at_most else "≥"
    return f"{sign}{number(figure.budget.limit, figure.unit)}"


def table(figures: Sequence[Figure]) -> str:
    """All figures in Markdown; a missed budget is bold."""
    verdicts = {True: "kept", False: "**missed**", None: ""}
    lines = ["| What | Median (lowest–highest round) | Budget | | In absolute numbers |", "|---|---|---|---|---|"]
    lines += [
        f"| {one.what} | {_seen(one)} | {_budget(one)} | {verdicts[one.kept]} | {one.against} |" for one in figures
    ]
    return "\n".join(lines) + "\n"


def summary(figures: Sequence[Figure]) -> str:
    """How many budgets were kept."""
    judged = [one for one in figures if one.kept is not None]
    return f"{sum(one.kept is True for one in judged)} of {len(judged)} budgets kept."


def entry(figures: Sequence[Figure], run: Run) -> dict[str, Any]:
    """A run as the history keeps it."""
    values = {
        one.what: {
            "median": round(one.sample.median, 4),
            "low": round(one.sample.low, 4),
            "high": round(one.sample.high, 4),
            "unit": one.unit,
            "kept": one.kept,
        }
        for one in figures
    }
    return {
        "commit": run.commit,
        "at": run.at.isoformat(),
        "machine": run.machine,
        "quick": run.quick,
        "figures": values,
    }


def remember(history: Path, figures: Sequence[Figure], run: Run) -> None:
    """Add a run to the history."""
    runs = [*_runs(history), entry(figures, run)]
    history.write_text(json.dumps(runs, indent=1, ensure_ascii=False) + "\n")


def _runs(history: Path) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads(history.read_text()) if history.exists() else []
    return runs


def slower(history: Path, figures: Sequence[Figure], run: Run) -> list[str]:
    """What is worse than the best of the last runs of commits on the same machine, by more than either's spread."""
    alike = [
        one["figures"]
        for one in _runs(history)
        if one["machine"] == run.machine and one["quick"] == run.quick and not one["commit"].endswith("+")
    ]
    worse = []
    for one in figures:
        known = [then[one.what] for then in alike[-LAST:] if one.what in then]
        if one.budget is None or not known:
            continue
        best = (min if one.budget.at_most else max)(known, key=lambda then: then["median"])
        if _is_worse(one, best):
            was, now = number(best["median"], one.unit), number(one.sample.median, one.unit)
            worse.append(f"{one.what}: {now}, was {was}")
    return worse


def _is_worse(figure: Figure, then: dict[str, float]) -> bool:
    assert figure.budget is not None  # noqa: S101 - those without were left out
    slack = SINGLE if then["low"] == then["high"] or len(figure.sample.values) == 1 else 1
    if figure.budget.at_most:
        return figure.sample.low > then["high"] * slack
    return figure.sample.high * slack < then["low"]


def publish(text: str, *, place: Path, plot: str) -> bool:
    """Put text and the plot between the marks of a document; False where it has none."""
    return put(f"{text}\n![{PLOT_SHOWS}]({plot})\n", place=place, begin=BEGIN)


def put(text: str, *, place: Path, begin: str) -> bool:
    """Put text between a mark and END; False where a document does not have both."""
    whole = place.read_text() if place.exists() else ""
    before, begins, rest = whole.partition(begin)
    _, ends, after = rest.partition(END)
    if not (begins and ends):
        return False
    place.write_text(f"{before}{begin}\n{text}{END}{after}")
    return True
