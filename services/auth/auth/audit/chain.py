"""The hash chain that makes a change of the trail show. Pure: no database here.

The hash of an entry is SHA-256 over the 32 bytes of the hash before it, followed by the entry as JSON in UTF-8: MEMBERS
in alphabetical order without white space; no character escaped that RFC 8259 §7 does not ask for, and those by their
short form where there is one; ids in canonical lower-case form; the time in UTC as `2026-05-14T09:30:00.000000+00:00`.
A chain begins at position 0 with SHA-256 over `quill audit v1 <source>`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict
from pydantic_core import to_json

MEMBERS = (
    *("action", "actor_id", "address", "at", "id", "outcome", "patient_id", "position"),
    *("request_id", "resource", "resource_id", "roles", "source"),
)

type Reason = Literal["changed or moved", "missing", "cut off", "not of this chain", "written anew"]


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a chain and the hash there."""

    __pydantic_config__ = ConfigDict(ser_json_bytes="hex", val_json_bytes="hex")

    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place of a chain that is not as it was stored; the id is that of the entry found there, if any."""

    position: int
    reason: Reason
    entry_id: UUID | None = None


def genesis(source: str) -> Link:
    """Where the chain of a source begins."""
    return Link(0, hashlib.sha256(f"quill audit v1 {source}".encode()).digest())


def next_link(before: Link, entry: Mapping[str, Any]) -> Link:
    """The place that an entry has after another, and its hash there; `entry` has MEMBERS but for the position."""
    position, at = before.position + 1, entry["at"].astimezone(UTC).isoformat(timespec="microseconds")
    placed = {**entry, "position": position, "at": at}
    text = to_json({name: placed[name] for name in MEMBERS})
    return Link(position, hashlib.sha256(before.hash + text).digest())


class Walk:
    """Goes along a stored chain and stops at the first entry that is not as it was stored."""

    def __init__(self, start: Link, head: Link, *, noted: Link | None) -> None:
        """
        Args:
            start: the place before the first entry that is kept.
            head: where the chain says that it ends.
            noted: a head that was seen earlier.
        """
        self._at, self._head, self._noted = start, head, noted

    def step(self, entry: Mapping[str, Any]) -> Fault | None:
        """Go on to the next stored entry; what is wrong with it, if anything."""
        position, entry_id = entry["position"], entry["id"]
        if position > self._at.position + 1:
            return Fault(self._at.position + 1, "missing")
        if not self._at.position < position <= self._head.position:
            return Fault(position, "not of this chain", entry_id)
        link = next_link(self._at, entry)
        if link.hash != entry["hash"]:
            return Fault(position, "changed or moved", entry_id)
        self._at = link
        return Fault(position, "written anew", entry_id) if self._strays() else None

    def end(self) -> Fault | None:
        """After the last entry: what is missing there, if anything."""
        ends = max(link.position for link in (self._head, self._noted) if link is not None)
        if ends > self._at.position:
            return Fault(self._at.position + 1, "cut off")
        return None if self._at == self._head else Fault(self._head.position, "changed or moved")

    def _strays(self) -> bool:
        return self._noted is not None and self._noted.position == self._at.position and self._noted != self._at
