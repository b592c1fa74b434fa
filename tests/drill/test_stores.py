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
from documentation import commands
from drill.restoring import Vault, stores
from fleet import ROOT, Fleet
from native import postgres
from native.environments import of_running

SERVICES = ("auth", "patients", "letters", "notify")
OURS = "tests/drill/test_stores.py"
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
        command = [str(postgres.wheel_binaries() / "pg_dump"), "--dbname", url]
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


def follow(vault: Vault, home: Path, *words: str, but: str = "--only") -> None:
    """Run the lines of docs/backup.md that have these words and not another, as they stand but for the paths."""
    lines = [one.line for one in commands() if one.page.name == "backup.md" and one.run_by == OURS]
    chosen = [line for line in lines if all(word in line for word in words) and but not in line]
    assert chosen
    for line in chosen:
        for said, meant in (("monday.backup", vault.file), ("backup.key", vault.key), (" .quill", f" {home}")):
            line = line.replace(said, str(meant))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QUILL_")}
        environment |= {"QUILL_HOME": str(home)}
        subprocess.run(["sh", "-c", line], cwd=ROOT, env=environment, check=True, timeout=120)


def test_stores_come_back_in_a_new_home_with_rights_functions_and_owners(
    server_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = [server_folder / f"stores-{number}" for number in (1, 2)]
    for home in homes:
        home.mkdir(mode=0o711)
    vault = Vault(tmp_path)
    with stores(homes[0]) as fleet:
        urls = databases(fleet, monkeypatch)
        migrate(urls)
        provide(fleet)
        fill(urls)
        before = dumped(urls)
        follow(vault, homes[0], "quill backup")
    follow(vault, homes[1], "quill restore", "--keys-to")
    with stores(homes[1]) as fleet:
        urls = databases(fleet, monkeypatch)
        follow(vault, homes[1], "quill restore", but="--keys-to")  # of everything, then of letters alone
        follow(vault, homes[1], "quill operations")
        assert "\n".join(unified_diff(before, dumped(urls), lineterm="")) == ""
        vault.make(fleet)
        assert set(vault.restore(fleet, "--replace").values()) == {"restored"}
        assert "\n".join(unified_diff(before, dumped(urls), lineterm="")) == ""
        with psycopg.connect(fleet.database("auth")) as connection:
            assert connection.execute("SELECT prune_audit(365)").fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (one int)")
