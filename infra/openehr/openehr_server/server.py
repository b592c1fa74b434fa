"""What lives as long as the process: settings, pool, parsed templates; and how a request reaches them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

import asyncpg
from fastapi import Depends, Request

from openehr_server.settings import Settings
from openehr_server.templates import TemplateStore

ACQUIRE_SECONDS = 3.0


@dataclass(frozen=True)
class Server:
    """The process-wide state."""

    settings: Settings
    pool: asyncpg.Pool
    templates: TemplateStore = field(default_factory=TemplateStore)

    @property
    def system_id(self) -> str:
        """The creating_system_id of every version made here."""
        return self.settings.system_id

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection]:
        """One transaction, committed before the answer is sent."""
        async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
            yield connection


def _server(request: Request) -> Server:
    server: Server = request.app.state.server
    return server


Here = Annotated[Server, Depends(_server)]
