"""What use cases and senders reach beyond the database, for the life of the process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp.abc import AbstractResolver
from common.db import Together

from notify.policy import Timing
from notify.push import PushClient
from notify.repository import Due
from notify.settings import Settings
from notify.vault import Vault
from notify.webhooks.clients import WebhookClient


@dataclass(frozen=True, slots=True)
class Backend:
    """The clients, what is kept unreadable, when pushes go out.

    due, facts_due: wake the senders of pushes and of webhooks when something was committed for them.
    accepted: what push services took at the same time is recorded together.
    """

    client: PushClient
    webhooks: WebhookClient
    vault: Vault
    timing: Timing = field(default_factory=Timing)
    due: asyncio.Event = field(default_factory=asyncio.Event)
    facts_due: asyncio.Event = field(default_factory=asyncio.Event)
    accepted: Together[Due] = field(default_factory=Together)


@asynccontextmanager
async def open_backend(settings: Settings, *, lookup: AbstractResolver | None = None) -> AsyncIterator[Backend]:
    """The backend for the life of the process."""
    resolver = lookup or aiohttp.ThreadedResolver()
    client, webhooks = PushClient(settings, lookup=resolver), WebhookClient(settings, lookup=resolver)
    try:
        yield Backend(client, webhooks, Vault(settings.encryption_keys), settings.timing)
    finally:
        await client.close()
        await webhooks.close()
