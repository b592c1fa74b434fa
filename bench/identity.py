"""Measures what identity promises, against the running fleet: `make measure`. Prints a Markdown table.

Sign-out reaches every service; an unknown name takes as long as a known one, what is not yours as long as what is not
there; a storm of sign-ins slows nobody else.
"""

import asyncio
import os
import secrets
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import httpx
from native.errors import LaunchError
from native.home import Home, read_json
from native.settings import read_settings

ROUNDS = 50
WATCHED_SECONDS = 1.2
SAMPLES = 40
LOOKS = 200  # some milliseconds each: fewer say nothing about a tenth of that
TRIES_PER_NAME = 4  # the fifth failure of one name is answered with a pause
STORM = 48
READS = 300
PASSWORD = "an entirely unremarkable phrase"  # noqa: S105 - of accounts that this makes


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    seen: str
    promised: str
    kept: bool


class Door:
    """The public door, and calls through it."""

    def __init__(self, origin: str, account: dict[str, str]) -> None:
        limits = httpx.Limits(max_connections=200)
        self.http = httpx.AsyncClient(base_url=origin, timeout=15, limits=limits, headers={"Origin": origin})
        self._account = account

    async def log_in(self, username: str, password: str) -> httpx.Response:
        return await self.http.post("/api/auth/login", json={"username": username, "password": password})

    async def session(self) -> dict[str, str]:
        """Headers of a fresh session of the account."""
        answer = await self.log_in(self._account["username"], self._account["password"])
        if answer.status_code != 200:
            raise LaunchError(f"signing in answered {answer.status_code}")
        told = answer.json()
        return {"Authorization": f"Bearer {told['access_token']}", "X-CSRF-Token": told["csrf_token"]}

    async def register(self) -> str:
        """The name of a new account."""
        name = f"m{secrets.token_hex(6)}"
        form = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        answer = await self.http.post("/api/auth/register", json=form)
        if answer.status_code != 201:
            raise LaunchError(f"registering answered {answer.status_code}")
        return name


async def sign_out_reaches_every_service(door: Door) -> Row:
    """How long after the answer to a sign-out a service still took the old access token, in the worst service."""
    lasted: list[float] = []
    for _ in range(ROUNDS):
        session = await door.session()
        answer = await door.http.post("/api/auth/logout", headers=session)
        if answer.status_code != 204:
            raise LaunchError(f"signing out answered {answer.status_code}")
        paths = ("/api/patients?limit=1", f"/api/patients/{uuid4()}/letters", "/api/notifications")
        lasted.append(max(await asyncio.gather(*(_last_taken(door, path, session) for path in paths))))
    p99 = _quantile(lasted, 0.99)
    seen = f"p50 {_ms(statistics.median(lasted))}, p99 {_ms(p99)} over {ROUNDS} rounds"
    return Row("sign-out → old access token refused by patients, letters and notify", seen, "p99 ≤1 s", p99 <= 1)


async def _last_taken(door: Door, path: str, session: dict[str, str]) -> float:
    """Seconds until the last call that was not answered with 401 began; replicas may learn of it one by one."""
    began, last = time.monotonic(), 0.0
    while (now := time.monotonic()) < began + WATCHED_SECONDS:
        if (await door.http.get(path, headers=session)).status_code != 401:
            last = now - began
        await asyncio.sleep(0.02)
    return last


