"""Measures what letters and signed-in people cost, for docs/sizing.md: `make sizing`. Prints a Markdown table.

On a fleet of its own, through Caddy: letters to patients with a device each, until their pushes have arrived and
nothing is left to do; then sign-ins, renewals of tokens, and looks at a record; each without what the idle fleet takes
in that time.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from secrets import token_hex
from typing import Annotated
from uuid import UUID

import httpx
import typer
import uvloop
from measuring import session_headers
from native.api import Visitor
from native.demo import link
from native.errors import LaunchError
from native.push_receiver import Device
from native.settings import REPOSITORY
from own_fleet import clean_fleet, folder
from sized import RENEWALS, Cost, cost, idle_hour, publish, read, table
from speed import machine, report
from speed.captured import LETTER
from speed.fleet import MEASURED, quiet_broker
from speed.pairs import FULL, QUICK
from speed.receiver import receiving
from speed.report import Run
from speed.stage import Stage

NUMBER = 1000  # of letters, of people
LETTERS_EACH = 10  # letters to a patient
AT_ONCE = 4
WARM = 50  # of what people do
IDLE_SECONDS = 30
PATIENCE_SECONDS = 600.0
PAGE = REPOSITORY / "docs/sizing.md"
BIRTH_DATE = "1961-04-12"  # of Stage.new_patient
PUSHES = "sizing"
REFRESH = "quill_refresh"

type Headers = dict[str, str]


def said(one: Cost) -> Cost:
    """Say that it was measured, since a run takes minutes."""
    sys.stderr.write(f"{one.what}: {one.sum_of('cpu'):.1f} s of one core\n")
    return one


async def repeat(one: Callable[[int], Awaitable[object]], number: int) -> None:
    """Do something so many times, a few at once; it is told which time it is."""
    places = iter(range(number))

    async def work() -> None:
        for place in places:
            await one(place)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def new_reader(stage: Stage, clinician: Visitor, headers: Headers, origin: str, place: int) -> UUID:
    """A patient with a record, an account that may read it, and a device."""
    patient_id = await stage.new_patient(headers)
    name, password = f"sized-{token_hex(6)}", token_hex(12)
    async with Visitor(stage.origin) as person:
        form = {"username": name, "email": f"{name}@letters.example", "password": password}
        await person.call("POST", "/api/auth/register", json=form)
        await person.sign_in(name, password)
        await link(clinician, person, patient_id=str(patient_id), birth_date=BIRTH_DATE)
        await person.refresh()
        device = {**Device(origin).subscription, "endpoint": f"{origin}/{PUSHES}/{place}"}
        await person.call("POST", "/api/push/register", json=device)
    return patient_id


async def new_readers(stage: Stage, origin: str, number: int) -> Sequence[UUID]:
    """So many of them."""
    headers, made = await stage.session(), list[UUID]()
    account = stage.account("clinician")
    async with Visitor(stage.origin) as clinician:
        await clinician.sign_in(account["username"], account["password"])

        async def add(place: int) -> None:
            made.append(await new_reader(stage, clinician, headers, origin, place))

        await repeat(add, number)
    return made


async def letters(stage: Stage, number: int, idle: Cost) -> Cost:
    """Letters to readers, each with its push."""
    origin = stage.fleet.home.push_origin.read_text().strip()
    async with receiving(origin) as receiver:
        readers = await new_readers(stage, origin, max(1, number // LETTERS_EACH))
        async with httpx.AsyncClient(base_url=stage.origin, headers=await stage.session(), timeout=15) as writer:

            async def write(place: int) -> None:
                path = f"/api/patients/{readers[place % len(readers)]}/letters"
                answer = await writer.post(path, json=LETTER, headers={"Idempotency-Key": token_hex(16)})
                answer.raise_for_status()

            async def send(number: int) -> None:
                receiver.forget()
                await repeat(write, number)
                await receiver.wait_for(number, PUSHES, seconds=PATIENCE_SECONDS)

            await send(number // 5)  # to warm
            before = await read(stage)
            await send(number)
            return said(cost("letters", before, await read(stage), number=number, idle=idle))


def visitors(origin: str) -> httpx.AsyncClient:
    """Many browsers in one client, which keeps no cookies for them."""
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    limits = httpx.Limits(max_connections=AT_ONCE)
    return httpx.AsyncClient(base_url=origin, cookies=jar, limits=limits, timeout=30, headers={"Origin": origin})


def carried(answer: httpx.Response) -> Headers:
    """What the browser of a session sends, by the answer that began or renewed it."""
    answer.raise_for_status()
    return {**session_headers(answer), "Cookie": f"{REFRESH}={answer.cookies[REFRESH]}"}


async def people(stage: Stage, number: int, idle: Cost) -> list[Cost]:
    """So many sessions of the demo's patients: begun, renewed, and used for a look at letters and demographics."""
    known = [account for account in stage.fleet.accounts if "patient_id" in account]
    sessions = dict[int, tuple[str, Headers]]()
    async with visitors(stage.origin) as client:

        async def sign_in(place: int) -> None:
            account = known[place % len(known)]
            form = {"username": account["username"], "password": account["password"]}
            sessions[place] = account["patient_id"], carried(await client.post("/api/auth/login", json=form))

        async def renew(place: int) -> None:
            patient_id, headers = sessions[place]
            sessions[place] = patient_id, carried(await client.post("/api/auth/refresh", headers=headers))

        async def look(place: int) -> None:
            patient_id, headers = sessions[place]
            record = f"/api/patients/{patient_id}"
            for path in ("/api/auth/me", "/api/notifications", f"{record}/letters", f"{record}/demographics"):
                (await client.get(path, headers=headers)).raise_for_status()

        costs = []
        for what, one in (("sign-ins", sign_in), (RENEWALS, renew), ("looks", look)):
            await repeat(one, min(number, WARM))
            before = await read(stage)
            await repeat(one, number)
            costs.append(said(cost(what, before, await read(stage), number=number, idle=idle)))
        return costs


