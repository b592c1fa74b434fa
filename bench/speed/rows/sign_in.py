"""Sign-ins by password, against bare bcrypt at the same cost in as many threads as auth's pool has."""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import bcrypt
from auth.passwords import COST, WORKERS

from speed.figures import Figure, Sample, at_least
from speed.load import Call, drive, request
from speed.rows.shape import Measurement
from speed.stage import Stage

SECONDS = 6.0
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
    call, ours, bare = sign_ins(stage), list[float](), list[float]()
    seconds = SECONDS if stage.pace.scale >= 1 else SECONDS / 3
    await drive(call, callers=WORKERS, seconds=1)
    for _ in range(stage.pace.rounds):
        bare.append(await asyncio.to_thread(bare_rate, seconds))
        ours.append((await drive(call, callers=WORKERS * WAITING, seconds=seconds)).rate)
        await stage.settle()
    share = Sample.of([mine / other for mine, other in zip(ours, bare, strict=True)])
    told = f"bcrypt {Sample.of(bare).median:.1f}/s, Quill {Sample.of(ours).median:.1f}/s, threads: {WORKERS}"
    return [Figure("sign-in", "Sign-ins to bare bcrypt", share, "×", at_least(0.9), told)]


MEASUREMENT = Measurement("sign-in", measure)
