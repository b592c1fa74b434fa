"""Processor time of a request with one, two and four replicas of patients behind one door."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from speed.figures import Figure, Sample, at_most
from speed.load import Call, drive
from speed.machine import cpu_seconds
from speed.rows.shape import Measurement
from speed.stage import Replica, Stage

NUMBERS = (1, 2, 4)
CALLERS = 16
SECONDS = 4.0


async def milliseconds_each(stage: Stage, call: Call, replicas: Sequence[Replica], seconds: float) -> float:
    """What all replicas together used for a request, and for what it left behind."""
    before = sum(cpu_seconds(one.pid) for one in replicas)
    seen = await drive(call, callers=CALLERS, seconds=seconds)
    await stage.settle()
    return (sum(cpu_seconds(one.pid) for one in replicas) - before) / len(seen.times) * 1000


async def measure(stage: Stage) -> Sequence[Figure]:
    """The three doors in turns."""
    headers = await stage.session()
    path = f"/api/patients/{stage.account('patient')['patient_id']}/demographics"
    seconds = SECONDS if stage.pace.scale >= 1 else SECONDS / 4
    used: dict[int, list[float]] = {number: [] for number in NUMBERS}
    async with AsyncExitStack() as stack:
        pool = [await stack.enter_async_context(stage.replica("patients")) for _ in range(max(NUMBERS))]
        doors = {one: await stack.enter_async_context(stage.door("patients", pool[:one])) for one in NUMBERS}
        for number, door in doors.items():
            await milliseconds_each(stage, stage.call(path, headers, origin=door), pool[:number], seconds / 2)
        for _ in range(stage.pace.rounds):
            for number, door in doors.items():
                call = stage.call(path, headers, origin=door)
                used[number].append(await milliseconds_each(stage, call, pool[:number], seconds))
    medians = {number: Sample.of(seen).median for number, seen in used.items()}
    told = ", ".join(f"{number}: {medians[number]:.2f} ms" for number in NUMBERS)
    apart = [100 * (max(seen) / min(seen) - 1) for seen in zip(*used.values(), strict=True)]
    what = "Processor time of a request with 1, 2 and 4 replicas: apart"
    return [Figure("replicas", what, Sample.of(apart), "%", at_most(10), told)]


MEASUREMENT = Measurement("replicas", measure)
