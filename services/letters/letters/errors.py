"""The named refusals of the letters service."""

from common.errors import BackendUnavailable, Conflict, QuillError


class PatientInactive(Conflict):
    """The patient's record is marked inactive: its letters can be read, but no new letter is written into it."""

    slug, title = "patient-inactive", "The patient's record is inactive"


class LetterWithdrawn(Conflict):
    """The letter was withdrawn: it can be read, marked as what it is, but neither amended nor withdrawn again."""

    slug, title = "letter-withdrawn", "The letter was withdrawn"


class LetterRefused(QuillError):
    """The record system does not accept this letter; sending it again unchanged will not help."""

    slug, status, title = "letter-refused", 422, "The record system refused this letter"


class RecordUnreadable(BackendUnavailable):
    """The record system answered in a form that cannot be shown safely; it has been logged for the operators."""

    slug, title = "record-unreadable", "A record could not be read"


class PrinterUnavailable(BackendUnavailable):
    """The letter could not be printed in time; it can be read without its print. If it goes on, tell the operators."""

    slug, title = "printer-unavailable", "The letter could not be printed"
