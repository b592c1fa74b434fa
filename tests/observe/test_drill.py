"""The drill of the alerts (`make alerts-drill`): none is left out, and what does not fire or clear is told."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from chaos.splits import NODES
from common.events import DURABLES
from native.settings import SERVICES
from observe.__main__ import attempt
from observe.asking import Alert
from observe.drill import drill, table
from observe.faults import FAULTS, Fault
from observe.rules import RULES

NAMES = {rule["alert"] for rule in RULES}


def test_every_alert_is_made_to_fire_by_one_fault() -> None:
    assert Counter(name for fault in FAULTS for name in (*fault.alerts, *fault.afterwards)) == Counter(NAMES)


THERE = {
    "service": {*SERVICES, "caddy"},
    "replica": {"letters-2"},
    "backend": {"postgres", "nats", "fhir", "openehr", *SERVICES},
    "durable": {one.name for one in DURABLES},
    "server": {*NODES},
    "look": {"backends", "backlogs", "consumers"},
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_what_alerts_of_a_fault_are_about_is_there(fault: Fault) -> None:
    told = [*fault.alerts.items(), *fault.afterwards.items(), *fault.follow.items()]
    for name, labels in told:
        (rule,) = (rule for rule in RULES if rule["alert"] == name)
        kept = {label for one in re.findall(r"\bby \(([\w, ]+)\)", rule["expr"]) for label in one.split(", ")}
        assert labels.keys() <= (kept or THERE.keys())
        for label, value in labels.items():
            assert [one for one in THERE[label] if re.fullmatch(value, one)], f"{name}: {label} {value}"


@dataclass
class Scene:
    """A fault and the alerts as they are while it happens, and after it."""

    during: Sequence[Alert]
    after: Sequence[Alert] = ()
    broken: list[bool] = field(default_factory=list)

    def alerts(self) -> Sequence[Alert]:
        if not self.broken:
            return []
        return self.during if self.broken[-1] else self.after

    @contextmanager
    def happen(self, _stage: Any) -> Iterator[None]:
        self.broken.append(True)
        yield
        self.broken.append(False)

    def fault(self, **more: Any) -> Fault:
        return Fault("the door is locked", self.happen, {"Locked": {"door": "front"}}, **more)


def firing(name: str, **labels: str) -> Alert:
    return Alert(name, labels, fires=True)


def broken(scene: Scene, **more: Any) -> list[str]:
    stage: Any = None
    return drill(scene.fault(**more), stage, scene, patience=0).broken


LOCKED = firing("Locked", door="front", severity="page")


def test_alert_that_fires_and_clears_passes() -> None:
    scene = Scene([LOCKED])
    assert broken(scene) == []
    assert scene.broken == [True, False]


def test_alert_that_does_not_fire_or_is_about_something_else_is_told() -> None:
    silent = ["the door is locked: Locked did not fire"]
    assert broken(Scene([])) == silent
    assert broken(Scene([Alert("Locked", LOCKED.labels, fires=False)])) == silent
    strange = "the door is locked: Locked fired, which does not follow"
    assert broken(Scene([firing("Locked", door="back")])) == [*silent, strange]


def test_alert_that_does_not_clear_is_told() -> None:
    assert broken(Scene([LOCKED], [LOCKED])) == ["the door is locked: Locked did not clear"]


def test_alert_that_does_not_follow_is_told() -> None:
    scene = Scene([LOCKED, firing("Cold")])
    assert broken(scene, follow={"Cold": {}}) == []
    assert broken(scene) == ["the door is locked: Cold fired, which does not follow"]


def test_alert_that_is_about_something_else_than_follows_is_told() -> None:
    for alert in (firing("Locked", door="back"), firing("Cold", door="back")):
        scene, strange = Scene([LOCKED, alert]), [f"the door is locked: {alert.name} fired, which does not follow"]
        assert broken(scene) == strange
        assert broken(scene, follow={alert.name: {"door": "side|back"}}) == []
        assert broken(scene, follow={alert.name: {"door": "side|bac"}}) == strange


def test_alert_that_was_not_asked_for_and_does_not_clear_is_told() -> None:
    scene = Scene([LOCKED, firing("Cold")], [firing("Cold")])
    assert broken(scene, follow={"Cold": {}}) == ["the door is locked: Cold did not clear"]


def test_alert_is_told_with_what_it_is_about() -> None:
    alert = firing("QuillConsumerStuck", durable="notify-letter-read", severity="page")
    assert str(alert) == "QuillConsumerStuck (durable notify-letter-read)"


def test_alert_that_fires_after_its_fault_is_waited_for() -> None:
    assert broken(Scene([LOCKED]), afterwards={"Crowd": {}}) == ["the door is locked: Crowd did not fire"]
    scene = Scene([LOCKED], [firing("Crowd")])
    assert broken(scene, afterwards={"Crowd": {}}) == ["the door is locked: Crowd did not clear"]


def test_fault_that_cannot_be_done_is_told_and_the_next_one_is_tried() -> None:
    def impossible(_stage: Any) -> NoReturn:
        raise OSError("the door is away")

    stage: Any = SimpleNamespace(broken=[])
    assert attempt(Fault("the door is locked", impossible, {"Locked": {}}), stage, Scene([])) == []
    (told,) = stage.broken
    assert told.startswith("the door is locked:\nTraceback")
    assert told.endswith("OSError: the door is away\n")


def test_table_says_after_how_long_each_fired_and_cleared() -> None:
    stage: Any = None
    scene = Scene([LOCKED, firing("Cold")])
    *_, row = table([drill(scene.fault(follow={"Cold": {}}), stage, scene, patience=0)])
    assert row == "| Locked | the door is locked | 0 s | 0 s | Cold |"
    *_, row = table([drill(Scene([]).fault(), stage, Scene([]), patience=0)])
    assert row == "| Locked | the door is locked | never | never | – |"
