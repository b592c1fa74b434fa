"""Who may do what with demographics, and the rules about their state. Pure: no database, no backend."""

from datetime import date, timedelta

from common.errors import VersionStale
from common.policy import Policy
from nhs_number.validate import is_valid

from patients.errors import IdentityRemoved

_STAFF = frozenset({"clinician", "admin"})

SEARCH_PATIENTS = Policy(name="search patients", roles=_STAFF)
VERIFY_PATIENTS = Policy(name="verify patients", roles=_STAFF)
READ_PATIENT = Policy(name="read a patient", roles=_STAFF, linked_patient=True)
WRITE_PATIENTS = Policy(name="write patients", roles=_STAFF)

NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
_LONGEST_LIFE = timedelta(days=130 * 366)


def check_nhs_number(value: str) -> str:
    """An NHS number has ten digits, the last by modulus 11 (NHS Data Dictionary).

    Raises:
        ValueError: it is not one. The message does not repeat it.
    """
    if len(value) != 10 or not (value.isascii() and value.isdigit()) or not is_valid(value):
        raise ValueError("must be an NHS number: 10 digits, the last one by modulus 11")
    return value


def check_birth_date(value: date) -> date:
    """Nobody was born in the future, or so long ago that it must be a slip.

    Raises:
        ValueError: one of these.
    """
    if value > date.today():
        raise ValueError("must not be in the future")
    if value < date.today() - _LONGEST_LIFE:
        raise ValueError("must be within 130 years")
    return value


def check_version(*, current: int, expected: int) -> None:
    """A change is made to the version its author has read.

    Raises:
        VersionStale: there is another one now.
    """
    if current != expected:
        raise VersionStale


def check_identity_kept(*, known: tuple[object, ...], wanted: tuple[object, ...]) -> None:
    """What tells people apart can be corrected, not removed.

    Raises:
        IdentityRemoved: something known is to become unknown.
    """
    if any(before is not None and after is None for before, after in zip(known, wanted, strict=True)):
        raise IdentityRemoved
