"""Nobody who follows events by the schemas of the last release is left alone by those of today."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from common.events import FACTS
from event_compatibility import breaks
from jsonschema import Draft7Validator

EVENTS = Path(__file__).parents[2] / "docs/events"
RELEASED = sorted((EVENTS / "released").glob("*.json"))
RECORDED = json.loads((EVENTS / "quill.audit.v1.access.recorded.json").read_text())


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
def test_event_of_the_last_release_is_still_what_it_was(released: Path) -> None:
    today = EVENTS / released.name
    assert today.exists(), f"{released.stem} is published no more; it must be, beside its successor"
    assert breaks(json.loads(released.read_text()), json.loads(today.read_text()), released.stem) == []


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.subject)
def test_event_of_the_last_release_is_still_read(fact: type) -> None:
    path = EVENTS / f"released/{fact.subject}.json"  # type: ignore[attr-defined]
    if path.exists():
        (example,) = json.loads(path.read_text())["examples"]
        Draft7Validator(json.loads((EVENTS / path.name).read_text())).validate(example)
        fact.model_validate(example)  # type: ignore[attr-defined]


def test_every_event_was_released_or_is_new() -> None:
    assert len(RELEASED) >= 16
    assert {path.stem for path in RELEASED} <= {path.stem for path in EVENTS.glob("*.json")}


def remove(schema: Any) -> None:
    del schema["properties"]["outcome"]
    schema["required"].remove("outcome")


def rename(schema: Any) -> None:
    schema["properties"]["result"] = schema["properties"].pop("outcome")
    schema["required"] = ["result" if name == "outcome" else name for name in schema["required"]]


def make_optional(schema: Any) -> None:
    schema["required"].remove("at")


def add_required(schema: Any) -> None:
    schema["properties"]["site"] = {"type": "string"}
    schema["required"].append("site")


def change(*path: str | int, to: Any) -> Callable[[Any], None]:
    """A change of one keyword below `properties`; None takes it out."""

    def apply(schema: Any) -> None:
        place = schema["properties"]
        for step in path[:-1]:
            place = place[step]
        if to is None:
            del place[path[-1]]
        else:
            place[path[-1]] = to

    return apply


BROKEN = {
    "a member is gone": (remove, "outcome: is gone"),
    "a member has another name": (rename, "outcome: is gone"),
    "a member may be missing": (make_optional, "at: is optional now"),
    "a member must be there that old events lack": (add_required, "site: is new and required"),
    "another type": (change("resource", "type", to="integer"), "resource: type was string and is integer"),
    "a type of the list's entries": (change("roles", "items", "type", to="integer"), "roles[]: type was string"),
    "null may come": (change("at", to={"anyOf": [{"type": "string"}, {"type": "null"}]}), "at: other types"),
    "null may come no more": (change("address", to={"type": "string"}), "address: other types"),
    "one of two types is another": (change("actor_id", "anyOf", 0, "format", to="uri"), "actor_id: format was uuid"),
    "no list any more": (change("roles", "items", to=None), "roles: other types"),
    "another format": (change("at", "format", to="date"), "at: format was date-time and is date"),
    "no format": (change("at", "format", to=None), "at: format was date-time and is None"),
    "shorter texts": (change("resource", "maxLength", to=10), "resource: maxLength was None and is 10"),
    "a pattern": (change("resource", "pattern", to="^letter$"), "resource: pattern was None"),
    "a value is gone": (change("outcome", "enum", to=["ok", "denied"]), "outcome: the value failed is gone"),
    "any value may come": (change("outcome", "enum", to=None), "outcome: is no longer one of few"),
    "few values may come": (change("resource", "enum", to=["letter"]), "resource: is now one of few"),
}


@pytest.mark.parametrize(("spoil", "sentence"), BROKEN.values(), ids=BROKEN.keys())
def test_change_that_takes_something_away_is_found(spoil: Callable[[Any], None], sentence: str) -> None:
    spoiled = copy.deepcopy(RECORDED)
    spoil(spoiled)
    found = breaks(RECORDED, spoiled)
    assert [one for one in found if one.startswith(f"event.{sentence}")] != [], found


def test_a_header_that_may_be_missing_is_found() -> None:
    headers = json.loads((EVENTS / "headers.json").read_text())
    assert breaks(headers, headers | {"required": ["ce-type"]}) != []


ADDED = {
    "an optional member": change("site", to={"type": "string"}),
    "a value": change("outcome", "enum", to=["ok", "denied", "failed", "partly"]),
    "better words": change("at", "description", to="the moment of the act."),
}


@pytest.mark.parametrize("add", ADDED.values(), ids=ADDED.keys())
def test_what_is_added_takes_nothing_away(add: Callable[[Any], None]) -> None:
    grown = copy.deepcopy(RECORDED)
    add(grown)
    assert breaks(RECORDED, grown) == []
