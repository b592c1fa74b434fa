"""What `make lint` finds in migrations: the services' are clean, and one that would stop people working is not."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import op
from native.bare import PostgresServer

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


def keep_what_was_given_up() -> None:
    with op.get_context().autocommit_block():
        op.create_index("letters_title", "letters", ["title"], postgresql_concurrently=True, if_not_exists=True)


def expand() -> None:
    op.add_column("letters", sa.Column("colour", sa.String(), nullable=True))


def test_every_migration_of_the_services_can_run_while_people_work(tmp_path: Path) -> None:
    migrations.write(tmp_path)
    assert len(list(tmp_path.iterdir())) == len(list(migrations.ROOT.glob("services/*/migrations/versions/*.py"))) > 8
    assert migrations.look(tmp_path) == 0
    assert migrations.kept_when_invalid(tmp_path) == []


@pytest.mark.parametrize("upgrade", [lock_the_table, break_who_writes_still, break_who_reads_still])
def test_migration_that_cannot_is_found(tmp_path: Path, upgrade: Callable[[], None]) -> None:
    (tmp_path / "some.sql").write_text(migrations.sql_of(upgrade))
    assert migrations.look(tmp_path) == 1


def test_migration_that_only_adds_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "some.sql").write_text(migrations.sql_of(expand))
    assert migrations.look(tmp_path) == 0


def test_migration_that_would_keep_an_invalid_index_is_found(tmp_path: Path) -> None:
    (tmp_path / "some.sql").write_text(migrations.sql_of(keep_what_was_given_up))
    assert migrations.kept_when_invalid(tmp_path) == ["some: letters_title"]


def upgrade(service: str, url: str, revision: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", revision],
        cwd=migrations.ROOT / "services" / service,
        env=os.environ | {"QUILL_MIGRATION_DATABASE_URL": url},
        check=False,
        capture_output=True,
        timeout=60,
    )
    return done.returncode == 0


def invalid_indexes(connection: psycopg.Connection) -> set[str]:
    found = connection.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
    return {name for (name,) in found}


@pytest.mark.parametrize(
    ("service", "before", "revision", "index"),
    [
        ("auth", "0004", "0005", "outbox_published"),
        ("auth", "0005", "0006", "sessions_created"),
        ("patients", "0002", "0003", "outbox_published"),
        ("letters", "0001", "0002", "outbox_published"),
        ("notify", "0002", "0003", "deliveries_order"),
        ("notify", "0004", "0005", "outbox_published"),
    ],
)
def test_upgrade_that_a_long_transaction_stopped_is_completed_by_the_next(
    postgres_server: PostgresServer, service: str, before: str, revision: str, index: str
) -> None:
    url = postgres_server.create_database()
    assert upgrade(service, url, before)
    with psycopg.connect(url, autocommit=True) as looking:
        with psycopg.connect(url) as dump:  # as pg_dump does, it keeps what it sees for as long as it takes
            dump.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            dump.execute("SELECT count(*) FROM alembic_version")
            assert not upgrade(service, url, revision)
            assert invalid_indexes(looking) == {index}
        assert upgrade(service, url, revision)
        assert invalid_indexes(looking) == set()
        assert looking.execute("SELECT to_regclass(%s) IS NOT NULL", [index]).fetchone() == (True,)
