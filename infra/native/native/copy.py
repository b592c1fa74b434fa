"""What keeps PostgreSQL's second copy: `quill copy keep` beside the server, `make run COPY=folder`."""

import sys
from contextlib import suppress
from pathlib import Path

import psycopg

from native.leftovers import mark
from native.postgres import SUPERUSER, Cluster
from native.process import Command, Program
from native.services import Context, operator_environment

_PATIENCE = 86400.0  # seconds: the first base of a large server takes a while
_IS_THERE = "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'"


def program(context: Context, cluster: Cluster, folder: Path) -> Program:
    """The keeper of the copy, ready when what is committed is on both disks."""
    quill = str(Path(sys.executable).with_name("quill"))
    return Program(
        name="copy",
        command=Command(
            argv=(quill, "copy", "keep", str(folder)),
            env={**operator_environment(context), **mark(context.home, "copy")},
        ),
        port=cluster.port,  # of whom it asks; it has none
        ready=lambda: _is_there(cluster),
        patience=_PATIENCE,
    )


async def _is_there(cluster: Cluster) -> bool:
    with suppress(psycopg.OperationalError):
        address = cluster.url(SUPERUSER, cluster.password, database="postgres")
        async with await psycopg.AsyncConnection.connect(address, connect_timeout=2) as connection:
            return (await connection.execute(_IS_THERE)).rowcount > 0
    return False
