"""The one way to call another system: bounded in time and number, following nothing, trusting no environment.

A system that lets calls wait in vain is not asked again until it answers a probe (ADR 10): its absence costs an answer,
not seconds of waiting and a place in the queue.
"""

import asyncio
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import cache
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from common import metrics
from common.errors import BackendUnavailable
from common.logging import get_logger, request_id, traceparent

log = get_logger(__name__)

# Idle connections are closed before uvicorn does (5 s), so that no call is sent into one that ends.
LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=4)
CONNECT_SECONDS = 1.0
NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
DOUBT_SECONDS = 0.5  # what waits longer, or for half of its time, makes us ask whether anybody is there
PROBE_SECONDS = 2.0  # not less: a busy machine must not look like a hanging server
PAUSE_SECONDS = 0.5
OUTCOMES = ("answered", "failed", "late", "unreachable", "broken", "given_up")

checking: ContextVar[bool] = ContextVar("checking", default=False)  # health looks for itself, past what is held back


class Address:
    """One address of a system: doubted once it lets a call wait, held back once it lets a probe and all calls wait."""

    def __init__(self, url: httpx.URL, probe: httpx.Request | None) -> None:
        """
        Args:
            url: scheme, host and port.
            probe: a cheap question, any answer to which shows that the system works; without it nothing is held back.
        """
        self.url, self._probe = url, probe
        self._calls, self._checks = (AiohttpTransport(_tls(), limits=LIMITS) for _ in range(2))
        self._held_back = False
        self._answered = 0
        self._finding_out: asyncio.Task[None] | None = None

    @property
    def doubted(self) -> bool:
        """Whether it is being found out if anybody is there."""
        return self._finding_out is not None and not self._finding_out.done()

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The whole answer.

        Raises:
            httpx.ConnectError: nobody is there, or the address is held back.
            httpx.TransportError: the answer did not come, or not as HTTP.
        """
        if self._held_back and not checking.get():
            self._doubt()  # should the probing have ended otherwise than by an answer
            raise httpx.ConnectError("held back")
        patience = min(DOUBT_SECONDS, request.extensions["timeout"]["read"] / 2)
        late = asyncio.get_running_loop().call_later(patience, self._doubt)
        try:
            response = await _whole(self._checks if checking.get() else self._calls, request)
        finally:
            late.cancel()
        self._answered += 1
        return response

    def _doubt(self) -> None:
        if self._probe is not None and not self.doubted:
            self._finding_out = asyncio.create_task(self._find_out(self._probe))

    async def _find_out(self, probe: httpx.Request) -> None:
        while not await self._answers(probe):
            if not self._held_back:
                log.warning("no answer: calls are held back", address=self.url.netloc.decode())
            self._held_back = True
            await asyncio.sleep(PAUSE_SECONDS)
        if self._held_back:
            log.warning("answers again", address=self.url.netloc.decode())
        self._held_back = False

    async def _answers(self, probe: httpx.Request) -> bool:
        before = self._answered
        with suppress(httpx.HTTPError, OSError, TimeoutError):
            async with asyncio.timeout(PROBE_SECONDS):
                await _whole(self._checks, probe)
                return True
        return self._answered > before  # one lost probe says little beside calls that were answered

    async def close(self) -> None:
        """End the probing and every connection."""
        if self._finding_out is not None:
            self._finding_out.cancel()
            await asyncio.wait([self._finding_out])
        await self._calls.aclose()
        await self._checks.aclose()


class Addresses(httpx.AsyncBaseTransport):
    """The replicas of a system: whatever was not sent, or may be sent twice, goes to the next one if one fails."""

    def __init__(self, name: str, addresses: Sequence[Address]) -> None:
        self._name, self._addresses = name, addresses
        metrics.begin(metrics.backend_seconds, name, outcomes=OUTCOMES)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer within the request's time, which includes waiting for a free connection."""
        started, outcome = time.perf_counter(), "given_up"
        try:
            async with asyncio.timeout(request.extensions["timeout"]["read"]):
                response = await self._send(request)
            outcome = "failed" if response.status_code >= 500 else "answered"
            return response
        except (TimeoutError, httpx.TimeoutException) as error:
            outcome = "late"
            raise httpx.ReadTimeout("no whole answer in time") from error
        except httpx.TransportError as error:
            outcome = "unreachable" if isinstance(error, httpx.ConnectError) else "broken"
            raise
        finally:
            metrics.backend_seconds.labels(self._name, outcome).observe(time.perf_counter() - started)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        *others, last = sorted(self._addresses, key=lambda address: address.doubted)
        for address in others:
            try:
                return await address.send(_directed(request, address.url))
            except httpx.ConnectError:
                continue
            except httpx.TransportError:
                if request.method != "GET":
                    raise
        return await last.send(_directed(request, last.url) if others else request)

    async def aclose(self) -> None:
        """Close every address."""
        for address in self._addresses:
            await address.close()


