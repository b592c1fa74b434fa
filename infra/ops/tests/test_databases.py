"""EHRbase's database, on the oldest PostgreSQL that the machine has, comes back with its schemas and extension."""

import asyncio
from pathlib import Path
from typing import IO
from uuid import uuid4

import psycopg
import pytest
from native import ehrbase, postgres
from native.errors import LaunchError
from native.home import Home
from native.ports import free_port
from native.secrets import EHRBASE_ROLES
from native.supervisor import Supervisor
from ops.databases import Store, programs
from programs import lack

PASSWORDS = {role: f"q-{role}" for role in EHRBASE_ROLES}


@pytest.fixture
def cluster(server_folder: Path) -> postgres.Cluster:
    home = Home(server_folder / f"ehrbase-{uuid4().hex[:8]}")
    home.create()
    try:
        return ehrbase.cluster(home, port=free_port(), password="q-postgres")
    except LaunchError as error:
        lack(str(error))


def dumped(store: Store) -> bytes:
    with store.dump() as source:
        return source.read()


def test_database_of_ehrbase_comes_back_under_its_owner_and_works(cluster: postgres.Cluster) -> None:
    store = Store("ehrbase", cluster.url("ehrbase", PASSWORDS["ehrbase"], database="ehrbase"), programs())

    async def play() -> None:
        supervisor = Supervisor(cluster.home, nats=dict, report=print)
        await postgres.create_cluster(cluster)
        try:
            await supervisor.start(postgres.program(cluster))
            await postgres.run_script(cluster, "ehrbase/database.sql", passwords=PASSWORDS)
            await asyncio.to_thread(lose_and_restore)
        finally:
            await supervisor.stop()

    def lose_and_restore() -> None:
        assert store.look().tables == 0
        with psycopg.connect(store.url) as connection:
            connection.execute("CREATE TABLE ehr.versions (id uuid DEFAULT ext.uuid_generate_v4(), content jsonb)")
            connection.execute("INSERT INTO ehr.versions (content) SELECT '{}' FROM generate_series(1, 9)")
        dump, backup = dumped(store), uuid4()
        with psycopg.connect(store.url) as connection:
            connection.execute("DELETE FROM ehr.versions")
            connection.execute("CREATE TABLE ehr.newer (one int)")
        store.replace(lambda target: write(dump, target), backup=backup)
        assert (store.look().tables, store.look().restored) == (1, str(backup))
        restricted = cluster.url("ehrbase_restricted", PASSWORDS["ehrbase_restricted"], database="ehrbase")
        with psycopg.connect(restricted) as connection:
            connection.execute("INSERT INTO ehr.versions (content) VALUES ('{}')")
            assert connection.execute("SELECT count(DISTINCT id) FROM ehr.versions").fetchone() == (10,)

    asyncio.run(play())


def write(dump: bytes, target: IO[bytes]) -> None:
    target.write(dump)