async def everything(stage: Stage, number: int) -> list[Cost]:
    """First what the fleet takes while nobody uses it, for an hour; then the rest."""
    try:
        before = await read(stage)
        await asyncio.sleep(IDLE_SECONDS)
        idle = said(idle_hour(before, await read(stage)))
        return [idle, await letters(stage, number, idle), *await people(stage, number, idle)]
    finally:
        await stage.close()


def tell(costs: Sequence[Cost], run: Run, *, number: int) -> None:
    """Print the table; write it and what it is made of to bench/results, and after a full run to the page."""
    text = f"{table(costs)}\n{number:,} of each were measured. {run.told()}\n"
    sys.stdout.write(text)
    report.RESULTS.mkdir(exist_ok=True)
    kept: Mapping[str, object] = {
        "commit": run.commit,
        "at": run.at.isoformat(),
        "machine": run.machine,
        "number": number,
        "costs": [one.as_json() for one in costs],
    }
    file = report.RESULTS / f"{'quick-' if run.quick else ''}sizing.json"
    file.write_text(json.dumps(kept, indent=1) + "\n")
    if not run.quick:
        publish(text, place=PAGE)


def main(quick: Annotated[bool, typer.Option(help="A tenth, told but not published")] = False) -> None:
    """Measure."""
    number = NUMBER // 10 if quick else NUMBER
    with folder() as fresh, clean_fleet(fresh / "fleet", **MEASURED) as fleet, quiet_broker(fresh / "broker") as broker:
        costs = uvloop.run(everything(Stage(fleet, broker, QUICK if quick else FULL), number))
    tell(costs, Run.of_now(machine=machine.describe(), quick=quick), number=number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the fleet is stopped, as after Ctrl-C
    try:
        typer.run(main)
    except (LaunchError, httpx.HTTPError, TimeoutError) as error:
        sys.exit(f"make sizing: {str(error) or type(error).__name__}")
