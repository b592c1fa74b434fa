"""A server made of a base and the log that follows it, as `quill copy keep` leaves them in a folder."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from common import clock
from sqlalchemy.engine import URL, make_url

from ops import house
from ops.databases import Store
from ops.house import Refused

BASE = "base-%Y%m%dT%H%M%SZ"
BEGIN = re.compile(r"START WAL LOCATION: (\S+) \(file (\w{8})(\w{16})\)")
DROP = re.compile(r"lsn: ([0-9A-F/]+),.* desc: DROP dir \d+/(\d+)")
ALONE = {
    "listen_addresses": "",
    "synchronous_standby_names": "",
    "hot_standby": "off",  # nobody is let in before the end of the recovery
    "restore_command": "false",  # all log is in pg_wal already
    "recovery_target_action": "promote",
}
POLL_SECONDS = 0.1
# A drop marks its database as invalid before anything else, and outside of its transaction; all is still there.
FOUND = """
UPDATE pg_database SET datconnlimit = -1 WHERE datname = '{0}' AND datconnlimit = -2;
SELECT oid, pg_last_xact_replay_timestamp() FROM pg_database WHERE datname = '{0}'
"""

type Stop = Mapping[str, str]  # the server's settings that say where its recovery ends; none: at the end of the log


def bases(folder: Path) -> Sequence[Path]:
    """Every complete base of a copy, the oldest first."""
    return sorted(folder.glob("*/base-*"))


def newest(folder: Path, at: datetime | None) -> Path:
    """The newest base from which a time can be reached, or the end of the log.

    Raises:
        Refused: there is none.
    """
    fit = [base for base in bases(folder) if at is None or base.name < at.astimezone(UTC).strftime(BASE)]
    if not fit:
        raise Refused(f"{folder} has no complete base" + (f" of before {house.utc(at)}" if at else ""))
    return fit[-1]


def begin(base: Path) -> tuple[str, str, str]:
    """Where the log begins that belongs to a base: the place, and the timeline and the number of its first file."""
    found = BEGIN.search((base / "backup_label").read_text())
    if found is None:
        raise Refused(f"{base} is no base")
    return found[1], found[2], found[3]


def is_before(segment: Path, first: str) -> bool:
    """Whether a file of the log comes before the one of this number; a history of timelines never does."""
    return segment.suffix != ".history" and segment.name[8:24] < first


def at_time(at: datetime) -> Stop:
    """The last commit until then."""
    return {"recovery_target_time": at.isoformat()}


def drops(programs: Path, base: Path) -> Sequence[tuple[Stop, str]]:
    """Where the log since a base drops databases, each with its OID, the latest first.

    A time would be no place to stop: a recovery goes on to the first commit after it, and a drop removes the files
    before it commits.
    """
    place, timeline, _ = begin(base)
    with TemporaryDirectory() as folder:
        for segment in (base.parent / "log").iterdir():
            target = Path(folder) / segment.name.removesuffix(".partial")
            if segment.suffix != ".partial" or not segment.with_suffix("").exists():
                target.symlink_to(segment)
        words = ("--rmgr=Database", f"--path={folder}", f"--timeline={int(timeline, 16)}", f"--start={place}")
        # Whatever it has to say, it ends with a failure, at the end of the log.
        told = subprocess.run([programs / "pg_waldump", *words], capture_output=True, text=True, check=False).stdout
    before = {"recovery_target_inclusive": "off"}
    return [({"recovery_target_lsn": lsn, **before}, oid) for lsn, oid in reversed(DROP.findall(told))]


@contextmanager
def recovered(programs: Path, base: Path, data: Path, stop: Stop) -> Iterator[Path]:
    """A server for this command alone, on a new data folder, once it has recovered; the folder of its socket.

    Args:
        programs: the folder of PostgreSQL's programs.
        base: where to begin; the log that follows it is beside it.
        data: the new folder; what is there goes.
        stop: where to end.

    Raises:
        Refused: the folder cannot be written, or the server does not recover.
    """
    try:
        _lay_out(base, data)
    except OSError as error:
        raise Refused(f"{data} cannot be written: {error.strerror or error}") from error
    if stop:
        (data / "recovery.signal").touch()
    with TemporaryDirectory(prefix="quill-") as name:
        folder = Path(name)
        (folder / "postgresql.conf").touch()  # its own may name a locale that is not here
        (folder / "hba").write_text("local all all trust\n")  # the folder is closed to others
        files = {"config_file": f"{name}/postgresql.conf", "hba_file": f"{name}/hba", "unix_socket_directories": name}
        settings = {**ALONE, **files, **stop}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with _started([str(programs / "postgres"), "-D", str(data), *options], folder, data) as server:
            while not _is_ready(data):
                if server.poll() is not None:
                    raise Refused(f"PostgreSQL does not recover: {_reason(folder / 'log')}")
                time.sleep(POLL_SECONDS)
            yield folder


def put_back(folder: Path, store: Store, at: datetime | None) -> datetime:
    """Recover the server beside the running one, and put one of its databases there, as it was before it was dropped.

    Args:
        folder: the copy.
        store: the database of the running server.
        at: the time of which it is to be, instead.

    Returns:
        The time of which it is.

    Raises:
        Refused: the copy does not have that; the database is as it was.
    """
    base = newest(folder, at)
    base = base if at else min(base.parent.glob("base-*"))  # the drop may have been before the newest
    stops = [(at_time(at), "")] if at else drops(store.programs, base)
    with TemporaryDirectory(dir=folder, prefix="recovering-") as name:
        work = Path(name)
        work.chmod(0o711)  # PostgreSQL can be another user
        (work / "dump").touch(mode=0o600)
        for stop, dropped in stops:
            with recovered(store.programs, base, work / "data", stop) as socket:
                found, then = _look_for(store, socket)
                if found and dropped in {"", found}:
                    _write_dump(store, socket, work / "dump")
                    break
        else:
            raise Refused(f"{store.name} was not dropped since {base.name}: name a time by --until")
        with (work / "dump").open("rb") as dump:
            store.replace(lambda target: shutil.copyfileobj(dump, target), backup=uuid4())
    return at or then


def _look_for(store: Store, socket: Path) -> tuple[str, datetime]:
    """The OID of a database on a recovered server, empty where it has none, and the time of the last commit there."""
    server = Store("recovered", f"postgresql://postgres@/postgres?host={socket}", store.programs)
    command = server.command("psql", "--tuples-only", "--no-align", f"--command={FOUND.format(store.name)}")
    told = subprocess.run(command, env=server.environment, capture_output=True, text=True, check=True).stdout
    oid, _, then = told.strip().partition("|")
    return oid, datetime.fromisoformat(then) if then else clock.now()


def _write_dump(store: Store, socket: Path, file: Path) -> None:
    there = make_url(store.url)
    url = URL.create("postgresql", there.username, database=there.database, query={"host": str(socket)})
    then = Store(store.name, url.render_as_string(), store.programs)
    with then.dump() as source, file.open("wb") as target:
        shutil.copyfileobj(source, target)


def _lay_out(base: Path, data: Path) -> None:
    """Put a base into a data folder, with all log since."""
    shutil.rmtree(data, ignore_errors=True)
    data.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(base, data, symlinks=True)
    _, _, first = begin(base)
    for segment in sorted((base.parent / "log").iterdir()):  # one that is complete comes before what it was made of
        target = data / "pg_wal" / segment.name.removesuffix(".partial")
        if not is_before(segment, first) and not target.exists():
            shutil.copy(segment, target)
    settings = data / "postgresql.auto.conf"  # who starts it without a copy shall not wait for one
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if not line.startswith("synchronous_standby_names")))


@contextmanager
def _started(command: Sequence[str], folder: Path, data: Path) -> Iterator[subprocess.Popen[bytes]]:
    user = _user()
    if user:
        for path in (folder, *folder.iterdir(), data, *data.rglob("*")):
            os.chown(path, user["user"], user["group"], follow_symlinks=False)
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, **user) as server,
    ):
        try:
            yield server
        finally:
            server.send_signal(signal.SIGINT)  # does not wait for clients


def _user() -> dict[str, Any]:
    """Who runs PostgreSQL, which root may not, as the launcher chooses; nobody else where this is not root."""
    if os.geteuid() != 0:
        return {}
    known = {one.pw_name: one for one in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _is_ready(data: Path) -> bool:
    try:
        return (data / "postmaster.pid").read_text().rstrip().endswith("ready")
    except FileNotFoundError:
        return False


def _reason(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    fatal = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
    return next(iter(fatal or lines[-1:]), "it says nothing")
