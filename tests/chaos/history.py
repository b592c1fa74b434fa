"""What the people of a run did and were told: kept outside of the fleet, appended to and never changed."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

# Acknowledged, refused for good, or never told how it ended.
type Outcome = Literal["ok", "fail", "unknown"]


@dataclass(frozen=True)
class Act:
    """Something that somebody wanted, with all its tries.

    kind: letter, amendment, patient or update.
    target: the id that was acknowledged, empty where none was.
    said: what was sent, as far as the checks want it again.
    """

    kind: str
    outcome: Outcome
    target: str
    said: dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request; a status of 0 means that the connection broke."""

    at: float
    method: str
    path: str
    status: int
    seconds: float


@dataclass(frozen=True)
class Harm:
    """Something that was done to the fleet from one time to another, or was seen to be away.

    breaks: the parts that may give no answer meanwhile.
    """

    kind: str
    breaks: tuple[str, ...]
    began: float
    ended: float


@dataclass
class History:
    """Everything so far, and the same in a file that a later look can trust."""

    file: Path
    acts: list[Act] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    harms: list[Harm] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def act(self, kind: str, outcome: Outcome, *, target: str = "", **said: Any) -> None:
        """Keep how something ended."""
        self._append(self.acts, Act(kind, outcome, target, said))

    def call(self, method: str, path: str, *, status: int, began: float) -> None:
        """Keep one request, that began at this monotonic time."""
        self._append(self.calls, Call(began, method, path, status, time.monotonic() - began))

    def harm(self, kind: str, breaks: tuple[str, ...], *, began: float) -> None:
        """Keep what was done to the fleet from this monotonic time until now."""
        self._append(self.harms, Harm(kind, breaks, began, time.monotonic()))

    def _append(self, kept: list[Any], one: Act | Call | Harm) -> None:
        with self.lock:
            kept.append(one)
            with self.file.open("a") as file:
                file.write(json.dumps({type(one).__name__.lower(): asdict(one)}) + "\n")

    def of(self, kind: str, *outcomes: Outcome) -> list[Act]:
        """The acts of a kind that ended so."""
        with self.lock:
            return [act for act in self.acts if act.kind == kind and act.outcome in outcomes]

    def count(self, wanted: Callable[[Call], bool]) -> int:
        """How many requests are as wanted."""
        with self.lock:
            return sum(map(wanted, self.calls))
