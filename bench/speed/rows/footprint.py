"""What a process of each service needs: memory after ten thousand requests, time from its start until it is ready."""

from collections.abc import Mapping, Sequence

from speed.figures import Figure, Sample, at_most
from speed.load import drive
from speed.machine import memory_megabytes
from speed.rows.shape import Measurement
from speed.stage import Replica, Stage

REQUESTS = 10_000
CALLERS = 16
STARTS = 3


def paths(stage: Stage) -> Mapping[str, str]:
    """A call that people often make, of each service."""
    patient = f"/api/patients/{stage.account('patient')['patient_id']}"
    return {
        "auth": "/api/auth/me",
        "patients": f"{patient}/demographics",
        "letters": f"{patient}/letters",
        "notify": "/api/notifications",
    }


async def serve(stage: Stage, replica: Replica, path: str, headers: Mapping[str, str], number: int) -> float:
    """Megabytes after so many requests."""
    answered, call = 0, stage.call(path, headers, origin=replica.url)
    while answered < number:
        answered += len((await drive(call, callers=CALLERS, seconds=1)).times)
    await stage.settle()
    return memory_megabytes(replica.pid)


async def starts(stage: Stage, service: str) -> Sample:
    """Seconds that new processes take until they are ready."""
    seconds = []
    for _ in range(STARTS if stage.pace.scale >= 1 else 1):
        async with stage.replica(service) as replica:
            seconds.append(replica.ready_seconds)
    return Sample.of(seconds)


async def measure(stage: Stage) -> Sequence[Figure]:
    """One service after the other, in new processes."""
    headers, number = await stage.session(), int(REQUESTS * stage.pace.scale)
    figures = []
    for service, path in paths(stage).items():
        async with stage.replica(service) as replica:
            memory = Sample.of([await serve(stage, replica, path, headers, number)])
        figures += [
            Figure("footprint", f"{service}: memory after {number:,} requests", memory, "MB", at_most(120)),
            Figure("footprint", f"{service}: start to ready", await starts(stage, service), "s", at_most(3)),
        ]
    return figures


MEASUREMENT = Measurement("footprint", measure)
