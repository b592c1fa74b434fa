"""A patient's demographics, read and audited through Quill, against the same read at the FHIR server."""

from collections.abc import Sequence
from uuid import UUID

from speed.captured import read_patient
from speed.figures import Figure
from speed.rows.compared import compare
from speed.rows.shape import Measurement
from speed.stage import Stage


async def measure(stage: Stage) -> Sequence[Figure]:
    """One caller, then sixteen."""
    patient_id = stage.account("patient")["patient_id"]
    direct = await read_patient(stage.told("patients")["QUILL_FHIR_URL"], UUID(patient_id))
    ours = stage.call(f"/api/patients/{patient_id}/demographics", await stage.session())
    await stage.warm(direct)
    return await compare(stage, "Demographics", {"HAPI": direct, "Quill": ours}, callers=(1, 16))


MEASUREMENT = Measurement("demographics", measure)
