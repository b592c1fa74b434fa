"""What a new JSON Schema of an event takes away from those who follow it by the old one.

Consumers read by the old schema what is published by the new one, and streams keep for weeks what was published by the
old one. So a member that was there stays as it was: not gone, not optional, and neither wider nor narrower. What may
come is an optional member, a value of an enumeration, and other words.
"""

from collections.abc import Iterator, Mapping
from typing import Any

WORDS = {"$id", "$schema", "$comment", "title", "description", "examples", "default", "deprecated"}
COMPARED_INSIDE = {"properties", "required", "items", "anyOf", "enum", "const"}

type Schema = Mapping[str, Any]


def breaks(old: Schema, new: Schema, place: str = "event") -> list[str]:
    """A sentence for each thing that the new schema takes away; none when everybody can stay as they are."""
    return list(_breaks(old, new, place))


def _breaks(old: Schema, new: Schema, place: str) -> Iterator[str]:
    for keyword in sorted((old.keys() | new.keys()) - WORDS - COMPARED_INSIDE):
        if old.get(keyword) != new.get(keyword):
            yield f"{place}: {keyword} was {old.get(keyword)} and is {new.get(keyword)}"
    yield from _lost_values(old, new, place)
    yield from _broken_members(old, new, place)
    if ("items" in old) is not ("items" in new) or len(old.get("anyOf", ())) != len(new.get("anyOf", ())):
        yield f"{place}: other types are allowed"
        return
    yield from _breaks(old.get("items", {}), new.get("items", {}), f"{place}[]") if "items" in old else ()
    for before, now in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=True):
        yield from _breaks(before, now, place)


def _lost_values(old: Schema, new: Schema, place: str) -> Iterator[str]:
    before, now = _values(old), _values(new)
    if (before is None) is not (now is None):
        yield f"{place}: is {'no longer' if now is None else 'now'} one of few values"
    elif before and now:
        yield from (f"{place}: the value {value} is gone" for value in before if value not in now)


def _values(schema: Schema) -> list[Any] | None:
    values: list[Any] | None = [schema["const"]] if "const" in schema else schema.get("enum")
    return values


def _broken_members(old: Schema, new: Schema, place: str) -> Iterator[str]:
    before, now = old.get("properties", {}), new.get("properties", {})
    needed, promised = set(old.get("required", ())), set(new.get("required", ()))
    for name in before:
        if name not in now:
            yield f"{place}.{name}: is gone"
            continue
        if (name in needed) is not (name in promised):
            yield f"{place}.{name}: is {'optional' if name in needed else 'required'} now"
        yield from _breaks(before[name], now[name], f"{place}.{name}")
    yield from (f"{place}.{name}: is new and required; events of before lack it" for name in promised - set(before))
