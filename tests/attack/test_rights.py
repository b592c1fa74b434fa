"""Who may do what, from the side of those who may not. Every cell of docs/access.md is tried in
tests/e2e/test_access.py; here are the ways around it: ids of others in paths of one's own, spellings, codes, keys."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID, uuid4

import pytest
from e2e.client import (
    BIRTH_DATE,
    PASSWORD,
    Person,
    assert_problem,
    new_patient,
    new_patient_account,
    new_staff,
    unique,
)
from fleet import Fleet

from attack.browser import ask_exactly, at_once
from attack.people import Cast

LETTER = {"title": "Clinic letter", "body": "Seen in clinic."}
DAY = 86_400


@pytest.fixture(scope="module")
def foreign_letter(cast: Cast) -> str:
    """A letter of the other patient."""
    return write(cast, str(cast.other_patient.user["patient_id"]))


def write(cast: Cast, patient_id: str) -> str:
    answer = cast.clinician.post(f"/api/patients/{patient_id}/letters", LETTER)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["uid"])


@pytest.mark.parametrize("role", ["patient", "clinician"])
def test_letter_of_one_patient_is_absent_under_another(cast: Cast, foreign_letter: str, role: str) -> None:
    reader: Person = getattr(cast, role)
    own = f"/api/patients/{cast.patient.user['patient_id']}/letters"
    seen, absent = (reader.get(f"{own}/{uid}") for uid in (foreign_letter, uuid4()))
    assert_problem(seen, 404, "not-found")
    assert (seen.content, sorted(seen.headers)) == (absent.content, sorted(absent.headers))
    assert_problem(reader.get(f"{own}/{foreign_letter}?version=1"), 404)


def test_record_of_another_patient_looks_like_none(cast: Cast, foreign_letter: str) -> None:
    foreign, absent = cast.other_patient.user["patient_id"], uuid4()
    for path in ("/api/patients/{}/demographics", "/api/fhir/patients/{}", "/api/patients/{}/letters"):
        seen, none = (cast.patient.get(path.format(one)) for one in (foreign, absent))
        assert (seen.status_code, seen.content) == (none.status_code, none.content) == (404, none.content)
    own = f"/api/patients/{foreign}/letters/{foreign_letter}"
    assert_problem(cast.patient.get(own), 404, "not-found")
    assert cast.other_patient.get(own).status_code == 200


def spellings(patient_id: str) -> Iterator[str]:
    """Other ways to write an id or a path that lead to the same record somewhere on the way, if anybody mends them."""
    bare = UUID(patient_id)
    yield from (patient_id.upper(), bare.hex, f"{{{bare}}}", bare.urn, f"{bare}.", f"{bare}%20", f"%20{bare}")
    yield from (f"{bare};x", f"{bare}%00", f"{bare}%0a", f"{bare},{uuid4()}", f"{uuid4()},{bare}", f"{bare}%7C")
    yield from (f"../patients/{bare}", f"%2e%2e/patients/{bare}", f"..%2fpatients%2f{bare}", f"./{bare}", f"/{bare}")


def test_other_spellings_of_an_id_reach_nothing(cast: Cast) -> None:
    own = str(cast.patient.user["patient_id"])
    for person in (cast.patient, cast.clinician):
        for spelling in spellings(own):
            for path in ("/api/patients/{}/demographics", "/api/fhir/patients/{}", "/api/patients/{}/letters"):
                status, told = ask_exactly(person, path.format(spelling))
                assert status in {404, 422}, (spelling, path)
                assert own not in told


@pytest.mark.parametrize(
    "path",
    [
        "/api/patients/{own}/../{other}/letters",
        "/api/patients/{own}/letters/../../{other}/letters",
        "/api/patients/{own}%2f..%2f{other}/letters",
        "/api/patients/{own}/letters/..%2f..%2f{other}%2fdemographics",
        "/api/patients/{own}/%2e%2e/{other}/letters",
        "/api/patients/{own}//letters",
        "/api/patients/{own}\\..\\{other}/letters",
        "/api/patients/{own}/letters?patient_id={other}",
        "/api/patients/{own}/letters/{letter}?patient_id={other}",
        "/api/patients/{own}/demographics?patient_id={other}",
    ],
)
def test_path_that_names_two_records_shows_nothing_of_the_other(cast: Cast, foreign_letter: str, path: str) -> None:
    ids = {"own": cast.patient.user["patient_id"], "other": cast.other_patient.user["patient_id"]}
    status, told = ask_exactly(cast.patient, path.format(**ids, letter=foreign_letter))
    assert status in {200, 404, 422}
    assert ids["other"] not in told
    assert foreign_letter not in told


def test_administrator_reads_no_letters(cast: Cast, foreign_letter: str) -> None:
    record = f"/api/patients/{cast.other_patient.user['patient_id']}/letters"
    for path in (record, f"{record}/{foreign_letter}"):
        assert_problem(cast.admin.get(path), 403, "forbidden")
    assert_problem(cast.admin.post(record, LETTER), 403, "forbidden")


def test_key_of_a_request_that_succeeded_opens_nothing_to_who_lost_the_right(fleet: Fleet, cast: Cast) -> None:
    patient_id, key = new_patient(cast.clinician), unique("k")
    path = f"/api/patients/{patient_id}/letters"
    with new_staff(fleet, "clinician") as author:
        first = author.post(path, LETTER, key=key)
        assert first.status_code == 201
        assert cast.admin.patch(f"/api/auth/users/{author.id}", {"roles": ["patient"]}).status_code == 200
        author.refresh()
        assert author.post(path, LETTER, key=key).status_code in {403, 404}
    other = cast.clinician.post(path, LETTER, key=key)  # a key counts for the one who chose it
    assert (other.status_code, other.headers.get("Idempotency-Replayed")) == (201, None)
    assert other.json()["uid"] != first.json()["uid"]


def test_author_and_id_are_not_taken_from_the_body(cast: Cast) -> None:
    path = f"/api/patients/{cast.patient.user['patient_id']}/letters"
    for members in ({"author": {"id": cast.admin.id, "name": "x"}}, {"uid": str(uuid4())}, {"status": "withdrawn"}):
        assert_problem(cast.clinician.post(path, {**LETTER, **members}), 422, "invalid")


def link_code(cast: Cast, patient_id: str) -> str:
    asked = {"patient_id": patient_id, "birth_date": BIRTH_DATE}
    answer = cast.clinician.post("/api/auth/patient-links", asked)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


def redeem(person: Person, code: str, birth_date: str = BIRTH_DATE) -> int:
    form = {"code": code, "birth_date": birth_date}
    answer = person.post("/api/auth/patient-links/redeem", form)
    assert answer.status_code == 200 or answer.json()["type"].endswith(("/link-refused", "/too-many-requests"))
    return answer.status_code


def test_link_code_opens_a_record_once_and_to_one_of_many_at_once(fleet: Fleet, cast: Cast) -> None:
    patient_id = new_patient(cast.clinician)
    codes = [link_code(cast, patient_id), link_code(cast, patient_id)]
    people = [new_patient_account(fleet) for _ in range(4)]
    told = at_once([partial(redeem, person, codes[number % 2]) for number, person in enumerate(people)])
    assert sorted(told) == [200, 422, 422, 422]
    records = [person.get("/api/auth/me").json()["patient_id"] for person in people]
    assert sorted(map(str, records)) == sorted([patient_id, "None", "None", "None"])


def test_link_code_is_good_for_three_tries_by_whomever_and_for_72_hours(fleet: Fleet, cast: Cast) -> None:
    guessed, late = (link_code(cast, new_patient(cast.clinician)) for _ in range(2))
    with new_patient_account(fleet) as thief, new_patient_account(fleet) as other, new_patient_account(fleet) as owner:
        assert [redeem(person, guessed, "1961-04-13") for person in (thief, other, thief)] == [422] * 3
        assert redeem(owner, guessed) == 422
        fleet.move_clock(3 * DAY + 1)
        owner.sign_in(owner.user["username"])
        assert redeem(owner, late) == 422


def test_guesses_at_link_codes_are_five_for_each_account(fleet: Fleet) -> None:
    with new_patient_account(fleet) as guesser:
        guesses = [partial(redeem, guesser, "0000-0000-0000-0000") for _ in range(12)]
        assert sorted(at_once(guesses)) == [422] * 5 + [429] * 7


def test_activation_code_is_good_once_and_for_72_hours(fleet: Fleet, cast: Cast) -> None:
    codes = []
    for _ in range(2):
        name = unique("s")
        invited = {"username": name, "email": f"{name}@example.org", "roles": ["clinician"]}
        codes.append(cast.admin.post("/api/auth/users", invited).json()["activation_code"])
    with Person(fleet.url) as person:
        first, late = ({"activation_code": code, "password": PASSWORD} for code in codes)
        assert person.post("/api/auth/activate", first).status_code == 204
        assert_problem(person.post("/api/auth/activate", first), 422, "activation-refused")
        fleet.move_clock(3 * DAY + 1)
        assert_problem(person.post("/api/auth/activate", late), 422, "activation-refused")
