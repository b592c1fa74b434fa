"""Processor time of a request with one, two and four replicas of patients behind one door."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

from own_fleet import cpu_seconds

from speed.budgets import figure
from speed.figures import Figure, Sample
from speed.load import Call, drive
from speed.pairs import in_turns
from speed.rows.shape import Measurement
from speed.stage import Replica, Stage

NUMBERS = (1, 2, 4)
CALLERS = 16


async def milliseconds_each(stage: Stage, call: Call, replicas: Sequence[Replica], seconds: float) -> float:
    """What all replicas together used for a request, and for what it left behind."""
    before = sum(cpu_seconds(one.pid) for one in replicas)
    seen = await drive(call, callers=CALLERS, seconds=seconds)
    await stage.settle()
    return (sum(cpu_seconds(one.pid) for one in replicas) - before) / len(seen.times) * 1000


async def measure(stage: Stage) -> Sequence[Figure]:
    """The three doors in turns."""
    headers, seconds = await stage.session(), stage.pace.seconds
    path = f"/api/patients/{stage.account('patient')['patient_id']}/demographics"
    async with AsyncExitStack() as stack:
        pool = [await stack.enter_async_context(stage.replica("patients")) for _ in range(max(NUMBERS))]
        doors = {str(one): await stack.enter_async_context(stage.door("patients", pool[:one])) for one in NUMBERS}
        ways = {
            one: partial(milliseconds_each, stage, stage.call(path, headers, origin=door), pool[: int(one)], seconds)
            for one, door in doors.items()
        }
        await in_turns(ways, rounds=1)  # to warm
        used = await in_turns(ways, rounds=stage.pace.rounds)
    told = ", ".join(f"{one}: {Sample.of(seen).median:.2f} ms" for one, seen in used.items())
    apart = [100 * (max(seen) / min(seen) - 1) for seen in zip(*used.values(), strict=True)]
    what = "Processor time of a request with 1, 2 and 4 replicas: apart"
    return [figure(what, Sample.of(apart), "%", told)]


MEASUREMENT = Measurement("replicas", measure)
