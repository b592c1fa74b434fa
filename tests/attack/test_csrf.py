"""Changes that a browser was made to send: by another site, with another session's proof, in a form a page can send.
Every change of every route is tried in tests/e2e/test_access.py; here is what the matrix does not ask."""

import json
from collections.abc import Mapping

import httpx
import pytest
from e2e.client import CSRF_COOKIE, Person, assert_problem
from fleet import Fleet

from attack.people import Cast

ABSENT = "3d0f7a4e-5c1b-4b8e-9a6d-2f7c1e8b9a04"
# One change of each service that a clinician may make, and that would be refused later anyway.
CHANGES = [
    ("POST", "/api/auth/patient-links"),
    ("PUT", f"/api/patients/{ABSENT}/demographics"),
    ("POST", f"/api/patients/{ABSENT}/letters"),
    ("DELETE", f"/api/push/registrations/{ABSENT}"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_change_with_the_proof_of_another_session_is_refused(fleet: Fleet, cast: Cast, method: str, path: str) -> None:
    with cast.sign_in("clinician") as elsewhere:  # the same person, at another computer
        proofs = [elsewhere.http.headers["X-CSRF-Token"], cast.patient.http.headers["X-CSRF-Token"]]
    own = cast.clinician.http.headers["X-CSRF-Token"]
    for proof in (None, "", "x" * 43, own[:-1], own + "=", own.swapcase(), *proofs):
        answer = cast.clinician.send(method, path, json={}, headers={"X-CSRF-Token": proof})
        assert_problem(answer, 403, "csrf")
    assert cast.clinician.send(method, path, json={}).status_code in {404, 422, 428}


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_change_without_the_header_is_not_proved_by_the_cookie(cast: Cast, method: str, path: str) -> None:
    token = cast.clinician.http.headers["X-CSRF-Token"]
    headers = {"X-CSRF-Token": None, "Cookie": f"{CSRF_COOKIE}={token}"}
    assert_problem(cast.clinician.send(method, path, json={}, headers=headers), 403, "csrf")
    query = f"{path}?csrf_token={token}&X-CSRF-Token={token}"
    assert_problem(cast.clinician.send(method, query, json={}, headers={"X-CSRF-Token": None}), 403, "csrf")


ELSEWHERE: list[Mapping[str, str | None]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "null"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost.elsewhere.example"},
    {"Origin": ""},
]


@pytest.mark.parametrize(
    "path", ["/api/auth/login", "/api/auth/login/totp", "/api/auth/register", "/api/auth/activate"]
)
@pytest.mark.parametrize("headers", ELSEWHERE, ids=json.dumps)
def test_nobody_is_signed_in_from_another_site(
    fleet: Fleet, cast: Cast, path: str, headers: Mapping[str, str | None]
) -> None:
    with Person(fleet.url) as browser:
        form = {"username": cast.patient.user["username"], "password": cast.patient.password}
        answer = browser.post(path, form, headers=headers)
        assert_problem(answer, 403, "csrf")
        assert "set-cookie" not in answer.headers


FORMS = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "a/b", ""]


@pytest.mark.parametrize("media_type", FORMS)
def test_bodies_that_a_form_can_send_are_refused(fleet: Fleet, cast: Cast, media_type: str) -> None:
    headers = {**cast.clinician.http.headers, "Content-Type": media_type, "Content-Length": "2"}
    with httpx.Client(base_url=fleet.url, trust_env=False) as browser:
        for method, path in [*CHANGES[:3], ("POST", "/api/push/send"), ("POST", "/api/auth/login")]:
            answer = browser.request(method, path, content=b"{}", headers=headers)
            assert_problem(answer, 415, "media-type")


@pytest.mark.parametrize("path", ["/api/auth/me", "/api/patients", "/api/auth/login", "/", "/api/nothing"])
def test_no_answer_opens_itself_to_other_sites(fleet: Fleet, cast: Cast, path: str) -> None:
    preflight = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS", "POST"):
        answer = cast.clinician.send(method, path, headers=preflight)
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert method != "OPTIONS" or answer.status_code in {404, 405}
