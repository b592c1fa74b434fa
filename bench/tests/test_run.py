"""A run loses nothing but the row that failed, and says so."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from uuid import UUID

import own_fleet
import pytest
from native.errors import LaunchError
from speed import __main__ as bench
from speed import report
from speed.budgets import BUDGETS
from speed.figures import Figure, Sample
from speed.load import Call, Round
from speed.pairs import Turns
from speed.report import BEGIN, END, Run
from speed.rows import demographics
from speed.rows.compared import compare
from speed.rows.shape import Measurement
from speed.stage import Stage

ONE = Figure("One", Sample.of([1.0]), "s")


class Scene:
    """A stage on which each way is half as fast as the one before it."""

    def __init__(self) -> None:
        self.happened: list[str] = []

    async def session(self) -> dict[str, str]:
        return {}

    def account(self, _role: str) -> dict[str, str]:
        return {"patient_id": str(UUID(int=1))}

    def told(self, _service: str) -> dict[str, str]:
        return {"QUILL_FHIR_URL": "http://127.0.0.1:1"}

    async def turns(self, ways: Mapping[str, Call], *, callers: int) -> Turns:
        self.happened.append(f"{' and '.join(ways)} with {callers}")
        return Turns({name: [Round([0.001 * 2**place] * (64 >> place), 1)] for place, name in enumerate(ways)})

    async def warm(self, call: Call) -> None:
        self.happened.append(f"warm {call.make().split()[1].decode()}")

    async def settle(self) -> None:
        self.happened.append("settled")

    async def close(self) -> None:
        self.happened.append("closed")

    def call(self, path: str, _headers: object) -> Call:
        return Call("127.0.0.1", 1, path.encode)


def on(scene: Scene) -> Stage:
    return cast(Stage, scene)


@pytest.mark.parametrize(
    ("what", "callers", "judged"),
    [
        ("Demographics", (1, 16), 3),
        ("Letter written", (1, 16), 3),
        ("Letters list, 20 of 1,000", (1,), 1),
    ],
)
def test_each_pair_is_judged_by_the_budgets_of_its_name(what: str, callers: Sequence[int], judged: int) -> None:
    ways = {"direct": Call("", 1, bytes), "Quill": Call("", 1, bytes)}
    figures = asyncio.run(compare(on(Scene()), what, ways, callers=callers))
    assert [one.sample.median for one in figures] == [1.0, 0.5] * len(callers)  # ms more, and half as often
    assert {one.what for one in figures if one.budget} == {name for name in BUDGETS if name.startswith(f"{what},")}
    assert sum(one.budget is not None for one in figures) == judged


def test_server_that_is_compared_with_is_warm_before() -> None:
    scene = Scene()
    asyncio.run(demographics.measure(on(scene)))
    assert scene.happened == [f"warm /Patient/{UUID(int=1)}", "HAPI and Quill with 1", "HAPI and Quill with 16"]


def row(name: str, does: Callable[[], Sequence[Figure]]) -> Measurement:
    async def measure(_: Stage) -> Sequence[Figure]:
        return does()

    return Measurement(name, measure)


def failing(error: Exception) -> Callable[[], Sequence[Figure]]:
    def fail() -> Sequence[Figure]:
        raise error

    return fail


def test_row_that_fails_is_noted_and_the_others_are_measured() -> None:
    rows = [
        row("a", failing(LaunchError("no answer"))),
        row("b", lambda: [ONE]),
        row("c", failing(TimeoutError())),
    ]
    scene = Scene()
    figures, failed = asyncio.run(bench.measure(on(scene), rows))
    assert (figures, failed) == ([ONE], ["a: no answer", "c: TimeoutError"])
    assert scene.happened == ["settled"] * 3 + ["closed"]


def test_fleet_that_does_not_settle_fails_the_row_and_not_the_run() -> None:
    class Restless(Scene):
        async def settle(self) -> None:
            raise LaunchError("events are still under way")

    assert asyncio.run(bench.measure(on(Restless()), [row("a", lambda: [ONE])])) == (
        [],
        ["a: events are still under way"],
    )


def told(folder: Path, monkeypatch: pytest.MonkeyPatch, *, quick: bool, written: bool) -> dict[str, str]:
    """What stands in the files after a run."""
    (folder / "docs").mkdir()
    page = folder / "docs" / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    monkeypatch.setattr(report, "PLACES", {page: "../results/plot.svg"})
    run = Run("abc", datetime(2026, 11, 27, tzinfo=UTC), "2 cores", quick=quick)
    bench.tell([ONE], run, results=folder / "results" if written else None)
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.*") if path.is_file()}


def test_full_run_is_written_and_shown_with_its_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = told(tmp_path, monkeypatch, quick=False, written=True)
    assert files.keys() == {"docs/page.md", *(f"results/{name}" for name in ("table.md", "plot.svg", "history.json"))}
    assert "| One | 1.00 s |" in files["docs/page.md"]
    assert "](../results/plot.svg)" in files["docs/page.md"]


def test_quick_run_leaves_what_is_kept_in_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = told(tmp_path, monkeypatch, quick=True, written=True)
    assert "One" not in files.pop("docs/page.md")
    assert files.keys() == {f"results/quick-{name}" for name in ("table.md", "plot.svg", "history.json")}


def test_run_with_a_failure_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = told(tmp_path, monkeypatch, quick=False, written=False)
    assert files == {"docs/page.md": f"{BEGIN}\n{END}\n"}
    assert "| One | 1.00 s |" in capsys.readouterr().out


def test_fleet_that_does_not_stop_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_fleet, "STOP_SECONDS", 0.1)
    (log := tmp_path / "fleet.log").write_text("stuck\n")
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        launcher.stdout.readline()
        with pytest.raises(LaunchError, match="the fleet did not stop"):
            own_fleet._stop(launcher, log)
        launcher.kill()
