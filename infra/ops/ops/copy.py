"""`quill copy`: a base and the log of PostgreSQL on another disk, and what comes back from them (ADR 22).

The folder has a series for each slot of the server: its log, without a gap, and the bases made meanwhile.
"""

import asyncio
import fcntl
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from common import clock
from common.db import Database
from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ops import databases, house, recovery
from ops.backup import BackupSettings
from ops.databases import Store
from ops.findings import Finding, fail, ok, warn
from ops.house import Refused, Settings
from ops.restore import Replace, hand_again, look_unused

NAME = "quill_copy"  # of who receives the log; slots begin with it
SERIES = "%Y%m%dT%H%M%SZ"
KEPT_BASES = 2  # one of them is at least as old as a base may get
LOOK_SECONDS = 60.0
SLOTS = f"FROM pg_replication_slots WHERE starts_with(slot_name, '{NAME}')"
ABOUT = f"""
SELECT setting <> '' AS waits, source = 'configuration file' AS was_chosen,
  EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) AS is_there,
  (SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), min(restart_lsn))::bigint {SLOTS}) AS behind
FROM pg_settings WHERE name = 'synchronous_standby_names'
"""  # noqa: S608 - nothing of it comes from outside

app = typer.Typer(no_args_is_help=True, help="A second copy of PostgreSQL, up to the last commit, on another disk.")

Folder = Annotated[Path, typer.Argument(help="Where the copy is", metavar="FOLDER", resolve_path=True)]
BaseDays = Annotated[int, typer.Option(min=1, help="Make a new base when the newest is older")]
Data = Annotated[Path | None, typer.Argument(help="New folder for the whole server's data", resolve_path=True)]
Only = Annotated[str | None, typer.Option(help="Put this database into the running stores instead")]
Until = Annotated[str | None, typer.Option(help="As it was then: 10m, 2h or 3d ago, or ISO 8601")]


class CopySettings(BaseSettings):
    """What a copy needs, which can be where no fleet is; the programs are as in BackupSettings."""

    model_config = Settings.model_config

    copy_database: SecretStr | None = None
    """For `quill copy`: the server under its superuser, such as `postgresql://postgres:…@postgres:5432/postgres`."""
    postgres_programs: Path | None = None

    @classmethod
    def settings_customise_sources(cls, *args: Any, **kwargs: Any) -> tuple[PydanticBaseSettingsSource, ...]:
        return Settings.settings_customise_sources(*args, **kwargs)

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's programs."""
        return self.postgres_programs or databases.programs()


