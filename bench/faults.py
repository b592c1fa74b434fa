"""Measures what others feel of a backend that hangs and of a rolling restart, on the running fleet: `make measure`.

A hanging server is a frozen process. The rolling restart wants two replicas of each service (QUILL_REPLICAS).
"""

import asyncio
import os
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

import httpx
from measuring import Door, Row, Running, milliseconds, quantile, session_headers, tell, timed
from native.errors import LaunchError
from native.settings import SERVICES

ROUNDS = 100
SIGN_INS_EVERY = 5  # they take a quarter of a second each
CALLERS, PAUSE = 8, 0.25  # who need the server that hangs, before and during it
FOUND_SECONDS = 4.0
LONGEST_SECONDS = 10.0
SHORTEST = 0.05  # below this, a factor says more about the machine than about us
WORKERS, SHIFT = 4, 5  # people at work, and how often they go round between two sign-ins
BACK_SECONDS = 90.0
LETTER = {"title": "Measured", "body": "Dear reader"}
PATIENT = {
    "resourceType": "Patient",
    "active": True,
    "name": [{"family": "Measured", "given": ["Only"]}],
    "gender": "other",
    "birthDate": "1961-04-12",
}
BOTH = ",".join(f"{service}=2" for service in SERVICES)

type Call = Callable[[], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Desk:
    """A clinician at work on a patient whose letters are known."""

    door: Door
    headers: Mapping[str, str]
    patient_id: str
    letter: str

    def get(self, path: str) -> Awaitable[httpx.Response]:
        return self.door.http.get(path, headers=dict(self.headers))

    def letters(self) -> Awaitable[httpx.Response]:
        return self.get(f"/api/patients/{self.patient_id}/letters")

    def demographics(self) -> Awaitable[httpx.Response]:
        return self.get(f"/api/patients/{self.patient_id}/demographics")

    def write(self) -> Awaitable[httpx.Response]:
        headers = {**self.headers, "Idempotency-Key": secrets.token_hex(12)}
        return self.door.http.post(f"/api/patients/{self.patient_id}/letters", json=LETTER, headers=headers)

    def acts(self) -> dict[str, Call]:
        """What a day at the desk is made of, by name."""
        return {
            "letters listed": self.letters,
            "letter read": lambda: self.get(self.letter),
            "letter written": self.write,
            "notifications": lambda: self.get("/api/notifications"),
            "patients searched": lambda: self.get("/api/patients?limit=5"),
            "demographics": self.demographics,
            "health": lambda: self.get("/api/health"),
            "sign-in": self.door.sign_in,
        }


async def open_desk(door: Door) -> Desk:
    """The desk of the demo's clinician, with a patient of its own who has a letter."""
    headers = await door.session()
    made = await door.http.post("/api/fhir/patients", json=PATIENT, headers=headers)
    if made.status_code != 201:
        raise LaunchError(f"registering a patient answered {made.status_code}")
    desk = Desk(door, headers, made.json()["id"], "")
    answer = await desk.write()
    if answer.status_code != 201:
        raise LaunchError(f"writing a letter answered {answer.status_code}")
    return Desk(door, headers, desk.patient_id, answer.headers["Location"])


@contextmanager
def frozen(fleet: Running, name: str) -> Iterator[None]:
    """A server that takes connections and answers nothing."""
    pid = fleet.processes[name]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def callers(call: Call, answers: list[tuple[int, float]]) -> AsyncIterator[None]:
    """People who call again and again; what they were answered, and how soon."""

    async def one() -> None:
        while True:
            began = time.monotonic()
            with suppress(httpx.HTTPError):
                answer = await call()
                answers.append((answer.status_code, time.monotonic() - began))
            await asyncio.sleep(PAUSE)

    tasks = [asyncio.create_task(one()) for _ in range(CALLERS)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def p99s(acts: Mapping[str, Call], statuses: Mapping[str, int]) -> dict[str, float]:
    """The time of each act that 99 of 100 keep within."""
    times: dict[str, list[float]] = {name: [] for name in acts}
    for number in range(ROUNDS):
        for name, act in acts.items():
            if name != "sign-in" or number % SIGN_INS_EVERY == 0:
                times[name].append(await timed(act(), statuses.get(name, 201 if name == "letter written" else 200)))
    return {name: quantile(seen, 0.99) for name, seen in times.items()}


@dataclass(frozen=True)
class Hang:
    """Which server hangs, who needs it and is refused, and what a caller of it gets."""

    server: str
    refused: frozenset[str]
    needed: Callable[[Desk], Call]


HANGS = (
    Hang("fhir", frozenset({"demographics"}), lambda desk: desk.demographics),
    Hang("openehr", frozenset({"letters listed", "letter read", "letter written"}), lambda desk: desk.letters),
)


async def others_go_on(fleet: Running, desk: Desk, hang: Hang) -> list[Row]:
    """Each act while a server hangs, against the same minute without."""
    answers: list[tuple[int, float]] = []
    acts = desk.acts()
    async with callers(hang.needed(desk), []):
        await asyncio.sleep(1)
        quiet = await p99s(acts, {})
    async with callers(hang.needed(desk), answers):
        with frozen(fleet, hang.server):
            await asyncio.sleep(FOUND_SECONDS)
            hung = await p99s(acts, dict.fromkeys(hang.refused, 503))
        back = await _seconds_until_back(hang.needed(desk))
    told = Counter(status for status, _ in answers)
    longest = max(seconds for _, seconds in answers)
    needed = f"{dict(told)}, longest {milliseconds(longest)}; back after {back:.1f} s"
    kept = longest <= LONGEST_SECONDS and set(told) <= {200, 503, 504}
    rows = [Row(f"`{hang.server}` hangs: {name}", *_compared(name, quiet[name], hung[name], hang)) for name in acts]
    return [
        *rows,
        Row(f"`{hang.server}` hangs: who needs it, from its first moment", needed, "200, 503, 504; ≤10 s", kept),
    ]


def _compared(name: str, quiet: float, hung: float, hang: Hang) -> tuple[str, str, bool]:
    seen = f"p99 {milliseconds(quiet)} in peace, {milliseconds(hung)} ({hung / quiet:.1f}×)"
    if name == "health":
        return seen, "≤1 s", hung <= 1
    if name in hang.refused:
        return seen, "503 within 1 s", hung <= 1
    return seen, "p99 ≤2× or ≤50 ms", hung <= max(2 * quiet, SHORTEST)


async def _seconds_until_back(call: Call) -> float:
    began = time.monotonic()
    while (await call()).status_code != 200 and time.monotonic() < began + BACK_SECONDS:
        await asyncio.sleep(0.05)
    return time.monotonic() - began


@dataclass
class Load:
    """People who work on through a restart, and what they were answered."""

    desk: Desk
    answers: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    @property
    def failed(self) -> dict[str, int]:
        """What did not succeed, and how often."""
        return {what: number for what, number in self.answers.items() if not what.endswith((" 200", " 201"))}

    async def work(self) -> None:
        """Sign in, refresh, write and read, again and again."""
        record = f"/api/patients/{self.desk.patient_id}"
        while True:
            async with self.desk.door.visitor() as http:
                if not await self._ask(http, "POST", "/api/auth/login", self.desk.door.credentials):
                    continue
                for _ in range(SHIFT):
                    await self._ask(http, "POST", "/api/auth/refresh")
                    await self._ask(http, "POST", f"{record}/letters", LETTER)
                    await self._ask(http, "POST", "/api/fhir/patients", PATIENT)
                    for path in (f"{record}/letters", f"{record}/demographics", "/api/patients", "/api/notifications"):
                        await self._ask(http, "GET", path)

    async def _ask(self, http: httpx.AsyncClient, method: str, path: str, body: object = None) -> bool:
        what, began = f"{method} {path.replace(self.desk.patient_id, '…')}", time.monotonic()
        try:
            answer = await http.request(method, path, json=body)
        except httpx.HTTPError as error:
            self.answers[f"{what} {type(error).__name__}"] += 1
            return False
        self.answers[f"{what} {answer.status_code}"] += 1
        self.times.append(time.monotonic() - began)
        if path.startswith("/api/auth/") and answer.is_success:
            http.headers.update(session_headers(answer))
        return answer.is_success


async def restart_is_not_noticed(fleet: Running, desk: Desk) -> Row:
    """One replica after the other is told to end; the next one when the one before is ready again."""
    what, promised = "rolling restart of every replica of every service", "0 failed requests"
    names = [name for name in fleet.processes if name.partition("-")[0] in SERVICES]
    if len(names) < 2 * len(SERVICES):
        return Row(what, f"not measured: start the fleet with `QUILL_REPLICAS={BOTH}`", promised, None)
    load, began = Load(desk), time.monotonic()
    workers = [asyncio.create_task(load.work()) for _ in range(WORKERS)]
    await asyncio.sleep(2)
    for name in names:
        await restart(fleet, name)
    await asyncio.sleep(2)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    lasted, p99, longest = time.monotonic() - began, quantile(load.times, 0.99), max(load.times)
    seen = f"{len(names)} replicas in {lasted:.0f} s, {sum(load.answers.values())} requests, failed: {load.failed or 0}"
    seen += f"; p99 {milliseconds(p99)}, longest {milliseconds(longest)}"
    return Row(what, seen, promised, not load.failed)


async def restart(fleet: Running, name: str) -> None:
    """Tell a replica to end and wait until the one that the launcher starts in its place is ready."""
    pid, deadline = fleet.processes[name]["pid"], time.monotonic() + BACK_SECONDS
    os.kill(pid, signal.SIGTERM)
    async with httpx.AsyncClient() as http:
        while time.monotonic() < deadline:
            now = fleet.processes.get(name, {"pid": pid})
            if now["pid"] != pid:
                with suppress(httpx.HTTPError):
                    if (await http.get(f"http://127.0.0.1:{now['port']}/readyz")).status_code == 200:
                        return
            await asyncio.sleep(0.1)
    raise LaunchError(f"{name} did not come back in {BACK_SECONDS:.0f} s")


async def measure(fleet: Running) -> list[Row]:
    """All rows, one after the other, so that none disturbs another."""
    door = fleet.door()
    async with door.http:
        rows = [row for hang in HANGS for row in await others_go_on(fleet, await open_desk(door), hang)]
        return [*rows, await restart_is_not_noticed(fleet, await open_desk(door))]


if __name__ == "__main__":
    sys.exit(tell(measure))
