"""Registering, signing in, refreshing and signing out, through Caddy on the running fleet."""

import time
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from e2e.client import (
    CSRF_COOKIE,
    PASSWORD,
    REFRESH_COOKIE,
    Person,
    assert_problem,
    eventually,
    new_patient_account,
    new_staff,
    unique,
)
from fleet import Fleet
from joserfc.jwk import RSAKey

CANARY = "canary-9f31-kept-out-of-every-answer"


def form(**members: object) -> dict[str, object]:
    name = unique()
    return {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **members}


def set_cookies(answer: httpx.Response) -> dict[str, set[str]]:
    """Attributes and value of each cookie that an answer sets, by name."""
    parts = [line.split("; ") for line in answer.headers.get_list("set-cookie")]
    return {first.partition("=")[0]: {first.partition("=")[2], *rest} for first, *rest in parts}


def test_register_log_in_and_me_show_the_same_user(fleet: Fleet) -> None:
    with Person(fleet.url) as person:
        wanted = form(display_name="Margaret Hartley")
        registered = person.post("/api/auth/register", wanted)
        assert registered.status_code == 201
        user = registered.json()
        assert user.keys() == {
            *("id", "username", "email", "display_name", "roles", "patient_id", "totp_enabled", "created_at")
        }
        assert (user["roles"], user["patient_id"], user["totp_enabled"]) == (["patient"], None, False)
        assert user["created_at"].endswith("Z")
        person.sign_in(str(wanted["email"]).upper())
        assert person.user == user == person.get("/api/auth/me").json()
        assert person.get("/api/auth/me").headers["Cache-Control"] == "no-store"


def test_log_in_answers_a_session_and_two_cookies(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person:
        credentials = {"username": person.user["username"], "password": PASSWORD, "totp_code": "123456"}
        answer = person.post("/api/auth/login", credentials)
        session = answer.json()
        assert session.keys() == {"access_token", "token_type", "expires_in", "csrf_token", "user"}
        assert (session["token_type"], session["expires_in"]) == ("Bearer", 900)
        refresh, csrf = set_cookies(answer)[REFRESH_COOKIE], set_cookies(answer)[CSRF_COOKIE]
        assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"} <= refresh
        assert {session["csrf_token"], "SameSite=Strict", "Path=/"} <= csrf
        assert "HttpOnly" not in csrf
        assert not any(part.startswith("Domain") for part in refresh | csrf)


def test_reloaded_page_refreshes_with_the_token_of_its_cookie(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person:
        person.http.headers.pop("Authorization")
        person.http.headers["X-CSRF-Token"] = person.http.cookies[CSRF_COOKIE]
        person.refresh()
        assert person.get("/api/auth/me").status_code == 200


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"role": "admin"}, "invalid"),
        ({"roles": ["admin"]}, "invalid"),
        ({"username": 7}, "invalid"),
        ({"username": "x"}, "invalid"),
        ({"email": "nobody"}, "invalid"),
        ({"email": None}, "invalid"),
        ({"display_name": "two\nlines"}, "invalid"),
        ({"display_name": "nul\0"}, "invalid"),
        ({"password": CANARY[:14]}, "password-refused"),
        ({"password": CANARY * 4}, "password-refused"),
        ({"password": [CANARY]}, "invalid"),
        ({"password": "quill-letters-11"}, "password-refused"),
        ({"password": "123456789123456789"}, "password-refused"),
    ],
)
def test_register_with_a_bad_member_says_where_and_never_what(
    fleet: Fleet, change: dict[str, object], slug: str
) -> None:
    with Person(fleet.url) as person:
        answer = person.post("/api/auth/register", form(**change))
        problem = assert_problem(answer, 422, slug)
        assert all(set(error) == {"loc", "type", "msg"} and error["loc"][0] == "body" for error in problem["errors"])
        assert CANARY[:14] not in answer.text


