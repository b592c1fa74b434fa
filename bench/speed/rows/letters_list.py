"""The first page (20) of a patient's thousand letters, against the bare query at the openEHR server."""

from collections.abc import Sequence

from speed.captured import OpenEhr
from speed.figures import Figure
from speed.load import Call, drive
from speed.rows.compared import compare
from speed.rows.letters_write import ehr_of_new_patient
from speed.rows.shape import Measurement
from speed.stage import Stage

LETTERS = 1000
PAGE = 20
WRITERS = 8


async def commit(call: Call, number: int) -> None:
    """Commit so many letters directly: where they come from makes no difference to a list."""
    left = number
    while left > 0:
        left -= len((await drive(call, callers=min(WRITERS, left), seconds=min(2.0, left / 400))).times)


async def measure(stage: Stage) -> Sequence[Figure]:
    """One caller."""
    headers = await stage.session()
    patient_id, ehr_id = await ehr_of_new_patient(stage, headers)
    openehr = OpenEhr(stage.told("letters"))
    await commit(await openehr.commit_letter(ehr_id), LETTERS - 1)
    # A page asks for one more than it shows, to know whether there is another.
    direct = await openehr.list_letters(ehr_id, limit=PAGE + 1)
    ours = stage.call(f"/api/patients/{patient_id}/letters?limit={PAGE}", headers)
    return await compare(stage, f"Letters list, {PAGE} of {LETTERS:,}", {"AQL": direct, "Quill": ours}, callers=(1,))


MEASUREMENT = Measurement("letters-list", measure)
