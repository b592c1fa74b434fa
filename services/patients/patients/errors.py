"""The named errors of patients. Which status and problem type they have, and nothing else."""

from common.errors import Conflict, Invalid


class NhsNumberTaken(Conflict):
    """Another patient has this NHS number: find and use that patient, or correct the number."""

    slug, title = "nhs-number-taken", "This NHS number is already registered"


class PatientRefused(Invalid):
    """The FHIR server does not take this patient: check values against FHIR R4 and remove what is unusual."""

    slug, title = "patient-refused", "The FHIR server does not accept this patient"
