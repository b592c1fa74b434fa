"""The named errors of patients. Which status and problem type they have, and nothing else."""

from common.errors import Conflict, Invalid


class NhsNumberTaken(Conflict):
    """Another patient has this NHS number. Find and use that patient, or correct the number."""

    slug, title = "nhs-number-taken", "This NHS number is already registered"


class PatientRefused(Invalid):
    """The FHIR server does not accept this patient, or another system wrote U+0000 into the record, which Quill cannot
    store. Check the values against FHIR R4 and remove anything unusual; sent unchanged, it will be refused again."""

    slug, title = "patient-refused", "The FHIR server does not accept this patient"
