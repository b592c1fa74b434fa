"""What measurements share: the door of the running fleet, rows of a Markdown table, and how they are told."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from native.errors import LaunchError
from native.home import Home, read_json
from native.settings import read_settings

STORM_RETRIES = 10


@dataclass(frozen=True)
class Row:
    """One line of the table; `kept` is None when this fleet cannot show it."""

    what: str
    seen: str
    promised: str
    kept: bool | None


class Door:
    """The public door, and calls through it as one of the demo's people."""

    def __init__(self, origin: str, account: dict[str, str]) -> None:
        self._origin = origin
        self.credentials = {"username": account["username"], "password": account["password"]}
        self.http = self.visitor()

    def visitor(self) -> httpx.AsyncClient:
        """Somebody with cookies and connections of their own."""
        limits = httpx.Limits(max_connections=200)
        return httpx.AsyncClient(base_url=self._origin, timeout=15, limits=limits, headers={"Origin": self._origin})

    async def log_in(self, username: str, password: str) -> httpx.Response:
        """Try to sign in."""
        return await self.http.post("/api/auth/login", json={"username": username, "password": password})

    async def sign_in(self) -> httpx.Response:
        """Sign in as that person."""
        return await self.log_in(**self.credentials)

    async def session(self) -> dict[str, str]:
        """Headers of a fresh session of theirs."""
        answer = await self.sign_in()
        for _ in range(STORM_RETRIES):
            if answer.status_code != 503:  # a storm that another measurement made is not over yet
                break
            await asyncio.sleep(int(answer.headers["Retry-After"]))
            answer = await self.sign_in()
        if answer.status_code != 200:
            raise LaunchError(f"signing in answered {answer.status_code}")
        return session_headers(answer)


def session_headers(answer: httpx.Response) -> dict[str, str]:
    """What later calls send, by the answer to a sign-in or a refresh."""
    told = answer.json()
    return {"Authorization": f"Bearer {told['access_token']}", "X-CSRF-Token": told["csrf_token"]}


@dataclass(frozen=True)
class Running:
    """The fleet that is measured."""

    home: Home

    @property
    def processes(self) -> dict[str, dict[str, Any]]:
        """By name: pid and port, as they are now."""
        return {entry["name"]: entry for entry in (read_json(self.home.fleet) or {}).get("processes", [])}

    @property
    def accounts(self) -> list[dict[str, str]]:
        """The demo's accounts."""
        return read_json(self.home.accounts) or []

    def door(self, role: str = "clinician") -> Door:
        """Its door for the demo's first account of a role; LaunchError when there is none, or no demo behind it."""
        if not self.accounts or "caddy" not in self.processes:
            raise LaunchError(f"no fleet with demo accounts runs in {self.home.root}: make run")
        account = next(account for account in self.accounts if account["role"] == role)
        return Door(f"http://localhost:{self.processes['caddy']['port']}", account)


async def timed(call: Awaitable[httpx.Response], *statuses: int) -> float:
    """Seconds until the answer, whose status must be one of these."""
    began = time.monotonic()
    answer = await call
    if answer.status_code not in statuses:
        raise LaunchError(f"{answer.request.url.path} answered {answer.status_code} instead of {statuses}")
    return time.monotonic() - began


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below this share of all."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def milliseconds(seconds: float) -> str:
    """For people."""
    return f"{seconds * 1000:.0f} ms"


def tell(measure: Callable[[Running], Awaitable[list[Row]]]) -> int:
    """Measure, print, and say by the exit code whether every promise was kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was begun is undone, as after Ctrl-C
    try:
        rows = asyncio.run(_rows(measure))
    except (LaunchError, httpx.HTTPError) as error:
        sys.exit(f"make measure: {error or type(error).__name__}")
    table = ["| What | Seen | Promised |", "|---|---|---|"]
    table += [
        f"| {row.what} | {row.seen}{' **(not kept)**' if row.kept is False else ''} | {row.promised} |" for row in rows
    ]
    sys.stdout.write("\n".join(table) + "\n")
    return 1 if any(row.kept is False for row in rows) else 0


async def _rows(measure: Callable[[Running], Awaitable[list[Row]]]) -> list[Row]:
    return await measure(Running(Home(read_settings(os.environ).home)))
