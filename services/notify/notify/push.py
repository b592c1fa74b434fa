"""The client of push services (RFC 8030): encrypts (RFC 8291), signs (RFC 8292), sends."""

import base64

from aiohttp.abc import AbstractResolver
from common import clock
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from pywebpush import WebPusher

from notify import policy
from notify.outside import Answer, Outside
from notify.policy import Subscription
from notify.settings import Settings

MAX_CONNECTIONS = 64
VAPID_SECONDS = 12 * 3600
SIGNED_SECONDS = 3600  # a signature is for an origin and a time, so it serves all pushes of an hour (RFC 8292 §2)
MOST_SIGNED = 1000
HEADERS = {"Content-Encoding": "aes128gcm", "TTL": "86400", "Urgency": "normal"}  # RFC 8188, RFC 8030 §5.2 and §5.3


class PushClient:
    """Sends messages to subscriptions, wherever their push services are."""

    def __init__(self, settings: Settings, *, lookup: AbstractResolver) -> None:
        self._vapid = Vapid02.from_raw(settings.vapid_private_key.get_secret_value().encode())
        self._subject = settings.vapid_subject
        self._signed: dict[str, tuple[dict[str, str], int]] = {}
        self._outside = Outside(
            settings.push_origins, lookup=lookup, connections=MAX_CONNECTIONS, refuse=policy.refuse_address
        )
        self.trusted = self._outside.trusted

    @property
    def public_key(self) -> str:
        """The VAPID public key, the uncompressed point in base64url, as browsers want it."""
        point = self._vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    async def check_address(self, endpoint: str) -> None:
        """EndpointRefused if it leads to an inner address; a name that does not resolve is judged when sent to."""
        await self._outside.check_address(policy.check_endpoint(endpoint, trusted=self.trusted))

    async def send(self, subscription: Subscription, payload: bytes, *, topic: str) -> Answer:
        """Send once, EndpointRefused where we do not connect to; the body of the answer is not read."""
        origin = policy.check_endpoint(subscription.endpoint, trusted=self.trusted)
        headers = {**self._sign(origin), **HEADERS, "Topic": topic}
        content = _encrypt(subscription, payload)
        return await self._outside.post(origin, subscription.endpoint, content=content, headers=headers)

    def _sign(self, origin: str) -> dict[str, str]:
        """Who we are, for one push service."""
        now = int((clock.now() - clock.offset()).timestamp())  # push services have the machine's time
        headers, signed_at = self._signed.get(origin, ({}, 0))
        if not 0 <= now - signed_at < SIGNED_SECONDS:
            headers = self._vapid.sign({"aud": origin, "exp": now + VAPID_SECONDS, "sub": self._subject})
            if len(self._signed) >= MOST_SIGNED:
                self._signed.clear()
            self._signed[origin] = (headers, now)
        return headers

    async def close(self) -> None:
        """Give all connections back."""
        await self._outside.close()


def _encrypt(subscription: Subscription, payload: bytes) -> bytes:
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    encoded = {name: base64.urlsafe_b64encode(key).decode() for name, key in keys.items()}
    body: bytes = WebPusher({"endpoint": subscription.endpoint, "keys": encoded}).encode(payload)["body"]
    return body
