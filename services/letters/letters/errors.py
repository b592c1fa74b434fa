"""The named refusals of the letters service."""

from common.errors import BackendUnavailable, Conflict, QuillError


class PatientInactive(Conflict):
    """The patient's record is marked inactive, so that no new letter is written into it. Its letters can be read; where
    the record is right, make the patient active first."""

    slug, title = "patient-inactive", "The patient's record is inactive"


class LetterWithdrawn(Conflict):
    """The letter was withdrawn. It can be read, marked as what it is, but neither amended nor withdrawn again."""

    slug, title = "letter-withdrawn", "The letter was withdrawn"


class LetterRefused(QuillError):
    """The record system finds this letter invalid. Sending it again unchanged will not help: change its text.
    Operators: if it refuses every letter, its template is another one than letters brings."""

    slug, status, title = "letter-refused", 422, "The record system refused this letter"


class RecordUnreadable(BackendUnavailable):
    """The record system answered in a form that cannot be shown safely. Tell the operators the X-Request-Id of the
    answer. Operators: the log of letters has that id and where the reading failed."""

    slug, title = "record-unreadable", "A record could not be read"


class EhrGone(BackendUnavailable):
    """The record system does not know the patient's EHR (any more). Whoever meets this has it made anew."""


class PrinterUnavailable(BackendUnavailable):
    """The letter could not be printed in time; it can be read without its print. If it goes on, tell the operators."""

    slug, title = "printer-unavailable", "The letter could not be printed"
