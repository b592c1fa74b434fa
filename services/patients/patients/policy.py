"""Who may do what with demographics, and the rules about their state. Pure: no database, no backend."""

import re
from datetime import date, timedelta
from typing import Protocol

from common import clock
from common.errors import Invalid, VersionStale
from common.policy import Policy
from nhs_number.validate import calculate_checksum

_STAFF = frozenset({"clinician", "admin"})

SEARCH_PATIENTS = Policy(name="search patients", roles=_STAFF)
VERIFY_PATIENTS = Policy(name="verify patients", roles=_STAFF)
READ_PATIENT = Policy(name="read a patient", roles=_STAFF, linked_patient=True)
WRITE_PATIENTS = Policy(name="write patients", roles=_STAFF)

NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
_LONGEST_LIFE = timedelta(days=130 * 366)


def check_nhs_number(value: str) -> str:
    """An NHS number has ten digits, the last by modulus 11 (NHS Data Dictionary), and they are not all 0. Raises
    ValueError otherwise."""
    # Not the library's `is_valid`: it wants a date in the numbers that could be Scottish.
    if not re.fullmatch("[0-9]{10}", value) or calculate_checksum(value[:9]) != int(value[9]) or not int(value):
        raise ValueError("must be an NHS number: 10 digits, the last one by modulus 11")
    return value


def check_birth_date(value: date) -> date:
    """Nobody was born in the future, or so long ago that it must be a slip. Raises ValueError then."""
    # In summer the day begins an hour before UTC's.
    if not timedelta(0) <= (clock.now() + timedelta(hours=1)).date() - value <= _LONGEST_LIFE:
        raise ValueError("must be within the last 130 years and not in the future")
    return value


class Identified(Protocol):
    """What tells people apart for certain."""

    @property
    def birth_date(self) -> date | None: ...

    @property
    def nhs_number(self) -> str | None: ...


def may_be_one_person(one: Identified, other: Identified) -> bool:
    """Whether nothing contradicts it. Names do not count: people change them."""
    pairs = ((one.birth_date, other.birth_date), (one.nhs_number, other.nhs_number))
    return all(left is None or right is None or left == right for left, right in pairs)


def check_version(*, current: int, expected: int) -> None:
    """A change is made to the version its author has read. Raises VersionStale when there is another one now."""
    if current != expected:
        raise VersionStale


def check_kept(member: str, *, known: object, wanted: object) -> None:
    """What tells people apart can be corrected, not removed. Raises Invalid when it would be."""
    if known is not None and wanted is None:
        raise Invalid.at("body", member, type="removed", msg="What is known can be corrected, not removed")
