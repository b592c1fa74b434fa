"""The table, its places and its history tell what was seen, the missed first of all."""

import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from speed import plot, report
from speed.figures import Figure, Sample, at_least, at_most
from speed.report import BEGIN, END, Run

KEPT = Figure("a", "Read <added>", Sample.of([2.0, 3.0, 2.5]), "ms", at_most(3.5), "HAPI 900/s")
MISSED = Figure("b", "Throughput", Sample.of([0.21, 0.2, 0.22]), "×", at_least(0.25))
TOLD = Figure("c", "For better understanding", Sample.of([1234.5]), "/s")
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
    figure = Figure("b", "Throughput", Sample.of(now), "×", at_least(0.25))
    assert report.slower(history, [figure], RUN) == (["Throughput: 0.11×, was 0.21×"] if worse else [])


def test_longer_time_is_seen_as_slower(tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    report.remember(history, ALL, RUN)
    longer = Figure("a", "Read <added>", Sample.of([3.1, 3.2, 3.3]), "ms", at_most(3.5))
    assert report.slower(history, [longer], RUN) == ["Read <added>: 3.20 ms, was 2.50 ms"]


def test_runs_of_another_machine_or_kind_are_not_compared(tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    report.remember(history, ALL, RUN)
    longer = Figure("a", "Read <added>", Sample.of([9.0]), "ms", at_most(3.5))
    for other in (Run("d", RUN.at, "64 cores", quick=False), Run("d", RUN.at, "2 cores", quick=True)):
        assert report.slower(history, [longer], other) == []


def test_table_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before\n{BEGIN}\nold\n{END}\nAfter\n")
    assert report.publish("new", place=page)
    assert page.read_text() == f"Before\n{BEGIN}\nnew\n{END}\nAfter\n"


def test_page_without_a_place_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before\n")
    assert not report.publish("new", place=page)
    assert page.read_text() == "Before\n"


@pytest.mark.parametrize("place", report.PLACES, ids=lambda place: place.name)
def test_documents_have_a_place_for_the_table(place: Path) -> None:
    text = place.read_text()
    assert text.count(BEGIN) == text.count(END) == 1


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
