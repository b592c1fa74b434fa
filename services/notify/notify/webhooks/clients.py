"""The client of receivers: connects only where it may, signs, sends."""

from uuid import UUID

from aiohttp.abc import AbstractResolver
from common import clock

from notify.outside import Answer, Outside
from notify.settings import Settings
from notify.webhooks import policy
from notify.webhooks.policy import Receiver

BATCH = 5  # to one receiver at once, so that a slow one is not all there is


class WebhookClient:
    """Delivers facts to receivers. Its connections are its own: no receiver keeps a push waiting, nor another one."""

    def __init__(self, settings: Settings, *, lookup: AbstractResolver) -> None:
        connections = policy.MAX_WEBHOOKS * BATCH
        self._outside = Outside(
            settings.webhook_origins, lookup=lookup, connections=connections, refuse=policy.refuse_address
        )

    async def check_url(self, url: str) -> None:
        """UrlRefused if we do not connect there; a name that does not resolve is judged when sent to."""
        await self._outside.check_address(policy.check_url(url, trusted=self._outside.trusted))

    async def deliver(self, receiver: Receiver, event_id: UUID, body: bytes) -> Answer:
        """Send once, UrlRefused where we do not connect to; the body of the answer is not read."""
        origin = policy.check_url(receiver.url, trusted=self._outside.trusted)
        sent_at = clock.now() - clock.offset()  # receivers have the machine's time
        headers = policy.headers_of(event_id, sent_at=sent_at, secret=receiver.secret, body=body)
        return await self._outside.post(origin, receiver.url, content=body, headers=headers)

    async def close(self) -> None:
        """Give all connections back."""
        await self._outside.close()
