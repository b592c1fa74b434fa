"""Who may do what in the fleet's databases."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from native import bare, postgres
from native.home import Home
from native.secrets import DATABASE_ROLES

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
