"""What `make lint` finds in migrations: the services' are clean, and one that would stop people working is not."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op

PLACE = Path(__file__).parents[1] / "migrations.py"
SPEC = importlib.util.spec_from_file_location("migrations", PLACE)
assert SPEC is not None
assert SPEC.loader is not None
migrations = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(migrations)


def lock_the_table() -> None:
    op.create_index("letters_title", "letters", ["title"])


def break_who_writes_still() -> None:
    op.add_column("letters", sa.Column("colour", sa.String(), nullable=False))


def break_who_reads_still() -> None:
    op.drop_column("letters", "title")


def expand() -> None:
    op.add_column("letters", sa.Column("colour", sa.String(), nullable=True))


def test_every_migration_of_the_services_can_run_while_people_work(tmp_path: Path) -> None:
    migrations.write(tmp_path)
    assert len(list(tmp_path.iterdir())) == len(list(migrations.ROOT.glob("services/*/migrations/versions/*.py"))) > 8
    assert migrations.look(tmp_path) == 0


@pytest.mark.parametrize("upgrade", [lock_the_table, break_who_writes_still, break_who_reads_still])
def test_migration_that_cannot_is_found(tmp_path: Path, upgrade: Callable[[], None]) -> None:
    (tmp_path / "some.sql").write_text(migrations.sql_of(upgrade))
    assert migrations.look(tmp_path) == 1


def test_migration_that_only_adds_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "some.sql").write_text(migrations.sql_of(expand))
    assert migrations.look(tmp_path) == 0
