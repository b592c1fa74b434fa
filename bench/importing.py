"""Measures `quill import patients` against the running fleet: `python bench/importing.py 100000`.

Prints a Markdown table: first what its FHIR server takes when nobody else asks anything of it, then the import, then
the import again. The imported patients stay; another `--seed` makes others.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import batched
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer
from made_up_patients import NHS_NUMBER_SYSTEM, patients
from measuring import Running
from native.errors import LaunchError
from native.home import Home
from native.settings import read_settings

QUILL = Path(sys.executable).with_name("quill")
SOURCE = "https://made-up.example.org/fhir"
ROWS_REFUSED = 1
AT_ONCE, TOGETHER, WARM = 8, 25, 400

type Json = dict[str, Any]
type Write = Callable[[httpx.AsyncClient, Sequence[Json]], Awaitable[httpx.Response]]


def strangers(number: int, *, seed: int) -> Iterator[Json]:
    """Patients as long as those who are imported, whose ids and numbers mean nothing to Quill."""
    for one in patients(number, seed=seed):
        content = json.dumps(one).replace(NHS_NUMBER_SYSTEM, "https://pas.example.org/Id/nhs-alike")
        yield json.loads(content) | {"id": str(uuid4())}


async def put(fhir: httpx.AsyncClient, group: Sequence[Json]) -> httpx.Response:
    """One patient, without a question before."""
    (one,) = group
    return await fhir.put(f"/Patient/{one['id']}", json=one, headers={"If-Match": 'W/"0"'})


async def put_together(fhir: httpx.AsyncClient, group: Sequence[Json]) -> httpx.Response:
    """Patients in a transaction, as the import does."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"Patient/{one['id']}", "ifMatch": 'W/"0"'}}
        for one in group
    ]
    return await fhir.post("/", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})


async def write_all(fhir: httpx.AsyncClient, people: Sequence[Json], write: Write, *, together: int) -> float:
    """Seconds that it took to write these; they are deleted then."""
    waiting = iter(list(batched(people, together, strict=False)))

    async def write_some() -> None:
        for group in waiting:
            (await write(fhir, group)).raise_for_status()

    async def delete(one: Json) -> None:
        async with places:
            (await fhir.delete(f"/Patient/{one['id']}")).raise_for_status()

    began, places = time.monotonic(), asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(write_some() for _ in range(AT_ONCE)))
    seconds = time.monotonic() - began
    await asyncio.gather(*map(delete, people))
    return seconds


async def measure_server(url: str, number: int, *, seed: int) -> dict[str, float]:
    """Seconds that the FHIR server alone takes for so many patients, by the way they are written."""
    ways: dict[str, tuple[Write, int]] = {
        f"FHIR server alone: PUTs, {AT_ONCE} at once": (put, 1),
        f"FHIR server alone: transactions of {TOGETHER}, {AT_ONCE} at once": (put_together, TOGETHER),
    }
    seconds: dict[str, float] = {}
    headers = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as fhir:
        for name, (write, together) in ways.items():
            await write_all(fhir, list(strangers(WARM, seed=seed)), write, together=together)
            seconds[name] = await write_all(fhir, list(strangers(number, seed=seed)), write, together=together)
    return seconds


def import_file(file: Path, *options: str) -> tuple[float, str]:
    """Seconds that an import took, and the sum it told. Refused rows are counted there; anything else ends this."""
    command = [str(QUILL), "import", "patients", "--source", SOURCE, *options, str(file)]
    began = time.monotonic()
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if run.returncode not in {0, ROWS_REFUSED}:
        raise LaunchError(f"the import ended with {run.returncode}: {run.stdout[-500:]}")
    return time.monotonic() - began, next(line for line in run.stdout.splitlines() if line.startswith("imported "))


def main(
    number: Annotated[int, typer.Argument(min=1, max=900_000, help="How many patients")] = 1000,
    seed: Annotated[int, typer.Option(help="Another seed makes other people")] = 1,
    at_once: Annotated[int, typer.Option(help="Groups of patients under way at the same time")] = 4,
    alone: Annotated[int, typer.Option(help="How many to write to the FHIR server alone, for comparison")] = 2000,
) -> None:
    """Write to the FHIR server alone, import made-up patients, import the same file again."""
    fhir = Running(Home(read_settings(os.environ).home)).processes.get("fhir")
    if fhir is None:
        sys.exit("no fleet runs: make run")
    sys.stdout.write("| Run | Seen | Seconds | Patients/s |\n|---|---|---|---|\n")
    for name, seconds in asyncio.run(measure_server(fhir["url"], alone, seed=seed)).items() if alone else ():
        sys.stdout.write(f"| {name} | {alone:,} | {seconds:.1f} | {alone / seconds:,.0f} |\n")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "patients.ndjson")
        file.write_text("".join(f"{json.dumps(patient)}\n" for patient in patients(number, seed=seed)))
        for name in ("import", "the same again"):
            sys.stdout.flush()
            seconds, said = import_file(file, "--at-once", str(at_once))
            sys.stdout.write(f"| {name} | {said} | {seconds:.1f} | {number / seconds:,.0f} |\n")


if __name__ == "__main__":
    try:
        typer.run(main)
    except (LaunchError, httpx.HTTPError) as error:
        sys.exit(f"importing: {error or type(error).__name__}")
