"""Administrators' accounts, roles and patient links, through Caddy on the running fleet."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from e2e.client import (
    BIRTH_DATE,
    PASSWORD,
    Person,
    assert_problem,
    demo_person,
    eventually,
    link,
    new_patient,
    new_patient_account,
    new_staff,
    unique,
)
from fleet import Fleet

NOBODY = "3d0f7a4e-5c1b-4b8e-9a6d-2f7c1e8b9a04"


@pytest.fixture
def admin(fleet: Fleet) -> Iterator[Person]:
    with new_staff(fleet, "admin") as person:
        yield person


@pytest.fixture
def clinician(fleet: Fleet) -> Iterator[Person]:
    with new_staff(fleet, "clinician") as person:
        yield person


def invitation(**members: object) -> dict[str, object]:
    name = unique()
    return {"username": name, "email": f"{name}@example.org", "roles": ["clinician"], **members}


CALLS: list[tuple[str, str, dict[str, object] | None, set[str]]] = [
    ("GET", "/api/auth/users", None, {"admin"}),
    ("POST", "/api/auth/users", {}, {"admin"}),
    ("PATCH", f"/api/auth/users/{NOBODY}", {}, {"admin"}),
    ("POST", "/api/auth/patient-links", {}, {"clinician", "admin"}),
    ("POST", "/api/auth/patient-links/redeem", {}, {"patient"}),
    ("DELETE", f"/api/auth/patient-links/{NOBODY}", None, {"admin"}),
    ("POST", "/api/auth/password", {}, {"patient", "clinician", "admin"}),
    ("GET", "/api/auth/me", None, {"patient", "clinician", "admin"}),
]


@pytest.mark.parametrize(("method", "path", "body", "roles"), CALLS)
def test_call_is_for_its_roles_with_token_and_csrf_proof(
    fleet: Fleet, method: str, path: str, body: dict[str, object] | None, roles: set[str]
) -> None:
    with Person(fleet.url) as stranger:
        assert_problem(stranger.send(method, path, json=body), 401, "unauthenticated")
    for role in ("patient", "clinician", "admin"):
        with demo_person(fleet, role) as person:
            answer = person.send(method, path, json=body)
            if role not in roles:
                assert_problem(answer, 403, "forbidden")
                continue
            assert answer.status_code in {200, 404, 422}
            if method != "GET":
                assert_problem(person.send(method, path, json=body, headers={"X-CSRF-Token": None}), 403, "csrf")


def test_invited_account_is_activated_once_and_then_signs_in(fleet: Fleet, admin: Person) -> None:
    wanted = invitation(roles=["clinician", "admin"], display_name="Dr Amara Okafor")
    created = admin.post("/api/auth/users", wanted)
    assert created.status_code == 201
    user, code = created.json()["user"], created.json()["activation_code"]
    assert (user["username"], user["roles"]) == (wanted["username"], ["admin", "clinician"])
    with Person(fleet.url) as person:
        assert_problem(person.post("/api/auth/login", {"username": user["username"], "password": PASSWORD}), 401)
        weak = person.post("/api/auth/activate", {"activation_code": code, "password": "too short"})
        assert_problem(weak, 422, "password-refused")
        activation = {"activation_code": code.lower(), "password": PASSWORD}
        assert person.post("/api/auth/activate", activation).status_code == 204
        assert_problem(person.post("/api/auth/activate", activation), 422, "activation-refused")
        assert person.sign_in(user["username"]).user == user


@pytest.mark.parametrize(
    "change",
    [
        {"roles": []},
        {"roles": ["root"]},
        {"roles": "admin"},
        {"roles": None},
        {"password": PASSWORD},
        {"email": "x"},
        {"display_name": "d" * 101},
    ],
)
def test_invitation_with_a_bad_member_is_refused(admin: Person, change: dict[str, object]) -> None:
    assert_problem(admin.post("/api/auth/users", invitation(**change)), 422, "invalid")


def test_invitation_to_a_taken_name_is_a_conflict(admin: Person) -> None:
    answer = admin.post("/api/auth/users", invitation(username=admin.user["username"]))
    assert_problem(answer, 409, "account-taken")


def test_users_are_listed_in_pages_and_found_by_a_part_of_a_name(admin: Person) -> None:
    stem = unique("q")
    for number in range(3):
        invited = invitation(username=f"{stem}.{number}")
        assert admin.post("/api/auth/users", invited).status_code == 201
    first = admin.get(f"/api/auth/users?q={stem.upper()}&limit=2").json()
    assert [user["username"] for user in first["items"]] == [f"{stem}.0", f"{stem}.1"]
    last = admin.get(f"/api/auth/users?q={stem}&limit=2&cursor={first['next_cursor']}").json()
    assert [user["username"] for user in last["items"]] == [f"{stem}.2"]
    assert last["next_cursor"] is None
    assert admin.get("/api/auth/users?q=%25").json()["items"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=", "cursor=WyJcdTAwMDAiXQ", "q=%00"]
)
def test_users_with_a_bad_query_are_refused(admin: Person, query: str) -> None:
    assert_problem(admin.get(f"/api/auth/users?{query}"), 422, "invalid")


def test_changed_roles_kill_the_old_token_everywhere_and_refresh_gives_them(
    fleet: Fleet, admin: Person, clinician: Person
) -> None:
    path = f"/api/auth/users/{clinician.id}"
    assert_problem(clinician.get("/api/auth/users"), 403)
    changed = admin.patch(path, {"roles": ["clinician", "admin"]})
    assert (changed.status_code, changed.json()["roles"]) == (200, ["admin", "clinician"])
    for path in ("/api/auth/me", "/api/patients?limit=1", "/api/notifications"):
        eventually(lambda path=path: clinician.get(path).status_code == 401, within=1)  # type: ignore[misc]
    assert clinician.refresh().get("/api/auth/users").status_code == 200


def test_disabled_account_is_out_at_once_and_may_come_back(admin: Person, clinician: Person) -> None:
    path = f"/api/auth/users/{clinician.id}"

    def is_disabled() -> bool:
        (found,) = admin.get(f"/api/auth/users?q={clinician.user['username']}").json()["items"]
        return bool(found["disabled"])

    changed = admin.patch(path, {"disabled": True})
    assert (changed.status_code, changed.json()) == (200, clinician.user)
    assert is_disabled()
    eventually(lambda: clinician.get("/api/patients?limit=1").status_code == 401, within=1)
    assert_problem(clinician.post("/api/auth/refresh"), 401, "session-ended")
    credentials = {"username": clinician.user["username"], "password": PASSWORD}
    assert_problem(clinician.post("/api/auth/login", credentials), 401, "credentials-refused")
    assert admin.patch(path, {"disabled": False}).json() == changed.json()
    assert not is_disabled()
    assert clinician.sign_in(clinician.user["username"]).get("/api/patients?limit=1").status_code == 200


def test_nobody_changes_their_own_roles_or_somebody_absent(admin: Person) -> None:
    own = f"/api/auth/users/{admin.id}"
    assert_problem(admin.patch(own, {"roles": ["admin", "clinician"]}), 403, "own-roles")
    assert_problem(admin.patch(f"/api/auth/users/{uuid4()}", {"disabled": True}), 404, "not-found")
    assert_problem(admin.patch(own, {"username": "other"}), 422, "invalid")
    assert_problem(admin.patch("/api/auth/users/x", {}), 422, "invalid")


def test_linked_patient_reads_their_own_record_until_unlinked(fleet: Fleet, admin: Person, clinician: Person) -> None:
    patient_id, other_id = new_patient(clinician), new_patient(clinician)
    with new_patient_account(fleet) as person:
        record = f"/api/patients/{patient_id}/demographics"
        assert_problem(person.get(record), 404, "not-found")
        link(clinician, person, patient_id)
        assert person.user["patient_id"] == patient_id
        assert person.get(record).status_code == 200
        assert_problem(person.get(f"/api/patients/{other_id}/demographics"), 404, "not-found")
        assert_problem(clinician.delete(f"/api/auth/patient-links/{patient_id}"), 403, "forbidden")
        assert admin.delete(f"/api/auth/patient-links/{patient_id}").status_code == 204
        eventually(lambda: person.get(record).status_code == 401, within=1)
        assert_problem(person.refresh().get(record), 404, "not-found")
        assert_problem(admin.delete(f"/api/auth/patient-links/{patient_id}"), 404, "not-found")


def test_link_code_is_made_for_a_known_patient_and_birth_date_only(clinician: Person) -> None:
    patient_id = new_patient(clinician)
    absent = clinician.post("/api/auth/patient-links", {"patient_id": str(uuid4()), "birth_date": BIRTH_DATE})
    assert_problem(absent, 404, "not-found")
    wrong = clinician.post("/api/auth/patient-links", {"patient_id": patient_id, "birth_date": "1961-04-13"})
    assert_problem(wrong, 422, "invalid")
    for bad in ("12/04/1961", "1961-02-30", 19610412, None):
        answer = clinician.post("/api/auth/patient-links", {"patient_id": patient_id, "birth_date": bad})
        assert_problem(answer, 422, "invalid")


def test_link_code_failures_look_alike_and_the_fourth_try_is_too_late(fleet: Fleet, clinician: Person) -> None:
    asked = {"patient_id": new_patient(clinician), "birth_date": BIRTH_DATE}
    code = clinician.post("/api/auth/patient-links", asked).json()["code"]
    with new_patient_account(fleet) as person:
        tries = [
            ("0000-0000-0000-0000", BIRTH_DATE),
            *((code, f"1990-01-0{day}") for day in (1, 2, 3)),
            (code, BIRTH_DATE),
        ]
        problems = [
            assert_problem(
                person.post("/api/auth/patient-links/redeem", {"code": tried, "birth_date": birth_date}),
                422,
                "link-refused",
            )
            for tried, birth_date in tries
        ]
        assert all(problem == problems[0] for problem in problems)
        sixth = person.post("/api/auth/patient-links/redeem", {"code": code, "birth_date": BIRTH_DATE})
        assert_problem(sixth, 429, "too-many-requests")
