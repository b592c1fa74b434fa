"""The alert rules: as they are shipped, and a copy in which everything lasts shorter, to be tried in minutes."""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from native.prometheus import RULES as FILE

RULES: list[dict[str, Any]] = [rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]]
_RANGE = re.compile(r"\[[^]]+\]|\boffset \d+[smhd]\b")
_DURATION = re.compile(r"(\d+)([smhd])\b")
_MILLISECONDS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def shortened(factor: int) -> dict[str, Any]:
    """The shipped rules with every range, offset and `for` divided; what a value is compared with stays."""
    return {"groups": [{"name": f"{factor} times as fast", "rules": [_shorten(rule, factor) for rule in RULES]}]}


def _shorten(rule: Mapping[str, Any], factor: int) -> dict[str, Any]:
    def divide(text: str) -> str:
        return _DURATION.sub(lambda found: f"{int(found[1]) * _MILLISECONDS[found[2]] // factor}ms", text)

    lasts = {"for": divide(rule["for"])} if "for" in rule else {}
    return {**rule, "expr": _RANGE.sub(lambda found: divide(found[0]), rule["expr"]), **lasts}
