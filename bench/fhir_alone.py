"""What the FHIR server of a fleet takes when nobody else asks anything of it: the limit of every import."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import batched
from typing import Any
from uuid import uuid4

import httpx
from made_up_patients import NHS_NUMBER_SYSTEM, patients

AT_ONCE, TOGETHER, WARM = 8, 25, 400
FHIR = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}

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
        f"PUTs, {AT_ONCE} at once": (put, 1),
        f"transactions of {TOGETHER}, {AT_ONCE} at once": (put_together, TOGETHER),
    }
    seconds: dict[str, float] = {}
    async with httpx.AsyncClient(base_url=url, headers=FHIR, timeout=60, trust_env=False) as fhir:
        for name, (write, together) in ways.items():
            await write_all(fhir, list(strangers(min(number, WARM), seed=seed)), write, together=together)
            seconds[name] = await write_all(fhir, list(strangers(number, seed=seed)), write, together=together)
    return seconds
