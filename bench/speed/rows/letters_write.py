"""A letter written through Quill, audited and announced, against the same commit at the openEHR server."""

from collections.abc import Sequence
from uuid import UUID

from speed.captured import LETTER, OpenEhr
from speed.figures import Budget, Figure, at_least, at_most
from speed.rows.shape import Measurement
from speed.stage import Stage

CALLERS: dict[int, Budget | None] = {1: at_most(10), 16: None}  # as with demographics


async def ehr_of_new_patient(stage: Stage, headers: dict[str, str]) -> tuple[UUID, UUID]:
    """Somebody new who has one letter, and their EHR."""
    patient_id = await stage.new_patient(headers)
    await stage.ask("POST", f"/api/patients/{patient_id}/letters", headers, LETTER)
    query = "SELECT ehr_id FROM patient_ehrs WHERE patient_id = $1"
    return patient_id, await (await stage.database("letters")).fetchval(query, patient_id)


async def measure(stage: Stage) -> Sequence[Figure]:
    """Both numbers of callers; the two ways fill EHRs of their own, equally fast or not."""
    headers = await stage.session()
    patient_id, _ = await ehr_of_new_patient(stage, headers)
    _, other_ehr = await ehr_of_new_patient(stage, headers)
    direct = await OpenEhr(stage.told("letters")).commit_letter(other_ehr)
    ours = stage.write(f"/api/patients/{patient_id}/letters", headers, LETTER)
    figures = []
    for callers, most in CALLERS.items():
        seen = await stage.turns({"openEHR": direct, "Quill": ours}, callers=callers)
        who = f"{callers} caller{'s' if callers > 1 else ''}"
        added, share = seen.added("Quill", "openEHR"), seen.ratio("Quill", "openEHR")
        figures += [
            Figure("letters-write", f"Letter written, {who}: added p50", added, "ms", most, seen.told()),
            Figure("letters-write", f"Letter written, {who}: throughput", share, "×", at_least(0.35), seen.told()),
        ]
    return figures


MEASUREMENT = Measurement("letters-write", measure)
