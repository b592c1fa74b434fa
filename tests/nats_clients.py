"""Connections to a guarded NATS server, as each of its users."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from native.bare import NatsServer
from nats.aio.client import Client


@asynccontextmanager
async def client_of(server: NatsServer, user: str) -> AsyncIterator[Client]:
    """A client with the user's password and an inbox that the user may read."""
    client = Client()
    inbox = f"_INBOX_{user}".encode()
    await client.connect(server.url, user=user, password=server.passwords[user], inbox_prefix=inbox)
    try:
        yield client
    finally:
        await client.close()
