"""Who may read and write letters, and when. Pure rules."""

from uuid import UUID

from common.auth import Caller
from common.errors import Invalid, VersionStale
from common.policy import Policy

from letters.errors import LetterWithdrawn, PatientInactive
from letters.letter import MOST_CHARACTERS, LetterHead

READ_LETTERS = Policy(name="read letters", roles=frozenset({"clinician"}), linked_patient=True)
WRITE_LETTERS = Policy(name="write letters", roles=frozenset({"clinician"}), vital=True)


def check_takes_letters(*, patient_active: bool | None) -> None:
    """Refuse a new letter for an inactive patient.

    Args:
        patient_active: None when nobody could say. The letter is then accepted: that a letter can be written goes
            before an administrative flag.

    Raises:
        PatientInactive: the record is known to be inactive.
    """
    if patient_active is False:
        raise PatientInactive


def check_length(*texts: str) -> None:
    """Refuse a letter that is too long.

    Args:
        texts: its body and its sections, those that stay as they were among them.

    Raises:
        Invalid: they are too long together.
    """
    if sum(map(len, texts)) > MOST_CHARACTERS:
        message = f"Body and sections should have at most {MOST_CHARACTERS} characters together"
        raise Invalid.at("body", type="letter_too_long", msg=message)


def check_takes_change(letter: LetterHead, *, expected: int) -> None:
    """Refuse a next version of a letter.

    Args:
        letter: as it is now.
        expected: the version that whoever changes it has read.

    Raises:
        VersionStale: they have read another one.
        LetterWithdrawn: its life is over.
    """
    if letter.version != expected:
        raise VersionStale
    if letter.status == "withdrawn":
        raise LetterWithdrawn


def leaves_receipt(caller: Caller, *, patient_id: UUID) -> bool:
    """Whether reading counts as the patient having read: nobody else's reading does, nor HEAD, which shows nothing."""
    return not caller.by_head and "patient" in caller.roles and caller.patient_id == patient_id
