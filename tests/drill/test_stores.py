"""Databases as the fleet's own scripts and migrations make them come back with their rights, functions and owners."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

import psycopg
import pytest
from drill.restoring import Vault, done, stores
from fleet import ROOT, Fleet
from native import postgres
from native.environments import of_running
from quill_command import quill

SERVICES = ("auth", "patients", "letters", "notify")
DIFFERS = re.compile(r"^\\(un)?restrict |CONSTRAINT \w+ CHECK \(.* = ANY \(")


def databases(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The URL of each database under its owner, as the commands are told."""
    monkeypatch.setenv("QUILL_HOME", str(fleet.home))
    pairs = (pair.partition("=") for pair in of_running("ops")["QUILL_BACKUP_DATABASES"].split())
    return {name: url for name, _, url in pairs}


def dumped(urls: Mapping[str, str]) -> list[str]:
    """Everything that pg_dump tells of each database, but for the lines that differ from run to run.

    PostgreSQL writes a list of values that a column may have otherwise once it has read its own dump.
    """
    found = []
    for name, url in urls.items():
        command = [postgres.wheel_binaries() / "pg_dump", "--dbname", url]
        text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        found += [f"{name}: {line}" for line in text.splitlines() if not DIFFERS.search(line)]
    return found


def provide(fleet: Fleet) -> None:
    """The streams, as a start of the fleet makes them."""
    told = {"URL": fleet.nats_url, "USER": "provision", "PASSWORD": fleet.secrets["nats_provision"]}
    environment = os.environ | {f"QUILL_NATS_{name}": value for name, value in told.items()}
    subprocess.run([sys.executable, "-m", "provision"], env=environment, check=True, timeout=60)


def migrate(urls: Mapping[str, str]) -> None:
    for service in SERVICES:
        subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            cwd=ROOT / "services" / service,
            env=os.environ | {"QUILL_MIGRATION_DATABASE_URL": urls[service]},
            check=True,
            timeout=120,
        )


def fill(urls: Mapping[str, str]) -> None:
    """What the services' databases have none of: a sequence that went on, a large object, a schema of its own."""
    with psycopg.connect(urls["fhir"]) as connection:
        connection.execute("CREATE TABLE resources (id serial, content text, more oid)")
        numbers = "FROM generate_series(1, 99) n"
        connection.execute(f"INSERT INTO resources (content, more) SELECT 'é\\t' || n, lo_from_bytea(0, 'x') {numbers}")
    with psycopg.connect(urls["openehr"]) as connection:
        connection.execute("CREATE SCHEMA ehr")
        connection.execute("CREATE TABLE ehr.versions AS SELECT n, '{}'::jsonb AS content FROM generate_series(1, 9) n")


def test_stores_come_back_in_a_new_home_with_rights_functions_and_owners(
    server_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = [server_folder / f"stores-{number}" for number in (1, 2)]
    for home in homes:
        home.mkdir(mode=0o711)
    with stores(homes[0]) as fleet:
        urls, vault = databases(fleet, monkeypatch), Vault(tmp_path, fleet)
        migrate(urls)
        provide(fleet)
        fill(urls)
        before = dumped(urls)
        vault.make(fleet)
    assert quill(Fleet(homes[1], 0), "restore", vault.file, "--identity", vault.key, "--keys-to", homes[1]).code == 0
    with stores(homes[1]) as fleet:
        urls = databases(fleet, monkeypatch)
        vault.restore(fleet)
        assert "\n".join(unified_diff(before, dumped(urls), lineterm="")) == ""
        vault.make(fleet)
        assert set(vault.restore(fleet, "--replace").values()) == {"restored"}
        assert "\n".join(unified_diff(before, dumped(urls), lineterm="")) == ""
        with psycopg.connect(fleet.database("auth")) as connection:
            assert connection.execute("SELECT prune_audit(365)").fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (one int)")
        done(quill(fleet, "operations", "ls"))
