"""Who may do what in the fleet's databases."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from native import bare, postgres
from native.home import Home
from native.secrets import DATABASE_ROLES
from native.settings import REPOSITORY

PASSWORDS = {role: f"q-{role}-password" for role in DATABASE_ROLES}


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="quill-"))
    with bare.postgres_server(folder) as server:
        cluster = postgres.Cluster(Home(folder), port=server.port, password=bare.PASSWORD)
        for _ in range(2):  # the second run changes nothing
            asyncio.run(postgres.run_script(cluster, "databases.sql", passwords=PASSWORDS))
        yield cluster
    shutil.rmtree(folder)


def connect(cluster: postgres.Cluster, role: str, *, database: str) -> psycopg.Connection:
    return psycopg.connect(cluster.url(role, PASSWORDS[role], database=database), autocommit=True, connect_timeout=5)


def test_owner_makes_tables_and_runtime_role_reads_and_writes_rows(cluster: postgres.Cluster) -> None:
    with connect(cluster, "letters_owner", database="letters") as owner:
        owner.execute("CREATE TABLE receipts (number int GENERATED ALWAYS AS IDENTITY, text text)")
    with connect(cluster, "letters", database="letters") as runtime:
        runtime.execute("INSERT INTO receipts (text) VALUES ('one')")
        runtime.execute("UPDATE receipts SET text = 'two'")
        assert runtime.execute("SELECT text FROM receipts").fetchall() == [("two",)]
        runtime.execute("DELETE FROM receipts")
        for statement in ("CREATE TABLE mine ()", "DROP TABLE receipts", "TRUNCATE receipts", "CREATE SCHEMA mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                runtime.execute(statement)


def test_auth_adds_and_reads_audit_entries_and_can_neither_change_nor_remove_one(cluster: postgres.Cluster) -> None:
    url = cluster.url("auth_owner", PASSWORDS["auth_owner"], database="auth")
    alembic, folder = [sys.executable, "-m", "alembic", "upgrade", "head"], REPOSITORY / "services" / "auth"
    subprocess.run(alembic, cwd=folder, env=os.environ | {"QUILL_MIGRATION_DATABASE_URL": url}, check=True, timeout=60)
    with connect(cluster, "auth", database="auth") as auth:
        auth.execute("UPDATE audit_chains SET position = 1, hash = 'x' WHERE source = 'auth'")
        auth.execute(
            "INSERT INTO audit_entries (id, source, position, at, roles, action, resource, outcome, hash)"
            " VALUES (gen_random_uuid(), 'auth', 1, now() - interval '364 days', '{}', 'R', 'letter', 'ok', 'x')"
        )
        assert auth.execute("SELECT prune_audit(0)").fetchone() == (0,)
        for statement in (
            "UPDATE audit_entries SET outcome = 'denied'",
            "DELETE FROM audit_entries",
            "TRUNCATE audit_entries",
            "UPDATE audit_chains SET pruned_position = 1",
            "DELETE FROM audit_chains",
            "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
            "CREATE OR REPLACE FUNCTION prune_audit(days integer) RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                auth.execute(statement)


@pytest.mark.parametrize("role", DATABASE_ROLES)
def test_no_role_reaches_another_database(cluster: postgres.Cluster, role: str) -> None:
    own = role.removesuffix("_owner")
    others = {name.removesuffix("_owner") for name in DATABASE_ROLES} - {own} | {"postgres", "template1"}
    connect(cluster, role, database=own).close()
    for database in others:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connect(cluster, role, database=database)


@pytest.mark.parametrize("role", DATABASE_ROLES)
def test_no_role_has_special_rights_or_enters_without_its_password(cluster: postgres.Cluster, role: str) -> None:
    with psycopg.connect(cluster.url("postgres", bare.PASSWORD, database="postgres")) as superuser:
        rights = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
        row = superuser.execute(f"SELECT {rights} FROM pg_roles WHERE rolname = %s", [role]).fetchone()  # noqa: S608
        assert row == (False,) * 5
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.url(role, "wrong", database=role.removesuffix("_owner")), connect_timeout=5)
