"""What a process of each service needs: memory after ten thousand requests, time from its start until it is ready."""

from collections.abc import Mapping, Sequence

from speed.budgets import figure
from speed.figures import Figure, Sample
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


async def measure(stage: Stage) -> Sequence[Figure]:
    """One service after the other, in new processes; the one that served counts among those that were started."""
    headers, number = await stage.session(), stage.pace.count(REQUESTS)
    figures = []
    for service, path in paths(stage).items():
        async with stage.replica(service) as replica:
            memory, seconds = await serve(stage, replica, path, headers, number), [replica.ready_seconds]
        while len(seconds) < stage.pace.count(STARTS):
            async with stage.replica(service) as replica:
                seconds.append(replica.ready_seconds)
        figures += [
            figure(f"{service}: memory after many requests", Sample.of([memory]), "MB", f"{number:,} requests"),
            figure(f"{service}: start to ready", Sample.of(seconds), "s"),
        ]
    return figures


MEASUREMENT = Measurement("footprint", measure)
