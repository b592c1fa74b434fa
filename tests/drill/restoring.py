"""A fleet's backup, and a new fleet that is made of it in another home, by the commands of docs/backup.md."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from fleet import Fleet, running_fleet
from native import postgres
from quill_command import Output, quill


class Vault:
    """Where backups and their key lie."""

    def __init__(self, folder: Path) -> None:
        self.file, self.key, self.noted = folder / "quill.backup", folder / "key", folder / "heads.json"

    def make(self, fleet: Fleet) -> Any:
        """Back a running fleet up; what `quill backup make` says."""
        if not self.key.exists():
            done(quill(fleet, "backup", "key", self.key))
        self.file.unlink(missing_ok=True)
        recipient = self.key.read_text().splitlines()[0].removeprefix("# public key: ")
        return done(quill(fleet, "backup", "make", self.file, "--recipient", recipient, "--json")).json

    def restore(self, fleet: Fleet, *options: str) -> Any:
        """Put the backup, or some stores of it, into the stores that run in a home."""
        return done(quill(fleet, "restore", self.file, "--identity", self.key, *options, "--json")).json

    def note_trail(self, fleet: Fleet) -> None:
        """Keep the heads of the audit trail, as every night."""
        self.noted.write_text(done(quill(fleet, "audit", "verify", "--json")).text)

    def trail_is_whole(self, fleet: Fleet) -> bool:
        """Whether every entry up to the heads that were noted is there as it was."""
        return quill(fleet, "audit", "verify", "--noted", self.noted).code == 0


def drop_database(fleet: Fleet, name: str) -> None:
    """A database is gone, whoever works with it."""
    port, password = fleet.processes["postgres"]["port"], fleet.secrets["database_postgres"]
    url = postgres.url("postgres", password, port=port, database="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def done(output: Output) -> Output:
    """What a command said that must succeed."""
    assert (output.code, output.errors) == (0, "")
    return output


@contextmanager
def stores(home: Path) -> Iterator[Fleet]:
    """Only PostgreSQL and NATS of a home, as `make stores` starts them."""
    with running_fleet(home, options=("--stores",)) as fleet:
        yield fleet


@contextmanager
def restored(vault: Vault, home: Path, **settings: str) -> Iterator[Fleet]:
    """A new fleet made of a backup."""
    home.mkdir(mode=0o711)
    nowhere = Fleet(home, 0)
    assert quill(nowhere, "restore", vault.file, "--identity", vault.key, "--keys-to", home).code == 0
    with stores(home) as fleet:
        vault.restore(fleet)
    with running_fleet(home, DEMO="0", **settings) as fleet:
        yield fleet