async def unknown_names_take_as_long(door: Door) -> Row:
    """Wrong passwords of known and of unknown names, in turn."""
    known = [await door.register() for _ in range(SAMPLES // TRIES_PER_NAME)]
    times: dict[bool, list[float]] = {True: [], False: []}
    for sample in range(SAMPLES):
        for is_known in (True, False):
            name = known[sample % len(known)] if is_known else f"n{secrets.token_hex(6)}"
            times[is_known].append(await _timed(door.log_in(name, "certainly not the password"), 401))
    return _alike("sign-in refused: known name and unknown name, medians", times)


async def foreign_records_take_as_long(door: Door, foreign: str) -> Row:
    """The letters of somebody else and of nobody, asked for by a patient in turn."""
    session = await door.session()
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(LOOKS):
        for is_there in (True, False):
            path = f"/api/patients/{foreign if is_there else uuid4()}/letters"
            times[is_there].append(await _timed(door.http.get(path, headers=session), 404))
    return _alike("letters refused to a patient: of another record and of none, medians", times)


def _alike(what: str, times: Mapping[bool, Sequence[float]]) -> Row:
    median = {really: statistics.median(of) for really, of in times.items()}
    apart = abs(median[True] / median[False] - 1)
    seen = f"{_ms(median[True])} and {_ms(median[False])}, {apart:.1%} apart ({len(times[True])} samples each)"
    return Row(what, seen, "within 10 %", apart <= 0.1)


async def storm_slows_nobody(door: Door) -> Row:
    """`GET /api/auth/me` by one caller, in peace and while more sign-ins come than can be hashed."""
    session = await door.session()

    async def read() -> float:
        return await _timed(door.http.get("/api/auth/me", headers=session), 200)

    await _repeat(read, READS // 3)  # warm
    quiet = _quantile(await _repeat(read, READS), 0.99)
    storm = [asyncio.create_task(_storm(door)) for _ in range(STORM)]
    await asyncio.sleep(1)
    busy = _quantile(await _repeat(read, READS), 0.99)
    for task in storm:
        task.cancel()
    await asyncio.gather(*storm, return_exceptions=True)
    seen = f"p99 {_ms(quiet)} in peace, {_ms(busy)} in the storm ({busy / quiet:.1f}×)"
    kept = busy <= max(5 * quiet, 0.05)
    return Row(f"`GET /api/auth/me` while {STORM} sign-ins are under way", seen, "p99 ≤5× or ≤50 ms", kept)


async def _storm(door: Door) -> None:
    while True:
        answer = await door.log_in(f"n{secrets.token_hex(6)}", "certainly not the password")
        if answer.status_code != 401:
            await asyncio.sleep(0.5)  # refused: too many are waiting


async def _timed(call: Awaitable[httpx.Response], status: int) -> float:
    began = time.monotonic()
    answer = await call
    if answer.status_code != status:
        raise LaunchError(f"{answer.request.url.path} answered {answer.status_code} instead of {status}")
    return time.monotonic() - began


async def _repeat(one: Callable[[], Awaitable[float]], times: int) -> Sequence[float]:
    return [await one() for _ in range(times)]


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


async def measure(home: Home) -> list[Row]:
    """All rows, one after the other, so that none disturbs another."""
    accounts = read_json(home.accounts)
    caddy = [entry for entry in (read_json(home.fleet) or {}).get("processes", []) if entry["name"] == "caddy"]
    if not accounts or not caddy:
        raise LaunchError(f"no fleet with demo accounts runs in {home.root}: make run")
    clinician = next(account for account in accounts if account["role"] == "clinician")
    patient, other, *_ = (account for account in accounts if account["role"] == "patient")
    origin = f"http://localhost:{caddy[0]['port']}"
    door, patients_door = Door(origin, clinician), Door(origin, patient)
    async with door.http, patients_door.http:
        return [
            await sign_out_reaches_every_service(door),
            await unknown_names_take_as_long(door),
            await foreign_records_take_as_long(patients_door, other["patient_id"]),
            await storm_slows_nobody(door),
        ]


def main() -> int:
    """Measure, print, and say by the exit code whether every promise was kept."""
    try:
        rows = asyncio.run(measure(Home(read_settings(os.environ).home)))
    except (LaunchError, httpx.HTTPError) as error:
        sys.exit(f"make measure: {error or type(error).__name__}")
    table = ["| What | Seen | Promised |", "|---|---|---|"]
    table += [f"| {row.what} | {row.seen}{'' if row.kept else ' **(not kept)**'} | {row.promised} |" for row in rows]
    sys.stdout.write("\n".join(table) + "\n")
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
