"""Who may read and write letters: truth tables."""

from uuid import UUID, uuid4

import pytest
from common.auth import Caller
from common.errors import Forbidden, NotFound, QuillError
from common.policy import Policy
from letters import policy
from letters.errors import PatientInactive
from stand_in import caller

OWN, FOREIGN = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("roles", "linked_to", "read", "write"),
    [
        (("clinician",), None, None, None),
        (("clinician", "admin"), None, None, None),
        (("patient",), OWN, None, Forbidden),
        (("patient",), FOREIGN, NotFound, Forbidden),
        (("patient",), None, NotFound, Forbidden),
        (("patient", "clinician"), FOREIGN, None, None),
        (("admin",), None, Forbidden, Forbidden),
        (("admin",), OWN, Forbidden, Forbidden),
        ((), OWN, Forbidden, Forbidden),
    ],
)
def test_policies_by_role_and_link(
    roles: tuple[str, ...], linked_to: UUID | None, read: type[QuillError] | None, write: type[QuillError] | None
) -> None:
    who = caller(*roles, patient_id=linked_to)
    assert refusal(policy.READ_LETTERS, who) is read
    assert refusal(policy.WRITE_LETTERS, who) is write


def refusal(rule: Policy, who: Caller) -> type[QuillError] | None:
    """How the policy refuses them for the patient OWN, if it does."""
    try:
        rule.check(who, str(OWN))
    except QuillError as error:
        return type(error)
    return None


def test_writing_needs_a_session_that_is_known_to_live_and_reading_does_not() -> None:
    assert (policy.WRITE_LETTERS.vital, policy.READ_LETTERS.vital) == (True, False)


def test_check_takes_letters_refuses_only_who_is_known_to_be_inactive() -> None:
    with pytest.raises(PatientInactive):
        policy.check_takes_letters(patient_active=False)
    policy.check_takes_letters(patient_active=True)
    policy.check_takes_letters(patient_active=None)


@pytest.mark.parametrize(
    ("roles", "linked_to", "leaves"),
    [
        (("patient",), OWN, True),
        (("patient", "clinician"), OWN, True),
        (("patient", "clinician"), FOREIGN, False),
        (("clinician",), None, False),
        (("clinician",), OWN, False),
        (("patient",), None, False),
    ],
)
def test_only_the_patients_own_reading_leaves_a_receipt(
    roles: tuple[str, ...], linked_to: UUID | None, leaves: bool
) -> None:
    assert policy.leaves_receipt(caller(*roles, patient_id=linked_to), patient_id=OWN) is leaves
