"""A run goes on until it has shown enough, and what goes wrong leaves people the time to write."""

import json
import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from chaos import failpoints, nemesis
from chaos.failpoints import POINTS
from chaos.history import History
from chaos.people import House
from chaos.plan import SECONDS_A_KILL, Plan
from chaos.run import go_on
from chaos.stage import NotNow, Stage, Todo, play
from fleet import Fleet

PLAN = Plan(1, 1, letters=40, kills=5)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for name in ("chaos.run.LOOK_SECONDS", "chaos.stage.LOOK_SECONDS"):
        monkeypatch.setattr(name, 0.01)
    monkeypatch.setattr("chaos.stage.PAUSE_SECONDS", (0.0, 0.0))
    return Stage(Fleet(tmp_path, 0), {}, House(), History(tmp_path / "history.jsonl"), names=["notify", "notify-2"])


def chance() -> random.Random:
    return random.Random(1)  # noqa: S311


def test_run_that_has_not_shown_enough_says_so(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / failpoints.REACHED).mkdir()
    for name in ("letters.relay-after.9.1.1", "letters.push-after.19.1.1"):
        (tmp_path / failpoints.REACHED / name).touch()
    stage.done.update({"freeze a broker": 4})
    missing = Plan(1, 1, letters=1, kills=1, brokers=5, whole=True).missing(stage)
    assert {"0 letters, fewer than 1", "0 kills, fewer than 1", "4 harms to a broker, fewer than 5"} < {*missing}
    assert {"nobody died at the fail point push-after", "no dump was taken"} < {*missing}
    assert not any("relay-after" in one for one in missing)


def test_share_of_what_people_write_is_enough_before_the_end_and_not_then(stage: Stage) -> None:
    plan = Plan(1, 1, letters=4, patients=2)
    for kind in ("letter", "letter", "patient"):
        stage.history.act(kind, "ok")
    assert plan.unwritten(stage, share=0.5) == []
    assert plan.unwritten(stage) == plan.missing(stage) == ["2 letters, fewer than 4", "1 patients, fewer than 2"]


@pytest.mark.parametrize(
    ("lacking", "latest", "least", "most"),
    [([], 9.0, 0.1, 1.0), (["letters"], 0.4, 0.4, 1.0), (["letters"], 9.0, 1.1, 5.0)],
)
def test_people_act_for_longer_only_while_something_is_lacking_and_there_is_time(
    stage: Stage, lacking: Sequence[str], latest: float, least: float, most: float
) -> None:
    began, told = time.monotonic(), list[str]()
    go_on(stage, lambda: lacking, seconds=0.1, more=1, latest=began + latest, tell=told.append)
    assert least <= time.monotonic() - began < most
    assert told[-1].endswith("; letters") == bool(lacking)


def test_time_that_is_over_before_does_not_cut_short_what_a_run_promises(stage: Stage) -> None:
    began = time.monotonic()
    go_on(stage, lambda: ["letters"], seconds=0.3, more=9, latest=began, tell=lambda _: None)
    assert 0.3 <= time.monotonic() - began < 1


def test_next_harm_comes_when_people_have_recovered_from_the_last(stage: Stage) -> None:
    letters: list[int] = []

    def answer_soon() -> None:
        threading.Timer(0.3, stage.history.act, ("letter", "ok")).start()

    def end() -> None:
        letters.append(stage.letters)
        stage.stop.set()

    play(stage, lambda *_: [Todo("first", answer_soon), Todo("last", end)], chance(), lambda *_: 1)
    assert letters == [1]


def test_fleet_that_does_not_recover_is_harmed_all_the_same(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chaos.stage.RECOVERY_SECONDS", 0.05)
    began = time.monotonic()
    stage.recover(1)
    assert 0.05 <= time.monotonic() - began < 1


def test_harms_are_spaced_by_recoveries_and_more_once_there_are_enough(stage: Stage) -> None:
    drawn = chance()
    assert {PLAN.pace(stage, drawn) for _ in range(40)} == {0, 1}
    stage.latest = time.monotonic() + PLAN.kills * SECONDS_A_KILL - 1
    assert {PLAN.pace(stage, drawn) for _ in range(40)} == {0}
    stage.done["kill auth"] = PLAN.kills
    assert {PLAN.pace(stage, drawn) for _ in range(40)} == {PLAN.letters // PLAN.kills}
    assert Plan(1, 1, letters=40).pace(stage, drawn) == 0  # whoever draws has spaced them


@pytest.mark.parametrize("seed", range(20))
def test_there_is_a_death_at_each_fail_point_before_another_at_some(stage: Stage, seed: int) -> None:
    kinds = [one.kind for one in nemesis.killers(stage, random.Random(seed))]  # noqa: S311
    half = len(POINTS) * 3 // 2
    assert {f"fail point {name}" for name in POINTS} < {*kinds[:half]}
    assert len([one for one in kinds if one.startswith("kill ")]) == sum(nemesis.VICTIMS.values())


def test_process_that_stands_still_is_not_killed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[str] = []
    monkeypatch.setattr(Fleet, "kill", lambda _, name: killed.append(name))
    running = [{"name": name, "pid": pid, "port": 0} for pid, name in enumerate(stage.names)]
    (stage.fleet.home / "fleet.json").write_text(json.dumps({"processes": running}))
    stage.frozen.add(0)
    drawn = chance()
    for _ in range(10):
        nemesis.kill(stage, "notify", drawn)
    assert {*killed} == {"notify-2"}
    stage.frozen.add(1)
    with pytest.raises(NotNow):
        nemesis.kill(stage, "notify", drawn)
