"""RULES.md says which case shows that a rule holds: every rule has one, and every case that is named exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [
    line.strip("| ").split(" | ")
    for line in Path(__file__).with_name("RULES.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| Rule")
]


def test_every_rule_names_cases_that_exist() -> None:
    files = (file for part in ("tests", "libs", "services", "infra") for file in (ROOT / part).rglob("test_*.py"))
    defined = {name for file in files for name in re.findall(r"def (test_\w+)\(", file.read_text())}
    named = {rule: re.findall(r"`(test_\w+)`", cases) for rule, cases in ROWS}
    assert len(named) == len(ROWS) > 60
    assert [rule for rule, cases in named.items() if not cases] == []
    assert [case for cases in named.values() for case in cases if case not in defined] == []
