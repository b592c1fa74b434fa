"""The database's absence is one error, wherever it is met; reading alone leaves no trace in the connection."""

from typing import Any

import asyncpg
import pytest
from common.db import Database, StorageUnavailable
from sqlalchemy import event, text

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("way", ["transaction", "statement"])
async def test_connection_that_ends_before_it_is_set_up_is_no_connection(database: Database, way: str) -> None:
    async def ask() -> None:
        async with getattr(database, way)() as session:
            await session.execute(text("SELECT 1"))

    def end(connection: Any, _record: object) -> None:
        connection.driver_connection.terminate()

    event.listen(database.engine.sync_engine, "connect", end, insert=True)
    with pytest.raises(StorageUnavailable):
        await ask()
    event.remove(database.engine.sync_engine, "connect", end)
    await ask()


async def test_answer_that_makes_no_sense_to_the_driver_is_no_connection(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask() -> object:
        async with database.transaction() as session:
            return await session.scalar(text("SELECT 1"))

    async def fetch(*_: object) -> None:
        raise asyncpg.ProtocolError("got result for unknown protocol state 3")

    with monkeypatch.context() as patch:
        patch.setattr("asyncpg.prepared_stmt.PreparedStatement.fetch", fetch)
        with pytest.raises(StorageUnavailable):
            await ask()
    assert await ask() == 1


async def test_server_that_takes_no_writes_is_no_database(database: Database) -> None:
    """So a standby says of itself; this one is told to."""
    async with database.statement() as connection:
        read_only = f'ALTER DATABASE "{database.engine.url.database}" SET default_transaction_read_only = on'
        await connection.execute(text(read_only))
    with pytest.raises(StorageUnavailable):
        await database.ping()


@pytest.mark.parametrize("changed", [{"password": "another"}, {"database": "another"}])
async def test_database_that_cannot_be_entered_is_away(database: Database, changed: dict[str, Any]) -> None:
    """As while a new password is being set, or a database that was dropped is being recovered."""
    url = database.engine.url.set(**changed).render_as_string(hide_password=False)
    closed = Database(url.replace("+asyncpg", ""))
    with pytest.raises(StorageUnavailable):
        await closed.ping()
    await closed.close()


async def test_database_whose_disk_fails_is_away(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as session:
            await session.execute(text("DO $$BEGIN RAISE io_error; END$$"))

    with pytest.raises(StorageUnavailable):
        await fail()


async def test_each_statement_is_a_transaction_of_its_own(database: Database) -> None:
    async with database.statement() as connection:
        first, second = [await connection.scalar(text("SELECT pg_current_xact_id()")) for _ in range(2)]
    assert first != second


async def test_connection_that_had_a_statement_rolls_back_again(database: Database) -> None:
    async with database.statement() as connection:
        asked = await connection.scalar(text("SELECT pg_backend_pid()"))

    async def fail() -> None:
        async with database.transaction() as session:
            assert await session.scalar(text("SELECT pg_backend_pid()")) == asked
            await session.execute(text("CREATE TABLE half_done (x int)"))
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await fail()
    async with database.statement() as connection:
        assert await connection.scalar(text("SELECT to_regclass('half_done')")) is None
