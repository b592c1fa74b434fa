"""The database's absence is one error, wherever it is met."""

from typing import Any

import pytest
from common.db import Database, StorageUnavailable
from sqlalchemy import event

pytestmark = pytest.mark.anyio


async def test_connection_that_ends_before_it_is_set_up_is_no_connection(database: Database) -> None:
    def end(connection: Any, _record: object) -> None:
        connection.driver_connection.terminate()

    event.listen(database.engine.sync_engine, "connect", end, insert=True)
    with pytest.raises(StorageUnavailable):
        await database.ping()
    event.remove(database.engine.sync_engine, "connect", end)
    await database.ping()
