"""The recorded exchanges, and how a recording's ids become those of a run. Sends nothing."""

import json
import re
import secrets
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from contracts.openehr.letters_data import FOLDER, TEMPLATE_ID

RECORDED_ORIGIN = "http://127.0.0.1:18081"
RECORDED_SYSTEM = "letters.quill.test"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Exchange:
    """One request and what EHRbase 2.31.0 answered; `name` is the file's name without its ending."""

    name: str
    request: dict[str, Any]
    response: dict[str, Any]

    @property
    def number(self) -> int:
        """Its place in the recording."""
        return int(self.name[:3])


@cache
def exchanges() -> tuple[Exchange, ...]:
    """All of them, in the order of the recording."""
    return tuple(_read(path) for path in sorted((FOLDER / "exchanges").glob("*.json")))


def exchange(number: int) -> Exchange:
    """One of them."""
    return next(item for item in exchanges() if item.number == number)


def _read(path: Path) -> Exchange:
    recorded = json.loads(path.read_text(encoding="utf-8"))
    return Exchange(path.stem, recorded["request"], recorded["response"])


@dataclass
class Translator:
    """From the recording to this run.

    Ids that the recording's caller chose become new ones that sort alike, so that a run leaves no trace in the
    next one; ids that the server chose are learned from its answers.
    """

    origin: str
    system_id: str
    run: str = field(default_factory=lambda: secrets.token_hex(6))
    _known: dict[str, str] = field(default_factory=dict)

    @property
    def template_id(self) -> str:
        """A template id of this run's own."""
        return TEMPLATE_ID.replace("letter.", f"letter-{self.run}.")

    def text(self, recorded: str) -> str:
        """A recorded text as it has to read in this run."""
        moved = _UUID.sub(lambda match: self._id(match.group()), recorded)
        moved = moved.replace(RECORDED_ORIGIN, self.origin).replace(RECORDED_SYSTEM, self.system_id)
        return moved.replace(TEMPLATE_ID, self.template_id)

    def json(self, recorded: Any) -> Any:
        """A recorded document as it has to read in this run."""
        return json.loads(self.text(json.dumps(recorded)))

    def pattern(self, recorded: str) -> re.Pattern[str]:
        """Matches what the recorded text may read like in this run; an id that is not known may be any."""
        parts = re.split(f"({_UUID.pattern})", recorded)
        ids = [_UUID.pattern if one not in self._known else re.escape(self._known[one]) for one in parts[1::2]]
        texts = [re.escape(self.text(part)) for part in parts[::2]]
        return re.compile("".join(piece for pair in zip(texts, [*ids, ""], strict=True) for piece in pair), re.DOTALL)

    def learn(self, recorded: Any, answered: Any) -> None:
        """Takes over the ids that the server chose: those that stand where the recording has ids not yet known."""
        if isinstance(recorded, dict) and isinstance(answered, dict):
            for key in recorded.keys() & answered.keys():
                self.learn(recorded[key], answered[key])
        elif isinstance(recorded, list) and isinstance(answered, list):
            for one, other in zip(recorded, answered, strict=False):
                self.learn(one, other)
        elif isinstance(recorded, str) and isinstance(answered, str):
            for one, other in zip(_UUID.findall(recorded), _UUID.findall(answered), strict=False):
                self._known.setdefault(one, other)

    def _id(self, recorded: str) -> str:
        return self._known.setdefault(recorded, recorded[:-12] + self.run)
