"""Where notify connects to addresses that users gave: public ones only, through no proxy, after no redirect."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from common.errors import Invalid
from httpx_aiohttp import AiohttpTransport

from notify import policy

SEND_SECONDS = 10.0
RESOLVE_SECONDS = 2.0

type Answer = tuple[int | None, str | None]  # status and Retry-After
NO_ANSWER: Answer = (None, None)


class PublicResolver(AbstractResolver):
    """Resolves a name for connections, which are made to the very addresses that were checked (DNS rebinding)."""

    def __init__(self, lookup: AbstractResolver, refuse: Callable[[], Invalid]) -> None:
        self._lookup, self._refuse = lookup, refuse

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name; the refusal if one is not public, OSError if there is none."""
        found = await self._lookup.resolve(host, port, family)
        if not found or not all(policy.is_public(address["host"]) for address in found):
            raise self._refuse()
        return found

    async def close(self) -> None:
        """Let go of the underlying resolver."""
        await self._lookup.close()


class Outside:
    """Posts to origins that `policy` let pass; trusted ones were added by configuration and may be anywhere."""

    def __init__(
        self, origins: str, *, lookup: AbstractResolver, connections: int, refuse: Callable[[], Invalid]
    ) -> None:
        """
        Args:
            origins: the trusted ones, separated by commas.
            lookup: what resolves names.
            connections: how many are open at once, to each of the two kinds of origins.
            refuse: makes the refusal where a name leads to an address that is not public.
        """
        self.trusted = frozenset(origin.strip().lower() for origin in origins.split(","))
        self._resolver = PublicResolver(lookup, refuse)
        self._public, self._anywhere = _client(self._resolver, connections), _client(None, connections)

    async def check_address(self, origin: str) -> None:
        """The refusal if it leads to an inner address; a name that does not resolve is judged when sent to."""
        if origin not in self.trusted:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(RESOLVE_SECONDS):
                    await self._resolver.resolve(origin.removeprefix("https://"), 443)

    async def post(self, origin: str, url: str, *, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Send once, the refusal where we do not connect to; the body of the answer is not read."""
        client = self._anywhere if origin in self.trusted else self._public
        request = client.build_request("POST", url, content=content, headers=headers)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                response = await client.send(request, stream=True)
                await response.aclose()
                return response.status_code, response.headers.get("Retry-After")
        except (httpx.HTTPError, aiohttp.ClientError, OSError, TimeoutError):
            return NO_ANSWER

    async def close(self) -> None:
        """Give all connections back."""
        await self._public.aclose()
        await self._anywhere.aclose()


def _client(resolver: AbstractResolver | None, connections: int) -> httpx.AsyncClient:
    def open_session() -> aiohttp.ClientSession:
        tls = httpx.create_ssl_context(trust_env=False)
        # Nothing is kept, but all that wait for a name ask once: a process looks up two at a time (uvloop), and a name
        # server that is silent must not keep pushes and the database waiting.
        connector = aiohttp.TCPConnector(resolver=resolver, ttl_dns_cache=0, ssl=tls, limit=connections)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    return httpx.AsyncClient(
        transport=AiohttpTransport(client=open_session, trust_env=False),
        timeout=SEND_SECONDS,
        headers={"User-Agent": "Quill"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )
