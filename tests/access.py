"""docs/access.md, which is generated from the declared policies, as data for tests."""

from dataclasses import dataclass
from pathlib import Path

CALLERS = ("anonymous", "patient", "linked patient", "clinician", "admin")
PAGE = Path(__file__).parents[1] / "docs/access.md"


@dataclass(frozen=True)
class Call:
    """One row: what a route answers to each kind of caller (`yes`, `own` or the status of the refusal)."""

    method: str
    path: str
    cells: dict[str, str]
    rule: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def changes(self) -> bool:
        """Whether it must prove that it comes from our own pages."""
        return self.method != "GET"

    @property
    def admitted(self) -> list[str]:
        """Who is let in."""
        return [caller for caller, cell in self.cells.items() if not cell.isdigit()]


def read_calls() -> list[Call]:
    """Every row of the page."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if "| `/" in line]
    return [
        Call(method, path.strip("`"), dict(zip(CALLERS, cells, strict=True)), rule)
        for method, path, *cells, rule in rows
    ]