@pytest.mark.parametrize("path", ["/api/auth/register", "/api/auth/login"])
@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, b"{}", 403),
        ({"Sec-Fetch-Site": "same-site"}, b"{}", 403),
        ({"Origin": "https://elsewhere.example"}, b"{}", 403),
        ({"Origin": "null"}, b"{}", 403),
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"username=a", 415),
        ({}, b"", 422),
        ({}, b"[]", 422),
        ({}, b'{"username": "a", "username": "b"}', 422),
        ({}, b'{"username": NaN}', 422),
        ({}, b"[" * 100_000, 422),
        ({}, '{"username": "a"}'.encode("utf-16"), 422),
        ({}, b'{"username": "' + b"a" * 300_000 + b'"}', 413),
    ],
)
def test_unacceptable_request_is_refused(
    fleet: Fleet, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    sent = {"Origin": fleet.url, "Content-Type": "application/json", **headers}
    answer = httpx.post(fleet.url + path, content=body, headers=sent, timeout=10, trust_env=False)
    assert_problem(answer, status)
    assert not any(name.startswith("access-control") for name in answer.headers)


def wait_until_refused(ask: Callable[[], httpx.Response]) -> None:
    """Within a second of what ended it, the token is dead."""
    deadline = time.monotonic() + 1.0
    while (answer := ask()).status_code != 401:
        assert time.monotonic() < deadline, answer.status_code
        time.sleep(0.02)
    assert_problem(answer, 401, "unauthenticated")


def test_log_out_kills_the_token_in_every_service_and_takes_the_cookies(fleet: Fleet) -> None:
    with new_staff(fleet, "clinician") as clinician:
        paths = ("/api/auth/me", "/api/patients?limit=1", f"/api/patients/{uuid4()}/letters", "/api/notifications")
        assert {clinician.get(path).status_code for path in paths} <= {200, 404}
        answer = clinician.post("/api/auth/logout")
        assert answer.status_code == 204
        assert all("Max-Age=0" in attributes for attributes in set_cookies(answer).values())
        assert set_cookies(answer).keys() == {REFRESH_COOKIE, CSRF_COOKIE}
        for path in paths:
            wait_until_refused(lambda path=path: clinician.get(path))  # type: ignore[misc]


def test_sessions_are_listed_newest_first_and_one_is_ended(fleet: Fleet) -> None:
    with new_patient_account(fleet) as here, Person(fleet.url) as there, new_patient_account(fleet) as stranger:
        there.http.headers["User-Agent"] = "Tablet <b>"
        there.sign_in(here.user["username"])
        page = here.get("/api/auth/sessions").json()
        assert page["next_cursor"] is None
        assert [one.keys() for one in page["items"]] == [
            {"id", "created_at", "last_seen_at", "user_agent", "current"}
        ] * 2
        tablet, current = page["items"]
        assert (tablet["user_agent"], tablet["current"], current["current"]) == ("Tablet <b>", False, True)
        first = here.get("/api/auth/sessions?limit=1").json()
        last = here.get(f"/api/auth/sessions?limit=1&cursor={first['next_cursor']}").json()
        assert (first["items"], last["items"], last["next_cursor"]) == ([tablet], [current], None)
        path = f"/api/auth/sessions/{tablet['id']}"
        assert_problem(here.delete(path, headers={"X-CSRF-Token": None}), 403, "csrf")
        foreign, absent = stranger.delete(path), stranger.delete(f"/api/auth/sessions/{uuid4()}")
        assert assert_problem(foreign, 404, "not-found") == assert_problem(absent, 404, "not-found")
        assert here.delete(path).status_code == 204
        wait_until_refused(lambda: there.get("/api/notifications"))
        assert_problem(there.post("/api/auth/refresh"), 401, "session-ended")
        assert_problem(here.delete(path), 404, "not-found")
        assert here.get("/api/auth/sessions").json()["items"] == [current]


def test_log_out_everywhere_ends_every_session_and_takes_the_cookies(fleet: Fleet) -> None:
    with new_patient_account(fleet) as here, Person(fleet.url) as there:
        there.sign_in(here.user["username"])
        assert_problem(here.post("/api/auth/logout-all", headers={"X-CSRF-Token": None}), 403, "csrf")
        answer = here.post("/api/auth/logout-all")
        assert answer.status_code == 204
        assert set_cookies(answer).keys() == {REFRESH_COOKIE, CSRF_COOKIE}
        assert all("Max-Age=0" in attributes for attributes in set_cookies(answer).values())
        for person in (here, there):
            wait_until_refused(lambda person=person: person.get("/api/notifications"))  # type: ignore[misc]
        assert_problem(there.post("/api/auth/refresh"), 401, "session-ended")


def test_change_of_password_ends_the_other_sessions(fleet: Fleet) -> None:
    with new_patient_account(fleet) as here, Person(fleet.url) as there:
        there.sign_in(here.user["username"])
        change = {"current_password": PASSWORD, "new_password": PASSWORD + " again"}
        assert_problem(here.post("/api/auth/password", change, headers={"X-CSRF-Token": None}), 403, "csrf")
        assert_problem(here.post("/api/auth/password", {**change, "current_password": CANARY}), 422)
        assert here.post("/api/auth/password", change).status_code == 204
        wait_until_refused(lambda: there.get("/api/notifications"))
        assert here.refresh().get("/api/notifications").status_code == 200
        assert_problem(there.post("/api/auth/login", {"username": here.user["username"], "password": PASSWORD}), 401)


def test_public_keys_are_cacheable_and_only_public(fleet: Fleet) -> None:
    answer = httpx.get(f"{fleet.url}/api/auth/.well-known/jwks.json", trust_env=False)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    for key in answer.json()["keys"]:
        assert key.keys() == {"kty", "n", "e", "use", "alg", "kid"}
        assert RSAKey.import_key(key).thumbprint() == key["kid"]


def test_session_outlives_a_killed_auth(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person:
        fleet.restart("auth")
        eventually(lambda: person.get("/api/auth/me").status_code == 200)
        assert person.refresh().get("/api/notifications").status_code == 200


def test_passwords_and_tokens_are_in_no_log(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person:
        token, cookie = person.access_token, person.http.cookies[REFRESH_COOKIE]
        person.post("/api/auth/login", {"username": person.user["username"], "password": CANARY})
        person.get(f"/api/auth/me?token={CANARY}")
        person.refresh()
        for name in ("auth", "caddy", "nats", "postgres"):
            log = fleet.log(name)
            for secret in (PASSWORD, CANARY, token, cookie, person.user["email"]):
                assert secret not in log, name
