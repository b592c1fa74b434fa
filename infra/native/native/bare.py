"""One server on its own, without a fleet around it: for tests of a single part and for measurements."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from native import nats, postgres
from native.errors import LaunchError
from native.home import Home
from native.ports import free_port
from native.process import Program, start_options, tail
from native.settings import Settings

PASSWORD = "q-bare-server"  # noqa: S105 - guards an empty server that lives for one test run


@dataclass(frozen=True)
class PostgresServer:
    port: int

    def url(self, database: str = "postgres") -> str:
        return postgres.url(postgres.SUPERUSER, PASSWORD, port=self.port, database=database)

    def create_database(self, name: str | None = None, *, template: str = "template1") -> str:
        """Make a database, owned by the superuser, and return its URL.

        Args:
            name: its name; a fresh one if there is none.
            template: the database that it is to be a copy of, to which nobody may be connected.
        """
        chosen = name or f"test_{uuid4().hex}"
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=5) as connection:
            names = sql.Identifier(chosen), sql.Identifier(template)
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.url(chosen)


@dataclass(frozen=True)
class NatsServer:
    port: int
    monitor_port: int
    passwords: Mapping[str, str]  # empty: everyone may do everything

    @property
    def url(self) -> str:
        return nats.url(self.port)


@contextmanager
def postgres_server(folder: Path, *, is_safe: bool = False) -> Iterator[PostgresServer]:
    """A PostgreSQL with its data in `folder`; unless it is safe, it does not wait for the disk: a crash loses all."""
    home = Home(folder)
    home.create()
    cluster = postgres.Cluster(home, port=free_port(), password=PASSWORD)
    asyncio.run(postgres.create_cluster(cluster))
    settings = {} if is_safe else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with _running(home, postgres.program(cluster, settings=settings)):
        yield PostgresServer(port=cluster.port)


@contextmanager
def nats_server(
    folder: Path, *, passwords: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[NatsServer]:
    """A JetStream server with its store in `folder`; with `passwords` it has the fleet's users and permissions.

    Args:
        folder: may have been another server's, whose streams this one has then.
        passwords: by user; without them everyone may do everything.
        port: where clients find it; a free one otherwise.
    """
    home = Home(folder)
    home.create()
    port = port or free_port()
    monitor_port = free_port(avoid=[port])
    if passwords is None:
        program = nats.bare_program(home, port=port, monitor_port=monitor_port)
    else:
        program = nats.program(home, port=port, monitor_port=monitor_port, passwords=passwords)
    with _running(home, program):
        yield NatsServer(port=port, monitor_port=monitor_port, passwords=passwords or {})


@contextmanager
def nats_cluster(
    folder: Path, settings: Settings, *, ports: Mapping[str, int], passwords: Mapping[str, str]
) -> Iterator[Mapping[str, subprocess.Popen[bytes]]]:
    """The servers of a NATS cluster with their stores in `folder`, each by its name; whoever kills one has killed it.

    Args:
        folder: may have been another cluster's.
        settings: how many there are, and whether there are ways between them that a test chose.
        ports: by the names of `nats.port_names`.
        passwords: by user, and that of the routes.
    """
    home = Home(folder)
    home.create()
    programs = nats.programs(home, settings, ports=ports, passwords=passwords)
    with ExitStack() as stack:
        processes = {one.name: stack.enter_context(_started(home, one)) for one in programs}
        for one in programs:
            _wait(one, processes[one.name], home.log(one.name))
        yield processes


@contextmanager
def _running(home: Home, program: Program) -> Iterator[None]:
    with _started(home, program) as process:
        _wait(program, process, home.log(program.name))
        yield


@contextmanager
def _started(home: Home, program: Program) -> Iterator[subprocess.Popen[bytes]]:
    options = start_options(program.command, log=home.log(program.name))
    process = subprocess.Popen(program.command.argv, stdin=subprocess.DEVNULL, **options)
    os.close(options["stdout"])
    try:
        yield process
    finally:
        process.send_signal(program.command.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            process.wait(program.grace)
        process.kill()
        process.wait()


def _wait(program: Program, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + program.patience
    while not asyncio.run(_is_ready(program)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise LaunchError(f"{program.name} does not become ready:\n{tail(log)}")
        time.sleep(0.05)


async def _is_ready(program: Program) -> bool:
    return await program.ready()
