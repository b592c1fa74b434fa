"""The database of a service as it was earlier: what an administrator does who has only an old dump left."""

import os
import signal
import subprocess
from pathlib import Path

import psycopg
from fleet import Fleet
from native import postgres

SECONDS = 60
END_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
)


def dump(fleet: Fleet, service: str, file: Path) -> None:
    """Write everything that the service's database holds now; there is no file where that could not be read."""
    begun = file.with_suffix(".begun")
    _run("pg_dump", "--format=custom", f"--file={begun}", fleet=fleet, service=service)
    begun.rename(file)


def restore(fleet: Fleet, service: str, file: Path) -> None:
    """Put it back in the place of what the database holds by now, and start the service anew."""
    names = fleet.replicas(service)
    pids = [fleet.kill(name, signal.SIGSTOP) for name in names]
    _end_connections(fleet, service)
    options = ("--clean", "--if-exists", "--single-transaction", f"--dbname={service}", str(file))
    _run("pg_restore", *options, fleet=fleet, service=service)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _end_connections(fleet: Fleet, service: str) -> None:
    with psycopg.connect(_address(fleet, service), autocommit=True) as database:
        database.execute(END_CONNECTIONS, [service])


def _address(fleet: Fleet, service: str) -> str:
    password, port = fleet.secrets[f"database_{postgres.SUPERUSER}"], fleet.processes["postgres"]["port"]
    return postgres.url(postgres.SUPERUSER, password, port=port, database=service)


def _run(program: str, *options: str, fleet: Fleet, service: str) -> None:
    password, port = fleet.secrets[f"database_{postgres.SUPERUSER}"], fleet.processes["postgres"]["port"]
    where = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": postgres.SUPERUSER, "PGPASSWORD": password}
    database = {"PGDATABASE": service} if program == "pg_dump" else {}
    command = [str(postgres.wheel_binaries() / program), *options]
    subprocess.run(command, env=os.environ | where | database, check=True, timeout=SECONDS)
