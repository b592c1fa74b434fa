"""The second factor (RFC 6238): how long a code is good, how often, and what guessing gets. Enrolling and signing in as
they are meant are in tests/e2e/test_auth_totp.py."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

import httpx
import pytest
from e2e.authenticator import Phone, challenge_of, finish, log_in, protect
from e2e.client import Person, assert_problem, new_patient_account
from fleet import Fleet

from attack.browser import at_once

STEP = 30
FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}
ARABIC = {ord("0") + digit: 0x0660 + digit for digit in range(10)}


@pytest.fixture
def person(fleet: Fleet) -> Iterator[Person]:
    with new_patient_account(fleet) as person:
        yield person


@pytest.fixture
def phone(fleet: Fleet, person: Person) -> Phone:
    """The person's authenticator; signing in asks for it from now on."""
    return protect(fleet, person)


def begin_step(fleet: Fleet, phone: Phone) -> None:
    """Be at the beginning of a step, of which no code was used: nothing ends on the way of what follows at once."""
    fleet.move_clock(2 * STEP - phone.now % STEP)


def test_code_is_good_in_its_step_and_the_next_and_in_no_other(fleet: Fleet, person: Person, phone: Phone) -> None:
    challenges = [challenge_of(person) for _ in range(5)]
    begin_step(fleet, phone)
    codes = [phone.code(steps=steps) for steps in (-2, 1, 2, -1, 0)]
    answers = [finish(person, challenge, code) for challenge, code in zip(challenges, codes, strict=True)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 200, 200]
    assert_problem(answers[0], 401, "second-factor-refused")


def test_code_is_good_once_and_ends_those_before_it(fleet: Fleet, person: Person, phone: Phone) -> None:
    challenges = [challenge_of(person) for _ in range(6)]
    begin_step(fleet, phone)
    before, now = phone.code(steps=-1), phone.code()
    answers = [finish(person, challenges.pop(), code) for code in (now, now, before, now)]
    assert [answer.status_code for answer in answers] == [200, 401, 401, 401]
    fleet.move_clock(STEP)
    assert_problem(finish(person, challenges.pop(), now), 401, "second-factor-refused")
    assert finish(person, challenges.pop(), phone.code()).status_code == 200


def test_code_is_good_once_however_many_send_it_at_once(fleet: Fleet, person: Person, phone: Phone) -> None:
    challenges, more = ([challenge_of(person) for _ in range(number)] for number in (4, 3))
    begin_step(fleet, phone)
    answers = at_once([partial(finish, person, challenge, phone.code()) for challenge in challenges])
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    answers = at_once([partial(finish, person, challenge, phone.paper[0]) for challenge in more])
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]


def test_code_in_other_digits_or_with_more_around_it_is_none(fleet: Fleet, person: Person, phone: Phone) -> None:
    challenge, another = challenge_of(person), challenge_of(person)
    begin_step(fleet, phone)
    code = phone.code()
    for spelling in (code.translate(FULL_WIDTH), code.translate(ARABIC), f"{code} ", f"{code}\n", f"+{code[1:]}"):
        answer = finish(person, challenge, spelling)
        assert_problem(answer, 401, "second-factor-refused")
    assert finish(person, another, code).status_code == 200


def test_challenge_bears_five_tries_for_whoever_has_it_and_five_minutes(
    fleet: Fleet, person: Person, phone: Phone
) -> None:
    guessed, late = challenge_of(person), challenge_of(person)
    answers = at_once([partial(finish, person, guessed, phone.wrong)] * 12)
    counted = Counter(answer.status_code for answer in answers)
    assert counted == {401: 5, 429: 7}
    assert_problem(finish(person, guessed, phone.code()), 429, "too-many-requests")
    fleet.move_clock(301)
    assert_problem(finish(person, late, phone.code()), 401, "second-factor-refused")


def test_guessing_on_with_new_challenges_comes_to_an_end(person: Person, phone: Phone) -> None:
    answers: list[httpx.Response] = []
    for _ in range(3):
        answers += at_once([partial(finish, person, challenge_of(person), phone.wrong)] * 5)
    counted = Counter(answer.status_code for answer in answers)
    assert counted[401] <= 10, counted
    assert_problem(finish(person, challenge_of(person), phone.code()), 429, "too-many-requests")


def test_challenge_opens_nothing_by_itself(fleet: Fleet, person: Person, phone: Phone) -> None:
    challenge = challenge_of(person)
    for bearer in (challenge, phone.code(), phone.paper[0]):
        with Person(fleet.url) as thief:
            assert_problem(thief.get("/api/auth/me", headers={"Authorization": f"Bearer {bearer}"}), 401)
            assert_problem(thief.post("/api/auth/refresh", headers={"Cookie": f"quill_refresh={bearer}"}), 401)
    assert_problem(finish(person, f"{challenge}x", phone.code()), 401, "second-factor-refused")


def test_password_alone_does_not_enter_in_one_step(person: Person, phone: Phone) -> None:
    assert_problem(log_in(person), 401, "totp-required")
    assert_problem(log_in(person, totp_code=""), 401, "totp-required")
    for code in ("000000", phone.wrong, " ", "none"):
        assert_problem(log_in(person, totp_code=code), 401, "credentials-refused")
