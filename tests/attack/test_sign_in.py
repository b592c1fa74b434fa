"""Signing in and opening accounts: what guessing gets, and what the answers give away."""

from functools import partial

import httpx
import psycopg
import pytest
from e2e.client import PASSWORD, Person, assert_problem, new_address, new_patient_account, new_staff, unique
from fleet import Fleet

from attack.browser import at_once
from attack.people import Cast

A_FEW = 4  # as many password checks as a busy machine ends in time
WRONG = "not this phrase either, though long"


def log_in(fleet: Fleet, name: str, password: str = WRONG, **headers: str) -> httpx.Response:
    """A try from an address of its own."""
    with Person(fleet.url) as guesser:
        return guesser.post("/api/auth/login", {"username": name, "password": password}, headers=headers)


def told(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All that an answer says, but for when and to which request."""
    said = {name.lower(): value for name, value in answer.headers.items()}
    return answer.status_code, answer.content, {n: v for n, v in said.items() if n not in {"date", "x-request-id"}}


def test_fifty_guesses_at_once_from_fifty_addresses_are_five_tries(fleet: Fleet) -> None:
    with new_patient_account(fleet) as victim:
        name = victim.user["username"]
        answers = at_once([partial(log_in, fleet, name)] * 50)
        assert {answer.status_code for answer in answers} <= {401, 429, 503}
        for answer in answers:
            assert int(answer.headers.get("Retry-After", 1)) >= 1
        assert_problem(log_in(fleet, name, PASSWORD), 429, "too-many-requests")
        assert 1 <= evaluated(fleet, victim) <= 5


def evaluated(fleet: Fleet, victim: Person) -> int:
    """How many passwords were found wrong, whether or not the guesser waited for the answer."""
    query = "SELECT count(*) FROM audit_entries WHERE resource = 'session' AND resource_id = %s AND outcome = 'failed'"
    with psycopg.connect(fleet.database("auth"), autocommit=True) as auth:
        ((number,),) = auth.execute(query, [victim.id]).fetchall()
    return int(number)


def test_pause_after_failures_doubles_to_a_quarter_of_an_hour_and_holds_for_the_right_password(fleet: Fleet) -> None:
    with new_patient_account(fleet) as victim:
        name = victim.user["username"]
        assert [log_in(fleet, name).status_code for _ in range(5)] == [401] * 5
        for pause in (30, 60, 120, 240, 480, 900, 900):
            refused = log_in(fleet, name, PASSWORD)
            assert_problem(refused, 429, "too-many-requests")
            assert pause - 15 <= int(refused.headers["Retry-After"]) <= pause
            fleet.move_clock(pause)
            assert_problem(log_in(fleet, name), 401, "credentials-refused")
        fleet.move_clock(900)
        assert log_in(fleet, name, PASSWORD).status_code == 200
        assert log_in(fleet, name).status_code == 401  # forgotten: this one counts as the first


def test_spellings_of_a_name_are_one_name_and_names_nobody_has_are_counted_too(fleet: Fleet) -> None:
    name = unique("nobody")
    spellings = [name, name.upper(), f" {name}", f"{name} ", name.replace("n", "ｎ", 1)]
    answers = at_once([partial(log_in, fleet, spelling) for spelling in spellings])
    assert [answer.status_code for answer in answers] == [401] * 5
    assert_problem(log_in(fleet, name.title()), 429, "too-many-requests")


CLAIMS = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Cluster-Client-IP")


def test_address_with_twenty_failures_waits_whatever_it_claims_to_be(fleet: Fleet) -> None:
    with Person(fleet.url) as guesser:

        def guess(number: int) -> httpx.Response:
            claims = dict.fromkeys(CLAIMS, f"198.51.100.{number}") | {"Forwarded": f"for=198.51.100.{number}"}
            form = {"username": unique("nobody"), "password": WRONG}
            return guesser.post("/api/auth/login", form, headers=claims)

        answers = at_once([partial(guess, number) for number in range(20)], workers=A_FEW)
        assert {answer.status_code for answer in answers} == {401}
        assert_problem(guess(20), 429, "too-many-requests")
        assert_problem(guess(21), 429, "too-many-requests")


def test_address_opens_five_accounts_in_an_hour(fleet: Fleet) -> None:
    with Person(fleet.url) as visitor:
        made = at_once([lambda: visitor.post("/api/auth/register", form())] * 6, workers=A_FEW)
        assert sorted(answer.status_code for answer in made) == [201] * 5 + [429]
        fleet.move_clock(3601)
        assert visitor.post("/api/auth/register", form()).status_code == 201


def form(**members: object) -> dict[str, object]:
    name = unique()
    return {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **members}


def test_log_in_wrong_unknown_disabled_and_unactivated_look_the_same(fleet: Fleet, cast: Cast) -> None:
    with new_patient_account(fleet) as known, new_staff(fleet, "clinician") as disabled:
        assert cast.admin.patch(f"/api/auth/users/{disabled.id}", {"disabled": True}).status_code == 200
        invited = {"username": unique(), "email": f"{unique()}@example.org", "roles": ["clinician"]}
        assert cast.admin.post("/api/auth/users", invited).status_code == 201
        names = [known.user["username"], known.user["email"], disabled.user["username"], unique("nobody")]
        names += [f"{unique('nobody')}@example.org", str(invited["username"]), "' OR 1=1 --", "%", "a" * 254]
        tries = [partial(log_in, fleet, name) for name in names]
        tries.append(partial(log_in, fleet, disabled.user["username"], PASSWORD))
        answers = at_once(tries, workers=A_FEW)
        assert_problem(answers[0], 401, "credentials-refused")
        assert [told(answer) for answer in answers] == [told(answers[0])] * len(answers)


def test_register_with_a_taken_name_or_address_has_one_answer(fleet: Fleet) -> None:
    with new_patient_account(fleet) as known:
        name, email = known.user["username"], known.user["email"]
        clashes: list[dict[str, object]] = [
            *({"username": spelling} for spelling in (name, name.upper(), f" {name} ", name.replace("u", "ｕ", 1))),
            *({"email": spelling} for spelling in (email, email.upper(), f" {email}")),
            {"username": name, "email": email},
        ]
        answers = at_once([partial(register, fleet, **clash) for clash in clashes], workers=A_FEW)
        assert_problem(answers[0], 409, "account-taken")
        assert [told(answer) for answer in answers] == [told(answers[0])] * len(answers)


def register(fleet: Fleet, **members: object) -> httpx.Response:
    with Person(fleet.url) as visitor:
        return visitor.post("/api/auth/register", form(**members))


@pytest.mark.parametrize("name", ["аdmin", "admın", "ad\u200bmin", "ad min", "-admin", "a" * 33, "ab", "admin\u0301"])
def test_register_with_a_name_that_could_be_taken_for_another_is_refused(fleet: Fleet, name: str) -> None:
    assert_problem(register(fleet, username=name), 422, "invalid")


@pytest.mark.parametrize("members", [{"role": "admin"}, {"roles": ["admin"]}, {"patient_id": None}, {"id": "x"}])
def test_register_with_rights_is_refused(fleet: Fleet, members: dict[str, object]) -> None:
    assert_problem(register(fleet, **members), 422, "invalid")


@pytest.mark.parametrize(
    ("password", "accepted"),
    [
        ("fourteen chars", False),
        ("fifteen of them", True),
        ("🦉" * 15, True),
        ("🦉" * 128, True),
        ("🦉" * 129, False),
        ("1234567890123456", False),
        ("PasswordPassword", False),
        ("quillclinicalletters", False),
        ("Quill-Letters-26!", False),
    ],
)
def test_register_password_has_fifteen_to_128_characters_and_is_not_a_common_one(
    fleet: Fleet, password: str, accepted: bool
) -> None:
    answer = register(fleet, password=password)
    assert answer.status_code == (201 if accepted else 422), answer.text
    assert accepted or password not in answer.text


def test_passwords_count_to_their_last_character_in_any_normal_form(fleet: Fleet) -> None:
    with Person(fleet.url, address=new_address()) as person:
        longest = "é" * 126  # 252 bytes: bcrypt alone stops at 72
        account = form(password=longest + "xy")
        assert person.post("/api/auth/register", account).status_code == 201
        name = str(account["username"])
        tries = [
            partial(log_in, fleet, name, password) for password in (longest + "xz", "é" * 126 + "xy", longest + "ｘｙ")
        ]
        answers = at_once(tries, workers=A_FEW)
        assert [answer.status_code for answer in answers] == [401, 200, 200]
