"""Events that reach letters."""

from common.consumer import consumes
from common.events import PatientCreated
from common.work import Work

from letters import service
from letters.clients import Backends


@consumes(PatientCreated, durable="letters-patient-created")
async def on_patient_created(work: Work[Backends], event: PatientCreated) -> None:
    """A new patient gets an EHR, so that the first letter need not wait for it."""
    await service.provision_ehr(work, patient_id=event.patient_id)
