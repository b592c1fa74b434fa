"""From the answer that a letter was accepted to its push at the patient's device, on a quiet fleet."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import httpx
from native.push_receiver import Device

from speed.budgets import figure
from speed.captured import LETTER
from speed.figures import Figure, Sample, percentile
from speed.receiver import Receiver, receiving
from speed.rows.shape import Measurement
from speed.stage import Stage

LETTERS = 200
AT_LEAST = 40
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 60.0
_LETTERS = "letters"


async def register(stage: Stage, origin: str) -> None:
    """Give the demo's patient a device."""
    device = {**Device(origin).subscription, "endpoint": f"{origin}/{_LETTERS}/device"}
    await stage.ask("POST", "/api/push/register", await stage.session("patient"), device)


async def latency(stage: Stage, client: httpx.AsyncClient, receiver: Receiver) -> float:
    """Seconds from the answer to one letter until its push; a push that is quicker than the answer counts as 0."""
    before = receiver.count(_LETTERS)
    answer = await client.post(f"/api/patients/{stage.account('patient')['patient_id']}/letters", json=LETTER)
    accepted = time.perf_counter()
    answer.raise_for_status()
    arrived = await receiver.wait_for(before + 1, _LETTERS, seconds=PATIENCE_SECONDS)
    return max(0.0, arrived[before] - accepted)


def writer(stage: Stage, headers: Mapping[str, str]) -> httpx.AsyncClient:
    """The clinician at the door."""
    return httpx.AsyncClient(base_url=stage.origin, headers=dict(headers), timeout=15)


async def measure(stage: Stage) -> Sequence[Figure]:
    """One letter after the other."""
    number = stage.pace.count(LETTERS, least=AT_LEAST)
    headers = await stage.session()
    origin = stage.fleet.home.push_origin.read_text().strip()
    times = []
    async with receiving(origin) as receiver, writer(stage, headers) as client:
        await register(stage, origin)
        await latency(stage, client, receiver)
        for _ in range(number):
            await stage.settle()
            times.append(await latency(stage, client, receiver))
            await asyncio.sleep(PAUSE_SECONDS)
    middle, late = Sample.of([percentile(times, 0.5)]), Sample.of([percentile(times, 0.99)])
    return [
        figure("Letter accepted → push received: p50", middle, "ms", f"{number} letters"),
        figure("Letter accepted → push received: p99", late, "ms", f"{number} letters"),
    ]


MEASUREMENT = Measurement("push-latency", measure)
