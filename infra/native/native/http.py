"""Readiness over HTTP."""

import httpx

TLS = httpx.create_ssl_context(trust_env=False)  # made once: that takes longer than a request


async def answers(url: str, *, seconds: float = 2.0) -> bool:
    """Whether `url` says 200 within `seconds`; refused connections and other answers are a plain no."""
    try:
        async with httpx.AsyncClient(timeout=seconds, trust_env=False, verify=TLS) as client:
            return (await client.get(url)).status_code == 200
    except httpx.HTTPError:
        return False