@app.command()
def keep(folder: Folder, base_days: BaseDays = 7) -> None:
    """Keep a base and the log in a folder until told to stop; once there is a base, commits wait for the log."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its programs are ended, as by Ctrl-C
    house.run(_keep(CopySettings(), folder, timedelta(days=base_days)))


@app.command()
def off() -> None:
    """Have commits wait for the copy no longer, and the server keep no log for it."""
    house.run(_switch_off(CopySettings()))
    typer.echo("commits do not wait for the copy any more")


@app.command()
def restore(
    folder: Folder, data: Data = None, only: Only = None, until: Until = None, replace: Replace = False
) -> None:
    """Make a new data folder of a base and all log since, or bring back one database; the services must not run.

    A database comes back as it was just before it was dropped, or at the time that --until names.
    """
    at = house.moment(until) if until else None
    if data and not only:
        house.run(_restore_server(CopySettings().programs, folder, data, at))
    elif only and not data:
        house.run(_restore_database(folder, only, at, replace=replace))
    else:
        raise typer.BadParameter("name a new data folder, or one database by --only")
    typer.echo(f"restored: {only or data}")


async def check(settings: CopySettings) -> AsyncIterator[Finding]:
    """Whether what is committed is on both disks; nothing where nobody asked for a copy."""
    async with _server(settings) as server:
        waits, was_chosen, is_there, behind = (await server.execute(text(ABOUT))).one()
    told, advice = f"{behind or 0} bytes behind", "see the log of `quill copy keep`"
    if waits and is_there:
        yield ok("copy", f"what is committed is on both disks, {told}")
    elif waits:
        yield fail("copy", f"away: commits wait for it, {told}", f"{advice}; `quill copy off` has them go on")
    elif was_chosen or behind is not None:
        yield warn("copy", f"off: commits do not wait for it, {told}", f"{advice}, or run `quill copy off`")


async def _keep(settings: CopySettings, folder: Path, most: timedelta) -> None:
    store = Store("copy", _url(settings), settings.programs)
    with _held(folder, make=True):
        async with _server(settings) as server:
            await _check_system(server, folder)
            series = await _series(server, folder)
        receive = ("--synchronous", "--no-loop", f"--slot={_slot(series)}", f"--directory={series / 'log'}")
        async with _running(store, "pg_receivewal", *receive) as receiver:
            await _renew(store, series, most)
            if receiver.returncode is None:
                async with _server(settings) as server:
                    await _have_commits_wait(server, for_=NAME)
            while receiver.returncode is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(receiver.wait(), LOOK_SECONDS)
                await _renew(store, series, most)
    raise Refused(f"pg_receivewal has ended ({receiver.returncode})")


@contextmanager
def _held(folder: Path, *, make: bool = False) -> Iterator[None]:
    """A copy's folder, for this process alone.

    Raises:
        Refused: it cannot be used, or another process has it.
    """
    try:
        if make:
            folder.mkdir(mode=0o711, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise Refused(f"{folder} cannot be used: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"{folder} is in use: stop the fleet, or the command that uses it") from None
        yield


def _url(settings: CopySettings) -> str:
    if settings.copy_database is None:
        raise Refused("name the server under its superuser in QUILL_COPY_DATABASE")
    return settings.copy_database.get_secret_value()


@asynccontextmanager
async def _server(settings: CopySettings) -> AsyncIterator[AsyncConnection]:
    """The server that is copied."""
    database = Database(_url(settings), pool_size=1)
    try:
        async with database.statement() as connection:
            yield connection
    finally:
        await database.close()


async def _check_system(server: AsyncConnection, folder: Path) -> None:
    """A folder is for one server, and for those that are made of its copy.

    Raises:
        Refused: this is another one.
    """
    known, here = folder / "system", str(await server.scalar(text("SELECT system_identifier FROM pg_control_system()")))
    before = known.read_text() if known.exists() else ""
    if before not in {"", here}:
        raise Refused(f"{folder} has the copy of another PostgreSQL: its system identifier is {before}, not {here}")
    known.write_text(here)


async def _series(server: AsyncConnection, folder: Path) -> Path:
    """The series that can go on without a gap, for the server has kept all log since; a new one where there is no slot.

    Raises:
        Refused: the server keeps log for a series that is not here, or somebody receives it.
    """
    slots = (await server.scalars(text(f"SELECT slot_name {SLOTS}"))).all()
    if not slots:
        return await _begin(server, folder)
    here = [log.parent for log in folder.glob("*/log") if _slot(log.parent) in slots]
    if not here:
        reason = f"PostgreSQL keeps log for a copy that is not in {folder}"
        raise Refused(f"{reason}: mount its disk, or give it up by `quill copy off`")
    (series,) = here
    looks = 20  # whoever received the log a moment ago may still be seen at it
    while await server.scalar(text(f"SELECT bool_or(active) {SLOTS}")):
        if (looks := looks - 1) == 0:
            raise Refused(f"another process receives the log for {series}")
        await asyncio.sleep(0.5)
    size = await server.scalar(text("SELECT pg_size_bytes(current_setting('wal_segment_size'))"))
    for begun in (series / "log").glob("*.partial"):
        if begun.stat().st_size != size:  # was being made when the receiver ended, who would not take it any more
            begun.unlink()
    return series


async def _begin(server: AsyncConnection, folder: Path) -> Path:
    """A new series; commits do not wait for it before it has a base."""
    await _have_commits_wait(server, for_="")
    series = folder / clock.now().strftime(SERIES)
    (series / "log").mkdir(parents=True, exist_ok=True)
    await server.execute(text(f"SELECT pg_create_physical_replication_slot('{_slot(series)}', true)"))
    return series


def _slot(series: Path) -> str:
    return f"{NAME}_{series.name.lower()}"


async def _have_commits_wait(server: AsyncConnection, *, for_: str) -> None:
    await server.execute(text(f"ALTER SYSTEM SET synchronous_standby_names = '{for_}'"))
    await server.execute(text("SELECT pg_reload_conf()"))


async def _switch_off(settings: CopySettings) -> None:
    async with _server(settings) as server:
        await _have_commits_wait(server, for_="")
        await server.execute(text(f"SELECT pg_terminate_backend(active_pid, 3000) {SLOTS} AND active"))
        await server.execute(text(f"SELECT pg_drop_replication_slot(slot_name) {SLOTS}"))


@asynccontextmanager
async def _running(store: Store, program: str, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """One of PostgreSQL's programs, at work on the server that is copied until the block ends."""
    environment = {**store.environment, "PGAPPNAME": NAME}
    process = await asyncio.create_subprocess_exec(*store.command(program, *options), env=environment)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _renew(store: Store, series: Path, most: timedelta) -> None:
    """Make a base where the series has none that is young enough, and remove what nobody needs then."""
    if any(base.name > (clock.now() - most).strftime(recovery.BASE) for base in series.glob("base-*")):
        return
    fresh = series / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    options = (f"--pgdata={fresh}", "--wal-method=none", "--checkpoint=fast")
    async with _running(store, "pg_basebackup", *options) as process:
        if code := await process.wait():
            raise Refused(f"pg_basebackup has ended ({code})")
    fresh.rename(series / clock.now().strftime(recovery.BASE))
    _forget(series)


def _forget(series: Path) -> None:
    """Remove all bases but the newest, and the log that only those before them needed."""
    bases = recovery.bases(series.parent)
    kept = {base.parent for base in bases[-KEPT_BASES:]}
    for old in bases[:-KEPT_BASES]:
        shutil.rmtree(old)
    for log in series.parent.glob("*/log"):
        if log.parent not in kept:
            shutil.rmtree(log.parent)
    _, _, first = recovery.begin(min(series.glob("base-*")))
    for segment in (series / "log").iterdir():
        if recovery.is_before(segment, first):
            segment.unlink()


async def _restore_server(programs: Path, folder: Path, data: Path, at: datetime | None) -> None:
    if data.exists():
        raise Refused(f"{data} is there already: move it away first")
    fresh = data.with_name(f"{data.name}.new")
    stop = recovery.at_time(at) if at else {}
    with _held(folder), recovery.recovered(programs, recovery.newest(folder, at), fresh, stop):
        pass
    fresh.rename(data)


async def _restore_database(folder: Path, name: str, at: datetime | None, *, replace: bool) -> None:
    settings = BackupSettings()
    store = settings.stores.get(name)
    if store is None:
        raise Refused(f"this fleet has no database {name}")
    if (await look_unused(store)).tables and not replace:
        raise Refused(f"{name} is not empty; --replace puts the copy in its place, and what is there is lost")
    with _held(folder):
        async with _server(CopySettings()) as server:
            await _check_system(server, folder)
        then = await asyncio.to_thread(recovery.put_back, folder, store, at)
    await hand_again(settings, [name], since=then)
