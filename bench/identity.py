"""Measures what identity promises, against the running fleet: `make measure`. Prints a Markdown table.

Sign-out reaches every service; an unknown name takes as long as a known one, what is not yours as long as what is not
there; a storm of sign-ins slows nobody else.
"""

import asyncio
import secrets
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import uuid4

from measuring import Door, Row, Running, milliseconds, quantile, tell, timed
from native.errors import LaunchError

ROUNDS = 50
WATCHED_SECONDS = 1.2
SAMPLES = 40
LOOKS = 200  # some milliseconds each: fewer say nothing about a tenth of that
TRIES_PER_NAME = 4  # the fifth failure of one name is answered with a pause
STORM = 48
READS = 300
PASSWORD = "an entirely unremarkable phrase"  # noqa: S105 - of accounts that this makes


async def register(door: Door) -> str:
    """The name of a new account."""
    name = f"m{secrets.token_hex(6)}"
    form = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    answer = await door.http.post("/api/auth/register", json=form)
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
    p99 = quantile(lasted, 0.99)
    seen = f"p50 {milliseconds(statistics.median(lasted))}, p99 {milliseconds(p99)} over {ROUNDS} rounds"
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
    known = [await register(door) for _ in range(SAMPLES // TRIES_PER_NAME)]
    times: dict[bool, list[float]] = {True: [], False: []}
    for sample in range(SAMPLES):
        for is_known in (True, False):
            name = known[sample % len(known)] if is_known else f"n{secrets.token_hex(6)}"
            times[is_known].append(await timed(door.log_in(name, "certainly not the password"), 401))
    return _alike("sign-in refused: known name and unknown name, medians", times)


async def foreign_records_take_as_long(door: Door, foreign: str) -> Row:
    """The letters of somebody else and of nobody, asked for by a patient in turn."""
    session = await door.session()
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(LOOKS):
        for is_there in (True, False):
            path = f"/api/patients/{foreign if is_there else uuid4()}/letters"
            times[is_there].append(await timed(door.http.get(path, headers=session), 404))
    return _alike("letters refused to a patient: of another record and of none, medians", times)


def _alike(what: str, times: Mapping[bool, Sequence[float]]) -> Row:
    median = {really: statistics.median(of) for really, of in times.items()}
    apart = abs(median[True] / median[False] - 1)
    both = f"{milliseconds(median[True])} and {milliseconds(median[False])}"
    seen = f"{both}, {apart:.1%} apart ({len(times[True])} samples each)"
    return Row(what, seen, "within 10 %", apart <= 0.1)


async def storm_slows_nobody(door: Door) -> Row:
    """`GET /api/auth/me` by one caller, in peace and while more sign-ins come than can be hashed."""
    session = await door.session()

    async def read() -> float:
        return await timed(door.http.get("/api/auth/me", headers=session), 200)

    await _repeat(read, READS // 3)  # warm
    quiet = quantile(await _repeat(read, READS), 0.99)
    storm = [asyncio.create_task(_storm(door)) for _ in range(STORM)]
    await asyncio.sleep(1)
    busy = quantile(await _repeat(read, READS), 0.99)
    for task in storm:
        task.cancel()
    await asyncio.gather(*storm, return_exceptions=True)
    seen = f"p99 {milliseconds(quiet)} in peace, {milliseconds(busy)} in the storm ({busy / quiet:.1f}×)"
    kept = busy <= max(5 * quiet, 0.05)
    return Row(f"`GET /api/auth/me` while {STORM} sign-ins are under way", seen, "p99 ≤5× or ≤50 ms", kept)


async def _storm(door: Door) -> None:
    while True:
        answer = await door.log_in(f"n{secrets.token_hex(6)}", "certainly not the password")
        if answer.status_code != 401:
            await asyncio.sleep(0.5)  # refused: too many are waiting


async def _repeat(one: Callable[[], Awaitable[float]], times: int) -> Sequence[float]:
    return [await one() for _ in range(times)]


async def measure(fleet: Running) -> list[Row]:
    """All rows, one after the other, so that none disturbs another."""
    door, patients_door = fleet.door(), fleet.door("patient")
    other = [account for account in fleet.accounts if account["role"] == "patient"][1]
    async with door.http, patients_door.http:
        return [
            await sign_out_reaches_every_service(door),
            await unknown_names_take_as_long(door),
            await foreign_records_take_as_long(patients_door, other["patient_id"]),
            await storm_slows_nobody(door),
        ]


if __name__ == "__main__":
    sys.exit(tell(measure))
