"""What the documents say: their pages, the commands in them, and which test runs a block of commands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "infra/docker/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs/runbooks").glob("*.md")),
]
DECISIONS = sorted((ROOT / "docs/adr").glob("*.md"))
# Pages whose commands are run by a test of their own; elsewhere a block says it (```sh run-by=…).
RUN_BY = {
    "consume-events.md": "tests/samples/test_consume_events_page.py",
    "import.md": "services/patients/tests/test_import_command.py",
}
FENCED = re.compile(r"^```(\w*)(?: run-by=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Command:
    """A line of a fenced block; `run_by`: the test that runs the block, if one does."""

    page: Path
    line: str
    run_by: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.line}"


def commands() -> Iterator[Command]:
    """Every command of a fenced `sh` block, continued lines joined."""
    for page in PAGES:
        for language, run_by, block in FENCED.findall(page.read_text()):
            lines = block.replace("\\\n", " ").splitlines()
            if language == "sh":
                run_by = run_by or RUN_BY.get(page.name)
                yield from (Command(page, line.strip(), run_by) for line in lines if line.strip())


def spans(page: Path) -> list[str]:
    """What a page sets as code within its sentences."""
    return SPAN.findall(FENCED.sub("", page.read_text()))
