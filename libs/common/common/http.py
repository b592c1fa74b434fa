"""The one way to call another system: bounded in time and number, following nothing, trusting no environment."""

from collections.abc import Mapping
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport

from common.errors import BackendUnavailable
from common.logging import request_id, traceparent

LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30)


def create_client(base_url: str, *, timeout: float = 5.0, auth: tuple[str, str] | None = None) -> httpx.AsyncClient:
    """A client over the aiohttp transport (httpx's own collapses under concurrency; measured).

    Args:
        base_url: scheme, host and path that every call starts with.
        timeout: longest wait in seconds for an answer; connecting gets one second of it.
        auth: user and password for HTTP Basic.
    """
    return httpx.AsyncClient(
        base_url=base_url,
        auth=auth,
        timeout=httpx.Timeout(timeout, connect=1.0),
        limits=LIMITS,
        transport=AiohttpTransport(limits=LIMITS, trust_env=False),
        follow_redirects=False,
        trust_env=False,
    )


async def call(client: httpx.AsyncClient, method: str, url: str, **kwargs: Any) -> httpx.Response:
    """Call a backend and hand back every answer it is responsible for (below 500).

    Raises:
        BackendUnavailable: no answer in time, or a 5xx. The backend's words are never passed on.
    """
    headers: Mapping[str, str] = kwargs.pop("headers", {})
    trace = {"X-Request-Id": request_id.get(), "traceparent": traceparent.get()}
    try:
        response = await client.request(
            method, url, headers={**{name: value for name, value in trace.items() if value}, **headers}, **kwargs
        )
    except (httpx.HTTPError, OSError, RuntimeError) as error:
        raise BackendUnavailable from error
    if response.status_code >= 500:
        raise BackendUnavailable
    return response
