"""The checks of a run see what they promise to: a small world in order passes, and each damage to it is found."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from chaos import broker, failpoints
from chaos.announced import AMENDED, CREATED, FOLLOWERS, IN_HAND, REGISTERED, UPDATED, check_pushed_twice
from chaos.backends import Text
from chaos.broker import Message
from chaos.checks import OF_DATA
from chaos.history import History
from chaos.world import Account, Notification, World
from common.events import LetterRead
from e2e.push_receiver import Push
from fleet import Fleet

# Whose account is linked, who was registered, whose registration nobody was told the end of, and the demo's.
LINKED, NEW, UNCLEAR, DEMO = "linked", "new", "unclear", "demo"
FIRST, SECOND, OTHER = "letter-1", "letter-2", "letter-3"


def event(subject: str, patient_id: str, version: int, *, letter: str = "", **headers: str) -> Message:
    """As a service announces it, with an id that tells what it is about; an hour for each version."""
    identity = f"event-{letter or patient_id}-{version}"
    said = {"patient_id": patient_id, "version": version} | ({"letter_uid": letter} if letter else {})
    own = {"ce-id": identity, "Nats-Msg-Id": identity, "ce-time": f"2026-11-28T{version:02}:00:00Z"}
    return Message(subject, own | headers, json.dumps(said).encode())


def reading(letter: str, at: str) -> Message:
    """What letters announces when the linked patient reads one for the first time."""
    identity = f"read-{letter}"
    said = {"letter_uid": letter, "patient_id": LINKED, "user_id": "somebody"}
    own = {"ce-id": identity, "Nats-Msg-Id": identity, "ce-time": f"2026-11-28T{at}:00Z"}
    return Message(LetterRead.subject, own, json.dumps(said).encode())


def patient(family: str, *counts: str) -> list[dict[str, Any]]:
    """All versions of one: the first, and one for each that was counted."""
    name = [{"family": family}]
    return [{"name": name}, *({"name": name, "telecom": [{"system": "other", "value": one}]} for one in counts)]


def push(notification_id: str, letter: str, *, status: int | None = 201, topic: str = "") -> Push:
    return Push(0.0, {"topic": topic or f"topic-{letter}"}, b"", {"notification_id": notification_id}, status)


def dead(poison: Message, durable: str) -> Message:
    return Message(f"quill.dlq.notify.{durable}", poison.headers, poison.data)


def history(folder: Path) -> History:
    said = History(folder / "history.jsonl")
    said.act("letter", "ok", target=FIRST, patient_id=LINKED, title="One", body="Of one")
    said.act("letter", "unknown", patient_id=LINKED, title="Two", body="Of two")
    said.act("letter", "unknown", patient_id=LINKED, title="Never", body="Of never")
    said.act("letter", "fail", patient_id=LINKED, title="Refused", body="Of refused")
    said.act("amendment", "ok", target=FIRST, version=2, body="Of one, amended")
    said.act("amendment", "unknown", target=FIRST, version=2, body="Of one, amended by another")
    said.act("patient", "ok", target=NEW, family="New")
    said.act("patient", "unknown", family="Unclear")
    said.act("patient", "fail", family="Refused")
    said.act("update", "ok", target=NEW, version=2, count="1 a")
    said.act("update", "unknown", target=NEW, version=2, count="1 b")
    said.act("update", "unknown", target=NEW, version=3, count="2 c")
    return said


@pytest.fixture
def world(tmp_path: Path) -> World:
    """What a run leaves where all is well."""
    poison = broker.poison()
    letters = [
        event(CREATED, LINKED, 1, letter=FIRST),
        event(AMENDED, LINKED, 2, letter=FIRST),
        event(CREATED, LINKED, 1, letter=SECOND),
        event(CREATED, DEMO, 1, letter=OTHER),
    ]
    patients = [event(REGISTERED, one, 1) for one in (LINKED, NEW, UNCLEAR, DEMO)]
    patients += [event(UPDATED, NEW, 2), event(UPDATED, NEW, 3)]
    notified = [
        Notification("told-1", LINKED, letters[0].event, is_read=True),  # was outdated when notify came to it
        Notification("told-2", LINKED, letters[1].event, is_read=False),
        Notification("told-3", LINKED, letters[2].event, is_read=False),
        Notification("told-4", DEMO, letters[3].event, is_read=False),
    ]
    pushes = [push("told-2", FIRST, status=429), push("told-2", FIRST), push("told-3", SECOND)]
    buried = [dead(poison, durable) for durable in FOLLOWERS]
    return World(
        fleet=Fleet(tmp_path, 0),
        history=history(tmp_path),
        records=[LINKED, NEW],
        others=[DEMO],
        letters={
            LINKED: {FIRST: [Text("One", "Of one"), Text("One", "Of one, amended")], SECOND: [Text("Two", "Of two")]},
            NEW: {},
            DEMO: {OTHER: [Text("Three", "Of three")]},
        },
        patients={
            LINKED: patient("Linked"),
            NEW: patient("New", "1 a", "2 c"),
            UNCLEAR: patient("Unclear"),
            DEMO: patient("Demo"),
        },
        shown={
            LINKED: [
                {"uid": FIRST, "version": 2, "title": "One", "body": "Of one, amended"},
                {"uid": SECOND, "version": 1, "title": "Two", "body": "Of two"},
            ],
            NEW: [],
        },
        found={"New": [NEW], "Unclear": [UNCLEAR], "Refused": []},
        # The first disk was lost before the second letter, and with its poison.
        streams=[
            {"LETTERS": [letters[0], broker.poison()], "PATIENTS": patients[:1], "DLQ": []},
            {"LETTERS": [*letters, broker.again(letters[0]), poison], "PATIENTS": patients, "DLQ": buried},
        ],
        notifications=notified,
        accounts=[Account(LINKED, ["told-1", "told-2", "told-3"], pushes)],
    )


def found(world: World) -> dict[str, list[str]]:
    """What the checks that complain say, by their names."""
    said = {check.__name__: list(check(world)) for check in OF_DATA}
    return {name: faults for name, faults in said.items() if faults}


def test_world_in_order_passes(world: World) -> None:
    assert found(world) == {}


def damages_to_letters() -> dict[str, tuple[str, Callable[[Any], Any]]]:
    return {
        "lost": ("letters", lambda it: it.letters[LINKED].pop(FIRST)),
        "empty": ("letters", lambda it: it.letters[LINKED].update({FIRST: [Text("One", "")]})),
        "under another id": ("letters", lambda it: it.letters[LINKED].update(x=it.letters[LINKED].pop(FIRST))),
        "twice": ("letters", lambda it: it.letters[LINKED].update(x=[Text("One", "Of one")])),
        "unclear one twice": ("letters", lambda it: it.letters[LINKED].update(x=[Text("Two", "Of two")])),
        "refused and there": ("letters", lambda it: it.letters[LINKED].update(x=[Text("Refused", "Of refused")])),
        "of another patient": ("letters", lambda it: it.letters[NEW].update({FIRST: it.letters[LINKED].pop(FIRST)})),
        "in the EHR of nobody": ("letters", lambda it: it.letters.update(nobody={"x": [Text("Four", "Of four")]})),
        "amendment lost": ("amendments", lambda it: it.letters[LINKED][FIRST].pop()),
        "amendment overwritten by one that nobody was told of": (
            "amendments",
            lambda it: it.letters[LINKED][FIRST].__setitem__(1, Text("One", "Of one, amended by another")),
        ),
        "version of nobody": ("amendments", lambda it: it.letters[LINKED][SECOND].append(Text("Two", "Of whom?"))),
        "version acknowledged twice": (
            "amendments",
            lambda it: it.history.act("amendment", "ok", target=FIRST, version=2, body="Of one, amended once more"),
        ),
        "shown with another text": ("api", lambda it: it.shown[LINKED][0].update(body="Of one")),
        "shown twice": ("api", lambda it: it.shown[LINKED].append(it.shown[LINKED][0])),
        "not shown": ("api", lambda it: it.shown[LINKED].pop()),
        "not to be read": ("api", lambda it: it.shown[LINKED][0].clear()),
    }


def damages_to_patients() -> dict[str, tuple[str, Callable[[Any], Any]]]:
    return {
        "lost": ("patients", lambda it: it.patients.pop(NEW)),
        "twice": ("patients", lambda it: it.patients.update(x=patient("New"))),
        "unclear one twice": ("patients", lambda it: it.patients.update(x=patient("Unclear"))),
        "refused and there": ("patients", lambda it: it.patients.update(x=patient("Refused"))),
        "of nobody": ("patients", lambda it: it.patients.update(x=patient("Stranger"))),
        "not found by name": ("patients", lambda it: it.found["New"].clear()),
        "found though not there": ("patients", lambda it: it.found["Refused"].append("x")),
        "update overwritten by one that nobody was told of": (
            "updates",
            lambda it: it.patients.update({NEW: patient("New", "1 b", "2 c")}),
        ),
        "update lost": ("updates", lambda it: it.patients.update({NEW: patient("New", "1 a", "1 c")})),
        "update of nobody": ("updates", lambda it: it.patients[LINKED].extend(patient("Linked", "1 x")[1:])),
        "update acknowledged twice": (
            "updates",
            lambda it: it.history.act("update", "ok", target=NEW, version=2, count="1 z"),
        ),
    }


def damages_to_events() -> dict[str, tuple[str, Callable[[Any], Any]]]:
    second = event(CREATED, LINKED, 1, letter=SECOND)
    fresh = str(uuid4())
    return {
        "of an unclear letter missing": ("events", lambda it: it.streams[-1]["LETTERS"].pop(2)),
        "of an unclear patient missing": ("events", lambda it: it.streams[-1]["PATIENTS"].pop(2)),
        "of an update missing": ("events", lambda it: it.streams[-1]["PATIENTS"].pop()),
        "of no version": (
            "events",
            lambda it: it.streams[-1]["LETTERS"].append(event(AMENDED, LINKED, 2, letter=SECOND)),
        ),
        "of no update": ("events", lambda it: it.streams[-1]["PATIENTS"].append(event(UPDATED, LINKED, 2))),
        "of another kind": (
            "events",
            lambda it: it.streams[-1]["LETTERS"].__setitem__(1, event(CREATED, LINKED, 2, letter=FIRST)),
        ),
        "of another patient": (
            "events",
            lambda it: it.streams[-1]["LETTERS"].__setitem__(2, event(CREATED, NEW, 1, letter=SECOND)),
        ),
        "under a second id": (
            "events",
            lambda it: it.streams[-1]["LETTERS"].append(
                Message(second.subject, {"ce-id": fresh, "Nats-Msg-Id": fresh}, second.data)
            ),
        ),
        "published again as another message": (
            "events",
            lambda it: it.streams[-1]["LETTERS"].append(
                event(CREATED, LINKED, 1, letter=SECOND, **{"Nats-Msg-Id": "x"})
            ),
        ),
        "published twice": ("events", lambda it: it.streams[-1]["LETTERS"].append(second)),
        "published twice before the disk was lost": (
            "events",
            lambda it: it.streams[0]["LETTERS"].append(it.streams[0]["LETTERS"][0]),
        ),
        "not published again when the disk was lost": (
            "events",
            lambda it: it.streams[0]["PATIENTS"].append(event(UPDATED, NEW, 4)),
        ),
    }


def damages_to_pushes() -> dict[str, tuple[str, Callable[[Any], Any]]]:
    return {
        "notification missing": ("notifications", lambda it: it.notifications.pop(0)),
        "notification of no event": (
            "notifications",
            lambda it: it.notifications.append(Notification("x", LINKED, "none", is_read=True)),
        ),
        "notification of another patient": (
            "notifications",
            lambda it: it.notifications.__setitem__(2, Notification("told-3", NEW, f"event-{SECOND}-1", is_read=False)),
        ),
        "not in the inbox": ("notifications", lambda it: it.accounts[0].inbox.pop()),
        "in the inbox of another": ("notifications", lambda it: it.accounts[0].inbox.append("told-4")),
        "push refused and not tried again": ("pushes", lambda it: it.accounts[0].pushes.pop(1)),
        "push not answered": (
            "pushes",
            lambda it: it.accounts[0].pushes.__setitem__(2, push("told-3", SECOND, status=None)),
        ),
        "newest version stored as read and not pushed": (
            "pushes",
            lambda it: (
                it.accounts[0].pushes.pop(),
                it.notifications.__setitem__(2, Notification("told-3", LINKED, f"event-{SECOND}-1", is_read=True)),
            ),
        ),
        "older version unread and not pushed": (
            "pushes",
            lambda it: it.notifications.__setitem__(
                0, Notification("told-1", LINKED, f"event-{FIRST}-1", is_read=False)
            ),
        ),
        "push to another's device": ("pushes", lambda it: it.accounts[0].pushes.append(push("told-4", OTHER))),
        "push under a second topic": (
            "pushes",
            lambda it: it.accounts[0].pushes.append(push("told-2", FIRST, topic="x")),
        ),
        "push under another letter's topic": (
            "pushes",
            lambda it: it.accounts[0].pushes.__setitem__(2, push("told-3", FIRST)),
        ),
        "dead letter missing": ("dead_letters", lambda it: it.streams[-1]["DLQ"].pop()),
        "dead letter twice": ("dead_letters", lambda it: it.streams[-1]["DLQ"].append(it.streams[-1]["DLQ"][0])),
        "dead letter of an event": (
            "dead_letters",
            lambda it: it.streams[-1]["DLQ"].__setitem__(0, dead(it.streams[-1]["LETTERS"][0], FOLLOWERS[0])),
        ),
        "dead letter of an event before the disk was lost": (
            "dead_letters",
            lambda it: it.streams[0]["DLQ"].append(dead(it.streams[0]["LETTERS"][0], FOLLOWERS[0])),
        ),
    }


DAMAGES = {
    f"{kind}: {name}": damage
    for kind, damages in {
        "letter": damages_to_letters(),
        "patient": damages_to_patients(),
        "event": damages_to_events(),
        "told": damages_to_pushes(),
    }.items()
    for name, damage in damages.items()
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_by_the_check_that_promises_it(world: World, name: str) -> None:
    check, damage = DAMAGES[name]
    damage(world)
    assert f"check_{check}" in found(world)


@pytest.mark.parametrize(("at", "complains"), [("00:59", True), ("01:01", False)])
def test_letter_that_was_read_after_it_came_needs_no_push(world: World, at: str, complains: bool) -> None:
    told = Notification("told-3", LINKED, f"event-{SECOND}-1", is_read=True)
    parts: Any = world
    parts.accounts[0].pushes.pop()
    parts.notifications[2] = told
    parts.streams[-1]["LETTERS"].append(reading(SECOND, at))
    assert ("check_pushes" in found(world)) == complains


def test_push_is_sent_again_only_for_a_death_or_a_fault(world: World, tmp_path: Path) -> None:
    pushes = world.accounts[0].pushes
    assert isinstance(pushes, list)
    assert list(check_pushed_twice(world)) == []
    pushes.append(push("told-3", SECOND))
    world.done.update(Counter({"kill letters": 1, "fail point push-after": 1}))
    (tmp_path / failpoints.REACHED).mkdir()
    (tmp_path / failpoints.REACHED / "letters.backend-after.1.1").touch()
    assert len(list(check_pushed_twice(world))) == 1
    (tmp_path / failpoints.REACHED / "notify.push-after.1.1").touch()
    assert list(check_pushed_twice(world)) == []
    pushes += [push("told-3", SECOND)] * IN_HAND
    assert len(list(check_pushed_twice(world))) == 1
    world.done.update(["postgres: reset"])
    assert list(check_pushed_twice(world)) == []
