"""A person at the public door: signs in through Caddy and calls the HTTP contract, for the demo data and the story."""

import asyncio
from typing import Any

import httpx

from native.errors import LaunchError

_ATTEMPTS = 8


class Visitor:
    """Somebody with a browser; `sign_in` makes the calls theirs."""

    def __init__(self, origin: str) -> None:
        self._client = httpx.AsyncClient(base_url=origin, timeout=15, trust_env=False, headers={"Origin": origin})

    async def __aenter__(self) -> "Visitor":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def sign_in(self, username: str, password: str) -> dict[str, Any]:
        """Sign in and return the user."""
        form = {"username": username, "password": password}
        session = await self.call("POST", "/api/auth/login", json=form, harmless=True)
        return self._begin(session)

    async def refresh(self) -> dict[str, Any]:
        """Get new tokens by the refresh cookie and return the user."""
        return self._begin(await self.call("POST", "/api/auth/refresh"))

    def _begin(self, session: dict[str, Any]) -> dict[str, Any]:
        self._client.headers["Authorization"] = f"Bearer {session['access_token']}"
        self._client.headers["X-CSRF-Token"] = session["csrf_token"]
        user: dict[str, Any] = session["user"]
        return user

    async def call(
        self, method: str, path: str, *, json: object = None, key: str | None = None, harmless: bool = False
    ) -> Any:
        """The answer's JSON. A 503 is asked again, and so is a write that the first request is still at work on; other
        errors raise LaunchError.

        Args:
            key: makes it the same write when it is asked again.
            harmless: so is a POST that may be done twice.
        """
        repeatable = method != "POST" or key is not None or harmless
        for attempt in range(_ATTEMPTS):
            answer = await self.send(method, path, json=json, key=key)
            is_at_work = answer.status_code == 409 and "being-worked-on" in answer.text
            if not repeatable or not (answer.status_code == 503 or is_at_work):
                break
            await asyncio.sleep(0.5 * (attempt + 1))
        if answer.is_error:
            raise LaunchError(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json() if answer.content else None

    async def send(self, method: str, path: str, *, json: object = None, key: str | None = None) -> httpx.Response:
        """One request, whatever it answers; raises LaunchError when there is no answer."""
        headers = {"Idempotency-Key": key} if key else {}
        try:
            return await self._client.request(method, path, json=json, headers=headers)
        except httpx.HTTPError as error:
            raise LaunchError(f"{method} {path} got no answer ({type(error).__name__}).") from error
