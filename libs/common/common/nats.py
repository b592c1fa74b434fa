"""The service's connection to NATS: made in the background, so that a service starts and works while NATS is away."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from contextlib import suppress
from random import SystemRandom
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from common.logging import get_logger
from common.settings import ServiceSettings

log = get_logger(__name__)

RECONNECT_SECONDS = 0.5
FLUSH_SECONDS = 2
ENDING_SECONDS = 5


async def to_its_end(begun: Coroutine[Any, Any, None]) -> None:
    """Let what has begun end although its loop is cancelled, within five seconds: it is nobody else's for a while."""
    task = asyncio.create_task(begun)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        for ended in (await asyncio.wait([task], timeout=ENDING_SECONDS))[0]:
            if not ended.cancelled():
                ended.exception()  # is looked at: nobody is left who would try it again
        raise


def servers(urls: str) -> list[str]:
    """The servers of a setting that may name several, separated by commas; each client has an order of its own."""
    listed = [url.strip() for url in urls.split(",")]
    return SystemRandom().sample(listed, len(listed))


class Link:
    """A NATS client that keeps trying; `client.is_connected` tells how it stands."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._closing = False
        self.client = Client()
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Connect, however long it takes; after that the client reconnects by itself."""
        settings = self._settings
        while not self.client.is_connected:
            try:
                await self.client.connect(
                    servers(settings.nats_url),
                    name=settings.nats_user,
                    user=settings.nats_user,
                    password=settings.nats_password.get_secret_value(),
                    inbox_prefix=f"_INBOX_{settings.nats_user}".encode(),
                    dont_randomize=True,  # so that the next one is another
                    connect_timeout=2,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=RECONNECT_SECONDS,  # type: ignore[arg-type]
                    ping_interval=10,
                    max_outstanding_pings=2,
                    error_cb=self._on_error,
                    closed_cb=self._on_closed,
                )
            except (NatsError, OSError, TimeoutError):
                await asyncio.sleep(RECONNECT_SECONDS)
        self.connected.set()

    async def move_on(self) -> None:
        """Try another server of a cluster: one that is cut off from the others keeps its clients, for nothing."""
        if self.client.is_connected and len(self.client.servers) > 1:
            log.warning("NATS leads nowhere, trying another server")
            await self.client.force_reconnect()

    async def close(self) -> None:
        """Send what is buffered, then leave. (nats-py's drain waits out its time with a pull subscription open.)"""
        self._closing = True
        flushing = asyncio.create_task(self._flush())
        await asyncio.wait([flushing], timeout=FLUSH_SECONDS)
        if self.connected.is_set():
            await self.client.close()
        # Not before: nats-py's reader breaks off at an answer to a flush that was given up (measured, 2.16).
        flushing.cancel()

    async def _flush(self) -> None:
        if self.client.is_connected:
            with suppress(NatsError, TimeoutError):
                await self.client.flush(timeout=60)

    async def _on_error(self, error: Exception) -> None:
        log.warning("NATS", reason=type(error).__name__)
        if "permissions violation" in str(error).lower():
            # A denied publish only ever looks like a time-out to its caller: wrong permissions must be seen at once.
            log.critical("NATS refuses a subject that this service needs", violation=str(error))
            os.kill(os.getpid(), signal.SIGTERM)

    async def _on_closed(self) -> None:
        if not self._closing:
            log.critical("the NATS connection is closed for good")
            os.kill(os.getpid(), signal.SIGTERM)
