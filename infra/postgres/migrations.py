"""The services' migrations as SQL, for squawk: what would lock a table that people work with, or break who reads it."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Dialect, LargeBinary

ROOT = Path(__file__).parents[2]
SERVICES = ("auth", "patients", "letters", "notify")
_CONCURRENT = re.compile(r"DROP INDEX CONCURRENTLY IF EXISTS (\w+)|CREATE INDEX CONCURRENTLY (?:IF NOT EXISTS )?(\w+)")


class Bytes(LargeBinary):
    """Bytes that are a part of the text, as a run without a database needs them."""

    def literal_processor(self, dialect: Dialect) -> Callable[[bytes], str]:
        return lambda value: f"'\\x{value.hex()}'"


def sql_of(upgrade: Callable[[], None]) -> str:
    """What a migration would run, in a transaction of its own, which it may leave for a while."""
    written = StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written})
    context.dialect.colspecs = {**context.dialect.colspecs, LargeBinary: Bytes}
    with Operations.context(context):
        upgrade()
    return f"BEGIN;\n{written.getvalue()}\nCOMMIT;\n"


def write(folder: Path) -> None:
    """Write each migration's SQL into a file that is named after it."""
    for service in SERVICES:
        scripts = ScriptDirectory(str(ROOT / "services" / service / "migrations"))
        for script in scripts.walk_revisions():
            (folder / f"{service}-{Path(script.path).stem}.sql").write_text(sql_of(script.module.upgrade))


def look(folder: Path) -> int:
    """What squawk says of a folder goes to the terminal; its exit code."""
    squawk = Path(sys.executable).with_name("squawk")
    files = sorted(folder.glob("*.sql"))
    return subprocess.run([squawk, "--config", ROOT / ".squawk.toml", *files], check=False).returncode


def kept_when_invalid(folder: Path) -> list[str]:
    """Indexes that an upgrade leaves invalid if it is given up, and that its repetition would keep as they are."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        dropped = set[str]()
        for drop, create in _CONCURRENT.findall(file.read_text()):
            dropped.add(drop)
            found += [f"{file.stem}: {create}"] if create and create not in dropped else []
    return found


def main() -> int:
    """Have squawk look at all of them, and look for what it does not know; the exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        kept = kept_when_invalid(folder)
        for one in kept:
            print(f"{one} may be there and invalid: drop it first (DROP INDEX CONCURRENTLY IF EXISTS)")  # noqa: T201
        return look(folder) or bool(kept)


if __name__ == "__main__":
    sys.exit(main())
