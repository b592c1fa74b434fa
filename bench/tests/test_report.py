"""The table, its places and its history tell what was seen, the missed first of all."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from speed import plot, report
from speed.figures import Figure, Sample, at_least, at_most
from speed.report import BEGIN, END, Run

KEPT = Figure("Read <added>", Sample.of([2.0, 3.0, 2.5]), "ms", at_most(3.5), "HAPI 900/s")
MISSED = Figure("Throughput", Sample.of([0.21, 0.2, 0.22]), "×", at_least(0.25))
TOLD = Figure("For better understanding", Sample.of([1234.5]), "/s")
ALL = [KEPT, MISSED, TOLD]
RUN = Run("abc1234", datetime(2026, 11, 27, tzinfo=UTC), "2 cores", quick=False)


def test_table_tells_median_spread_budget_and_verdict() -> None:
    assert report.table(ALL).splitlines()[2:] == [
        "| Read <added> | 2.50 ms (2.00–3.00) | ≤3.50 ms | kept | HAPI 900/s |",
        "| Throughput | 0.21× (0.20–0.22) | ≥0.25× | **missed** |  |",
        "| For better understanding | 1,234/s | – |  |  |",
    ]


def test_summary_counts_what_has_a_budget() -> None:
    assert report.summary(ALL) == "1 of 2 budgets kept."


def test_history_keeps_every_run(tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    report.remember(history, ALL, RUN)
    report.remember(history, [KEPT], RUN)
    first, second = json.loads(history.read_text())
    assert (first["commit"], first["at"]) == ("abc1234", "2026-11-27T00:00:00+00:00")
    assert first["figures"]["Throughput"] == {"median": 0.21, "low": 0.2, "high": 0.22, "unit": "×", "kept": False}
    assert list(second["figures"]) == ["Read <added>"]


@pytest.mark.parametrize(
    ("now", "worse"),
    [
        ((0.10, 0.12, 0.11), True),
        ((0.19, 0.21, 0.20), False),  # within what the rounds differ by
        ((0.40, 0.42, 0.41), False),
    ],
)
def test_slower_run_is_seen_beyond_the_spread(tmp_path: Path, now: tuple[float, ...], worse: bool) -> None:
    history = tmp_path / "history.json"
    report.remember(history, ALL, RUN)
    figure = Figure("Throughput", Sample.of(now), "×", at_least(0.25))
    assert report.slower(history, [figure], RUN) == (["Throughput: 0.11×, was 0.21×"] if worse else [])


def test_longer_time_is_seen_as_slower(tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    report.remember(history, ALL, RUN)
    longer = Figure("Read <added>", Sample.of([3.1, 3.2, 3.3]), "ms", at_most(3.5))
    assert report.slower(history, [longer], RUN) == ["Read <added>: 3.20 ms, was 2.50 ms"]


def remembered(history: Path, *runs: tuple[str, float]) -> None:
    for commit, value in runs:
        figure = Figure("Wait", Sample.of([value]), "s", at_most(1))
        report.remember(history, [figure], replace(RUN, commit=commit))


def test_single_values_are_worse_beyond_a_tenth(tmp_path: Path) -> None:
    remembered(history := tmp_path / "history.json", ("a", 0.5))
    told = [report.slower(history, [Figure("Wait", Sample.of([now]), "s", at_most(1))], RUN) for now in (0.54, 0.56)]
    assert told == [[], ["Wait: 0.56 s, was 0.50 s"]]


def test_best_of_the_last_runs_is_what_counts_so_that_slow_steps_are_seen(tmp_path: Path) -> None:
    remembered(history := tmp_path / "history.json", ("a", 0.5), ("b", 0.53))
    now = [Figure("Wait", Sample.of([0.57]), "s", at_most(1))]
    assert report.slower(history, now, RUN) == ["Wait: 0.57 s, was 0.50 s"]
    remembered(history, *((str(number), 0.53) for number in range(report.LAST)))
    assert report.slower(history, now, RUN) == []  # long ago


def test_what_was_never_committed_is_nothing_to_compare_with(tmp_path: Path) -> None:
    remembered(history := tmp_path / "history.json", ("a+", 0.5))
    assert report.slower(history, [Figure("Wait", Sample.of([0.9]), "s", at_most(1))], RUN) == []


def test_files_that_the_bench_writes_leave_the_commit_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=tmp_path, check=True)

    ours = [tmp_path / "README.md", tmp_path / "results" / "history.json"]
    (tmp_path / "results").mkdir()
    for path in (*ours, code := tmp_path / "code.py"):
        path.write_text("before\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "All")
    monkeypatch.setattr(report, "REPOSITORY", tmp_path)
    monkeypatch.setattr(report, "PLACES", {ours[0]: ""})
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    clean = Run.of_now(machine="", quick=False).commit
    for path in ours:
        path.write_text("after\n")
    assert Run.of_now(machine="", quick=False).commit == clean
    code.write_text("after\n")
    assert Run.of_now(machine="", quick=False).commit == f"{clean}+"


def test_runs_of_another_machine_or_kind_are_not_compared(tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    report.remember(history, ALL, RUN)
    longer = Figure("Read <added>", Sample.of([9.0]), "ms", at_most(3.5))
    for other in (Run("d", RUN.at, "64 cores", quick=False), Run("d", RUN.at, "2 cores", quick=True)):
        assert report.slower(history, [longer], other) == []


def test_table_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before\n{BEGIN}\nold\n{END}\nAfter\n")
    assert report.publish("new", place=page, plot="../plot.svg")
    assert page.read_text() == f"Before\n{BEGIN}\nnew\n![{report.PLOT_SHOWS}](../plot.svg)\n{END}\nAfter\n"


def test_page_without_a_place_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before\n")
    assert not report.publish("new", place=page, plot="")
    assert page.read_text() == "Before\n"


@pytest.mark.parametrize("place", report.PLACES, ids=lambda place: place.name)
def test_documents_have_a_place_for_the_table_and_find_the_plot(place: Path) -> None:
    text = place.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    assert (place.parent / report.PLACES[place]).resolve() == report.RESULTS / "plot.svg"


def test_plot_shows_each_budget_on_its_side() -> None:
    drawing = ElementTree.fromstring(plot.draw(ALL, "1 of 2 budgets kept."))  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    kept, missed = drawing.findall(f"{space}rect")
    budget = plot.place(1)
    assert (kept.get("class"), missed.get("class")) == ("kept", "missed")
    assert float(kept.attrib["x"]) == pytest.approx(budget, abs=0.1)
    assert float(missed.attrib["x"]) + float(missed.attrib["width"]) == pytest.approx(budget, abs=0.1)
    assert "Read <added>" in [text.text for text in drawing.findall(f"{space}text")]


def test_plot_ends_where_margins_go_on() -> None:
    assert plot.place(1000) == plot.place(plot.FURTHEST)
    assert plot.place(0.0001) == plot.place(1 / plot.FURTHEST) >= plot.LABELS
