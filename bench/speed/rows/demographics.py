"""A patient's demographics, read and audited through Quill, against the same read at the FHIR server."""

from collections.abc import Sequence
from uuid import UUID

from speed.captured import read_patient
from speed.figures import Budget, Figure, at_least, at_most
from speed.rows.shape import Measurement
from speed.stage import Stage

# Sixteen callers keep both sides busy all the time; then an answer's time is the other side of the throughput, and what
# is added has no budget of its own.
CALLERS: dict[int, Budget | None] = {1: at_most(3.5), 16: None}


async def measure(stage: Stage) -> Sequence[Figure]:
    """Both numbers of callers."""
    patient_id = stage.account("patient")["patient_id"]
    direct = await read_patient(stage.told("patients")["QUILL_FHIR_URL"], UUID(patient_id))
    ours = stage.call(f"/api/patients/{patient_id}/demographics", await stage.session())
    figures = []
    for callers, most in CALLERS.items():
        seen = await stage.turns({"HAPI": direct, "Quill": ours}, callers=callers)
        who = f"{callers} caller{'s' if callers > 1 else ''}"
        added, share = seen.added("Quill", "HAPI"), seen.ratio("Quill", "HAPI")
        figures += [
            Figure("demographics", f"Demographics, {who}: added p50", added, "ms", most, seen.told()),
            Figure("demographics", f"Demographics, {who}: throughput", share, "×", at_least(0.25), seen.told()),
        ]
    return figures


MEASUREMENT = Measurement("demographics", measure)
