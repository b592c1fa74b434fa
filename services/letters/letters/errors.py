"""The named refusals of the letters service."""

from common.errors import BackendUnavailable, Conflict, QuillError


class PatientInactive(Conflict):
    """The patient's record is marked as inactive, so no new letter can be added to it. Its letters can still be read;
    if the patient is the right one, reactivate the record first."""

    slug, title = "patient-inactive", "The patient's record is inactive"


class LetterWithdrawn(Conflict):
    """The letter was withdrawn. It can still be read, and is marked as withdrawn, but it can neither be amended nor
    withdrawn again."""

    slug, title = "letter-withdrawn", "The letter was withdrawn"


class LetterRefused(QuillError):
    """The record system considers this letter invalid. Sending it again unchanged will not help: change its text.
    Operators: if it refuses every letter, its template differs from the one in letters."""

    slug, status, title = "letter-refused", 422, "The record system refused this letter"


class RecordUnreadable(BackendUnavailable):
    """The record system's answer cannot be shown safely. Give the operators the X-Request-Id of the answer. Operators:
    the log of letters has that id and says where reading failed."""

    slug, title = "record-unreadable", "A record could not be read"


class EhrGone(BackendUnavailable):
    """The record system does not know the patient's EHR (any more). Whoever meets this has it made anew."""


class PrinterUnavailable(BackendUnavailable):
    """The letter could not be printed in time; it can still be read on screen. If it happens again, tell the
    operators."""

    slug, title = "printer-unavailable", "The letter could not be printed"
