"""The client of push services (RFC 8030): connects only where it may, encrypts (RFC 8291), signs (RFC 8292), sends."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from common import clock
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from httpx_aiohttp import AiohttpTransport
from py_vapid import Vapid02
from pywebpush import WebPusher

from notify import policy
from notify.errors import EndpointRefused
from notify.policy import Subscription
from notify.settings import Settings
from notify.vault import Vault

SEND_SECONDS = 10.0
RESOLVE_SECONDS = 2.0
MAX_CONNECTIONS = 64
VAPID_SECONDS = 12 * 3600
HEADERS = {"Content-Encoding": "aes128gcm", "TTL": "86400", "Urgency": "normal"}  # RFC 8188, RFC 8030 §5.2 and §5.3

type Answer = tuple[int | None, str | None]  # status and Retry-After
NO_ANSWER: Answer = (None, None)


class PublicResolver(AbstractResolver):
    """Resolves a name once per connection, which is made to the very addresses that were checked (DNS rebinding)."""

    def __init__(self, lookup: AbstractResolver) -> None:
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a push service; EndpointRefused if one is not public, OSError if there is none."""
        found = await self._lookup.resolve(host, port, family)
        if not found or not all(policy.is_public(address["host"]) for address in found):
            raise EndpointRefused.at("body", "endpoint", type="push_subscription", msg="Not a public address")
        return found

    async def close(self) -> None:
        """Let go of the underlying resolver."""
        await self._lookup.close()


class PushClient:
    """Sends messages to subscriptions, wherever their push services are."""

    def __init__(self, settings: Settings, *, lookup: AbstractResolver) -> None:
        self.trusted = frozenset(origin.strip().lower() for origin in settings.push_origins.split(","))
        self._vapid = Vapid02.from_raw(settings.vapid_private_key.get_secret_value().encode())
        self._subject = settings.vapid_subject
        self._resolver = PublicResolver(lookup)
        self._public, self._anywhere = _client(self._resolver), _client(None)

    @property
    def public_key(self) -> str:
        """The VAPID public key, the uncompressed point in base64url, as browsers want it."""
        point = self._vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    async def check_address(self, endpoint: str) -> None:
        """EndpointRefused if it leads to an inner address; a name that does not resolve is judged when sent to."""
        origin = policy.check_endpoint(endpoint, trusted=self.trusted)
        if origin not in self.trusted:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(RESOLVE_SECONDS):
                    await self._resolver.resolve(origin.removeprefix("https://"), 443)

    async def send(self, subscription: Subscription, payload: bytes, *, topic: str) -> Answer:
        """Send once, EndpointRefused where we do not connect to; the body of the answer is not read."""
        origin = policy.check_endpoint(subscription.endpoint, trusted=self.trusted)
        client = self._anywhere if origin in self.trusted else self._public
        headers = {**self._vapid.sign(self._claims(origin)), **HEADERS, "Topic": topic}
        content = _encrypt(subscription, payload)
        request = client.build_request("POST", subscription.endpoint, content=content, headers=headers)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                response = await client.send(request, stream=True)
                await response.aclose()
                return response.status_code, response.headers.get("Retry-After")
        except (httpx.HTTPError, aiohttp.ClientError, OSError, TimeoutError):
            return NO_ANSWER

    def _claims(self, origin: str) -> dict[str, Any]:
        now = clock.now() - clock.offset()  # push services have the machine's time
        return {"aud": origin, "exp": int(now.timestamp()) + VAPID_SECONDS, "sub": self._subject}

    async def close(self) -> None:
        """Give all connections back."""
        await self._public.aclose()
        await self._anywhere.aclose()


def _client(resolver: AbstractResolver | None) -> httpx.AsyncClient:
    def open_session() -> aiohttp.ClientSession:
        tls = httpx.create_ssl_context(trust_env=False)
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, ssl=tls, limit=MAX_CONNECTIONS)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    return httpx.AsyncClient(
        transport=AiohttpTransport(client=open_session, trust_env=False),
        timeout=SEND_SECONDS,
        headers={"User-Agent": "Quill"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


def _encrypt(subscription: Subscription, payload: bytes) -> bytes:
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    encoded = {name: base64.urlsafe_b64encode(key).decode() for name, key in keys.items()}
    body: bytes = WebPusher({"endpoint": subscription.endpoint, "keys": encoded}).encode(payload)["body"]
    return body


@dataclass(frozen=True, slots=True)
class Backend:
    """What use cases reach beyond the database: `due` wakes the sender when something was committed for it."""

    client: PushClient
    vault: Vault
    due: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def open_backend(settings: Settings, *, lookup: AbstractResolver | None = None) -> AsyncIterator[Backend]:
    """The backend for the life of the process."""
    client = PushClient(settings, lookup=lookup or aiohttp.ThreadedResolver())
    try:
        yield Backend(client, Vault(settings.encryption_keys))
    finally:
        await client.close()
