"""Sign-ins by password, against bare bcrypt at the same cost in as many threads as auth's pool has."""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import bcrypt
from auth.passwords import COST, WORKERS

from speed.budgets import figure
from speed.figures import Figure, Sample
from speed.load import Call, drive, request
from speed.pairs import in_turns
from speed.rows.shape import Measurement
from speed.stage import Stage

LONGER = 2  # than other rounds: a sign-in takes a quarter of a second
WAITING = 2  # callers for each thread, so that it always has one waiting


def bare_rate(seconds: float) -> float:
    """Checks per second."""
    hashed = bcrypt.hashpw(b"an entirely unremarkable phrase", bcrypt.gensalt(COST))
    began = time.perf_counter()

    def check(_: int) -> int:
        number = 0
        while time.perf_counter() < began + seconds:
            bcrypt.checkpw(b"an entirely unremarkable phrase", hashed)
            number += 1
        return number

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(check, range(WORKERS))) / (time.perf_counter() - began)


def sign_ins(stage: Stage) -> Call:
    """People of the demo who sign in, one after the other."""
    told = {"Content-Type": "application/json", "Origin": stage.origin}
    url, people = f"{stage.origin}/api/auth/login", []
    for account in stage.fleet.accounts:
        form = {"username": account["username"], "password": account["password"]}
        people.append(request("POST", url, told, json.dumps(form).encode()))
    (host, port, _), turns = people[0], itertools.cycle(content for _, _, content in people)
    return Call(host, port, lambda: next(turns))


async def measure(stage: Stage) -> Sequence[Figure]:
    """In turns."""
    call, seconds = sign_ins(stage), LONGER * stage.pace.seconds

    async def bare() -> float:
        return await asyncio.to_thread(bare_rate, seconds)

    async def through_quill() -> float:
        seen = await drive(call, callers=WORKERS * WAITING, seconds=seconds)
        await stage.settle()
        return seen.rate

    await drive(call, callers=WORKERS, seconds=1)
    rates = await in_turns({"bcrypt": bare, "Quill": through_quill}, rounds=stage.pace.rounds)
    share = Sample.of([ours / other for other, ours in zip(*rates.values(), strict=True)])
    told = ", ".join(f"{name} {Sample.of(seen).median:.1f}/s" for name, seen in rates.items())
    return [figure("Sign-ins to bare bcrypt", share, "×", f"{told}, threads: {WORKERS}")]


MEASUREMENT = Measurement("sign-in", measure)
