"""`GET /api/auth/me` against a route that does nothing behind the same Caddy, and against a read at the FHIR server."""

from collections.abc import Sequence
from uuid import UUID

from speed.budgets import figure
from speed.captured import read_patient
from speed.figures import Figure
from speed.rows.shape import Measurement
from speed.stage import Stage

PATH = "/api/auth/me"
CALLERS = 16


async def measure(stage: Stage) -> Sequence[Figure]:
    """All three in turns."""
    headers = await stage.session()
    fhir = stage.told("patients")["QUILL_FHIR_URL"]
    direct = await read_patient(fhir, UUID(stage.account("patient")["patient_id"]))
    async with stage.empty() as nothing, stage.door("auth", [nothing]) as door:
        empty = stage.call(PATH, headers, origin=door)
        ways = {"empty route": empty, "Quill": stage.call(PATH, headers), "HAPI": direct}
        await stage.warm(direct)
        seen = await stage.turns(ways, callers=CALLERS)
    to_empty, to_read = seen.ratio("Quill", "empty route"), seen.ratio("Quill", "HAPI")
    return [
        figure("Own account, 16 callers: throughput", to_empty, "×", seen.told()),
        figure("Own account, 16 callers: throughput to a FHIR read's", to_read, "×"),
    ]


MEASUREMENT = Measurement("account", measure)