def _directed(request: httpx.Request, url: httpx.URL) -> httpx.Request:
    request.url = request.url.copy_with(scheme=url.scheme, host=url.host, port=url.port)
    request.headers["Host"] = request.url.netloc.decode()
    return request


async def _whole(transport: AiohttpTransport, request: httpx.Request) -> httpx.Response:
    try:
        response = await transport.handle_async_request(request)
        try:
            await response.aread()
        finally:
            await response.aclose()  # what is given up halfway would keep its connection
    except httpx.TransportError as error:  # it calls refused and broken connections alike ConnectTimeout
        if isinstance(error.__cause__, NOT_SENT):
            raise httpx.ConnectError("nobody is there") from error
        raise
    except aiohttp.ClientError as error:  # it does not translate these
        raise httpx.RemoteProtocolError("not an answer in HTTP") from error
    return response


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)  # takes longer than a request


def create_client(
    base_url: str,
    name: str = "other",
    *,
    timeout: float = 5.0,
    auth: tuple[str, str] | None = None,
    probe: str | None = None,
) -> httpx.AsyncClient:
    """A client over the aiohttp transport (httpx's own collapses under concurrency; measured).

    Args:
        base_url: scheme, host and path that every call starts with; or several, separated by commas, of replicas that
            differ in host and port only.
        name: what the system is called in metrics.
        timeout: longest wait in seconds for a whole answer; connecting gets one second of it.
        auth: user and password for HTTP Basic.
        probe: path of a cheap question; while it is not answered, calls fail at once.
    """
    bases = [base.strip() for base in base_url.split(",")]
    return httpx.AsyncClient(
        base_url=bases[0],
        auth=auth,
        headers={"Accept-Encoding": "identity"},  # packing and unpacking takes longer than a local network
        timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
        transport=Addresses(name, [Address(httpx.URL(base), _probe(base, probe, auth)) for base in bases]),
        follow_redirects=False,
        trust_env=False,
    )


def _probe(base: str, path: str | None, auth: tuple[str, str] | None) -> httpx.Request | None:
    if path is None:
        return None
    request = httpx.Request("GET", base.rstrip("/") + path)
    return next(httpx.BasicAuth(*auth).auth_flow(request)) if auth else request


async def call(client: httpx.AsyncClient, method: str, url: str, **kwargs: Any) -> httpx.Response:
    """Call a backend and hand back every answer it is responsible for (below 500).

    Raises:
        BackendUnavailable: no answer in time, or a 5xx. The backend's words are never passed on.
    """
    trace = {"X-Request-Id": request_id.get(), "traceparent": traceparent.get()}
    headers = {name: value for name, value in trace.items() if value} | kwargs.pop("headers", {})
    try:
        response = await client.request(method, url, headers=headers, **kwargs)
    except (httpx.HTTPError, OSError, RuntimeError) as error:
        raise BackendUnavailable from error
    if response.status_code >= 500:
        raise BackendUnavailable
    return response
