"""Who may do what, as truth tables."""

from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from uuid import UUID

import pytest
from common import clock
from common.errors import Forbidden, Invalid, NotFound, QuillError, VersionStale
from common.policy import Policy
from patients import policy
from stand_in import caller

OWN, OTHER = UUID(int=1), UUID(int=2)
REFUSALS: dict[str, type[QuillError]] = {"forbidden": Forbidden, "not found": NotFound}


@pytest.mark.parametrize(
    ("rule", "clinician", "admin", "linked", "foreign", "nobody"),
    [
        (policy.SEARCH_PATIENTS, "yes", "yes", "forbidden", "forbidden", "forbidden"),
        (policy.VERIFY_PATIENTS, "yes", "yes", "forbidden", "forbidden", "forbidden"),
        (policy.WRITE_PATIENTS, "yes", "yes", "forbidden", "forbidden", "forbidden"),
        (policy.READ_PATIENT, "yes", "yes", "yes", "not found", "forbidden"),
    ],
    ids=lambda value: value.name if isinstance(value, Policy) else value,
)
def test_policy(rule: Policy, clinician: str, admin: str, linked: str, foreign: str, nobody: str) -> None:
    cases = [
        (clinician, caller("clinician")),
        (admin, caller("admin")),
        (linked, caller("patient", patient_id=OWN)),
        (foreign, caller("patient", patient_id=OTHER)),
        (foreign, caller("patient")),
        (nobody, caller("nobody", patient_id=OWN)),
    ]
    for expected, who in cases:
        if expected == "yes":
            rule.check(who, str(OWN))
        else:
            with pytest.raises(REFUSALS[expected]):
                rule.check(who, str(OWN))


@pytest.mark.parametrize(
    "number", ["9434765919", "4010232137", "9990000018", "2999999992", "3102000002", "0100000002", "2930410000"]
)
def test_nhs_number_with_right_check_digit_is_taken(number: str) -> None:
    assert policy.check_nhs_number(number) == number


@pytest.mark.parametrize(
    "number",
    [
        "9434765918",
        "943476591",
        "94347659190",
        "943 476 5919",
        "943-476-5919",
        "９４３４７６５９１９",
        "943476591X",
        "2999999993",
        "0000000000",
        "1000000010",
        "",
    ],
)
def test_other_nhs_number_is_refused_without_being_repeated(number: str) -> None:
    with pytest.raises(ValueError, match="must be an NHS number") as refusal:
        policy.check_nhs_number(number)
    assert not number or number not in str(refusal.value)


@pytest.mark.parametrize(("days", "fits"), [(0, True), (1, True), (-1, False), (129 * 365, True), (131 * 366, False)])
def test_birth_date_is_past_and_within_a_life(days: int, fits: bool) -> None:
    born = datetime.now(timezone(timedelta(hours=1))).date() - timedelta(days=days)
    if fits:
        assert policy.check_birth_date(born) == born
    else:
        with pytest.raises(ValueError, match="130 years"):
            policy.check_birth_date(born)


def test_child_is_born_today_as_soon_as_it_is_midnight_in_summer(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert policy.check_birth_date(date(2026, 7, 1)) == date(2026, 7, 1)
    with pytest.raises(ValueError, match="future"):
        policy.check_birth_date(date(2026, 7, 2))


@pytest.mark.parametrize(
    ("known", "told", "may_be"),
    [
        (("1980-02-29", "9434765919"), ("1980-02-29", "9434765919"), True),
        (("1980-02-29", None), ("1980-02-29", "9434765919"), True),
        ((None, "9434765919"), ("1980-02-29", "9434765919"), True),
        ((None, None), (None, None), True),
        (("1980-02-29", None), ("1980-03-01", None), False),
        (("1980-02-29", "9434765919"), ("1980-02-29", "9990000018"), False),
        (("1980-02-29", "9434765919"), ("1980-03-01", "9434765919"), False),
    ],
)
def test_people_are_one_unless_birth_date_or_number_contradict_it(
    known: tuple[str | None, ...], told: tuple[str | None, ...], may_be: bool
) -> None:
    one, other = (
        SimpleNamespace(birth_date=born and date.fromisoformat(born), nhs_number=number)
        for born, number in (known, told)
    )
    assert policy.may_be_one_person(one, other) is may_be
    assert policy.may_be_one_person(other, one) is may_be


def test_only_the_version_that_was_read_may_be_replaced() -> None:
    policy.check_version(current=3, expected=3)
    for other in (2, 4):
        with pytest.raises(VersionStale):
            policy.check_version(current=3, expected=other)


@pytest.mark.parametrize(
    ("known", "wanted", "fits"), [("A", "B", True), (None, "B", True), (None, None, True), ("A", None, False)]
)
def test_what_is_known_is_corrected_not_removed(known: object, wanted: object, fits: bool) -> None:
    if fits:
        policy.check_kept("name", known=known, wanted=wanted)
    else:
        with pytest.raises(Invalid) as refusal:
            policy.check_kept("name", known=known, wanted=wanted)
        assert refusal.value.members["errors"][0]["loc"] == ["body", "name"]
