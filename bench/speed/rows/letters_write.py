"""A letter written through Quill, audited and announced, against the same commit at the openEHR server."""

from collections.abc import Sequence
from uuid import UUID

from speed.captured import LETTER, OpenEhr
from speed.figures import Figure
from speed.rows.compared import compare
from speed.rows.shape import Measurement
from speed.stage import Stage


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
    return await compare(stage, "Letter written", {"openEHR": direct, "Quill": ours}, callers=(1, 16))


MEASUREMENT = Measurement("letters-write", measure)
