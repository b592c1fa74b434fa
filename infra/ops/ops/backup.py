"""`quill backup`: everything of a fleet in one encrypted file, taken while it works."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from common import clock
from common.events import STREAMS
from pydantic import SecretStr

from ops import archive, databases, house, secrets, streams
from ops.archive import Manifest, Part, Reader, Writer
from ops.databases import Store
from ops.house import AsJson, Broker, Refused, Settings
from ops.pipes import read_from

# What a store mentions is in those that are dumped after it: a notification's letter, an event's, a letter's patient.
BEFORE_STREAMS = ("notify", "auth", "letters", "patients")
AFTER_STREAMS = ("openehr", "ehrbase", "fhir")
DATED, ANY_DATED = "quill-%Y%m%dT%H%M%SZ.backup", "quill-????????T??????Z.backup*"  # also of those that were cut short

app = typer.Typer(no_args_is_help=True, help="Everything of the fleet in one encrypted file.")

Archive = Annotated[Path, typer.Argument(help="The backup", metavar="FILE")]
Identity = Annotated[Path, typer.Option(help="File with the private key", metavar="FILE")]
Keys = Annotated[Path | None, typer.Option(help="The file (or folder) with this fleet's secrets; - is stdin")]
KeepDays = Annotated[int | None, typer.Option(min=1, help="Then remove backups from the folder that are older")]


class BackupSettings(Settings):
    """What else a backup and a restore need: databases under the roles that own them, and whole streams."""

    backup_databases: SecretStr
    """Databases under the roles that own them, separated by spaces: `letters=postgresql://letters_owner:…@…/letters`."""
    nats_backup_password: SecretStr
    """The password of the user `backup` on NATS."""
    backup_recipients: str = ""
    """Who can open backups: public keys of age, separated by spaces, such as `age1…`."""
    backup_keys: Path | None = None
    """The file with the fleet's secrets, or a folder with a file for each; a backup contains them."""
    postgres_programs: Path | None = None
    """The folder with `pg_dump` and `psql`, instead of the installed ones."""

    @property
    def stores(self) -> Mapping[str, Store]:
        """The databases by their names."""
        pairs = (pair.partition("=") for pair in self.backup_databases.get_secret_value().split())
        programs = self.postgres_programs or databases.programs()
        return {name: Store(name, url, programs) for name, _, url in pairs}

    def backup_broker(self) -> AbstractAsyncContextManager[Broker]:
        """JetStream as the user of backups may use it."""
        return self.model_copy(update={"nats_user": "backup", "nats_password": self.nats_backup_password}).broker()


@app.command()
def make(
    file: Annotated[Path, typer.Argument(help="The backup, or a folder for one that is named by its time")],
    recipients: Annotated[str, typer.Option("--recipient", help="Public keys of age, separated by spaces")] = "",
    keys: Keys = None,
    keep_days: KeepDays = None,
    as_json: AsJson = False,
) -> None:
    """Write a backup of everything while the fleet works; only the private key opens it."""
    if keep_days and not file.is_dir():
        raise typer.BadParameter("goes with a folder only", param_hint="--keep-days")
    settings = BackupSettings()
    target = file / clock.now().strftime(DATED) if file.is_dir() else file
    manifest, total = house.run(_make(settings, target, recipients or settings.backup_recipients, keys))
    removed = _remove_old(file, keep_days) if keep_days else []
    if as_json:
        house.print_json({"sha256": total, "file": str(target), "removed": removed, **manifest.model_dump()})
        return
    _print(manifest)
    for name in removed:
        typer.echo(f"removed: {name}")
    typer.echo(f"file: {target}")
    typer.echo(f"sum: {total}")


def _remove_old(folder: Path, days: int) -> Sequence[str]:
    """Remove what was begun before so many days, by the time in its name; the names."""
    first_kept = (clock.now() - timedelta(days=days)).strftime(DATED)
    old = sorted(one for one in folder.glob(ANY_DATED) if one.name < first_kept)
    for one in old:
        one.unlink()
    return [one.name for one in old]


async def _make(settings: BackupSettings, file: Path, recipients: str, keys: Path | None) -> tuple[Manifest, str]:
    place = keys or settings.backup_keys
    if place is None:
        raise Refused("name the file with the fleet's secrets: --keys FILE")
    content, name = secrets.load(place), ".env" if place == secrets.STDIN or place.is_dir() else place.name
    with archive.writing(file, archive.read_recipients(recipients)) as writer:
        await write_stores(settings, writer)
        writer.add(Part(kind="keys", store=name, file=f"keys/{name}.age"), BytesIO(content))
        return writer.manifest, writer.end()


async def write_stores(settings: BackupSettings, writer: Writer) -> None:
    """Every database and stream, in the order that lets nothing mention what a later dump lacks."""
    stores = settings.stores
    if unknown := stores.keys() - {*BEFORE_STREAMS, *AFTER_STREAMS}:
        raise Refused(f"nobody knows when to dump {', '.join(sorted(unknown))}")
    for name in BEFORE_STREAMS:
        await _write_database(writer, stores.get(name))
    async with settings.backup_broker() as broker:
        for stream in STREAMS:
            await _write_stream(writer, broker, stream.name)
    for name in AFTER_STREAMS:
        await _write_database(writer, stores.get(name))


async def _write_database(writer: Writer, store: Store | None) -> None:
    def write(store: Store) -> None:
        part = Part(kind="database", store=store.name, file=f"databases/{store.name}.sql.gz.age")
        with store.dump() as source:
            writer.add(part, source)

    if store is not None:
        await asyncio.to_thread(write, store)


async def _write_stream(writer: Writer, broker: Broker, stream: str) -> None:
    about, pieces = await streams.begin_snapshot(broker, stream)
    part = Part(kind="stream", store=stream, file=f"streams/{stream}.snapshot.age", about=about)
    loop = asyncio.get_running_loop()

    def fill(target: IO[bytes]) -> None:
        async def copy() -> None:
            async for piece in pieces:
                await asyncio.to_thread(target.write, piece)

        asyncio.run_coroutine_threadsafe(copy(), loop).result()

    def write() -> None:
        with read_from(fill) as source:
            writer.add(part, source)

    await asyncio.to_thread(write)


@app.command()
def check(file: Archive, identity: Identity, as_json: AsJson = False) -> None:
    """Say what a backup holds, after comparing every dump with its checksum."""

    async def read() -> Manifest:
        backup = Reader(file, archive.read_identities(identity))
        backup.verify()
        return backup.manifest

    manifest = house.run(read())
    if as_json:
        house.print_json(manifest)
    else:
        _print(manifest)


@app.command()
def key(file: Annotated[Path, typer.Argument(help="Where to put the private key", metavar="FILE")]) -> None:
    """Make a pair of keys: the private one goes into a new file, which is needed to restore and for nothing else."""

    async def write() -> str:
        return archive.write_identity(file)

    typer.echo(house.run(write()))


def _print(manifest: Manifest) -> None:
    rows: Sequence[Sequence[Any]] = [(one.kind, one.store, one.size, one.began) for one in manifest.parts]
    house.print_table(("kind", "store", "bytes#", "began (UTC)"), rows, without="")
