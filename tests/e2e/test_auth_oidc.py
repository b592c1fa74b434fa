"""Signing in at a hospital's identity provider, through Caddy on the running fleet."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from e2e.client import (
    CSRF_COOKIE,
    PASSWORD,
    REFRESH_COOKIE,
    Person,
    assert_problem,
    demo_person,
    eventually,
    unique,
)
from fleet import Fleet
from oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider

OIDC_COOKIE = "quill_oidc"
CALLBACK = "/api/auth/oidc/callback"
CANARY = "canary-71c2-of-the-provider"


@pytest.fixture
def provider(identity_provider: OidcProvider) -> OidcProvider:
    """An honest provider with a new clinician at its keyboard."""
    identity_provider.be_honest()
    identity_provider.sign_in(unique("sub"), groups=["clinicians"], preferred_username=unique("o"))
    return identity_provider


def go(person: Person) -> str:
    """Begin, and sign in at the provider; returns where it sends the browser back to."""
    away = person.get("/api/auth/oidc/login")
    assert away.status_code == 302, away.text
    return httpx.get(away.headers["Location"], trust_env=False).headers["Location"]


def enter(person: Person) -> Person:
    """Sign in at the provider and refresh, as the app does."""
    assert_entered(person.get(go(person)))
    person.http.headers["X-CSRF-Token"] = person.http.cookies[CSRF_COOKIE]
    return person.refresh()


def assert_entered(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["Location"]) == (302, "/"), answer.text
    assert {line.partition("=")[0] for line in answer.headers.get_list("set-cookie")} == {REFRESH_COOKIE, CSRF_COOKIE}


def assert_refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["Location"]) == (302, "/#sign-in-refused"), answer.text
    assert "set-cookie" not in answer.headers
    assert CANARY not in answer.text


def test_oidc_is_offered_to_whoever_asks_how_to_sign_in(fleet: Fleet) -> None:
    with Person(fleet.url) as nobody:
        assert nobody.get("/api/auth/login").json() == {"oidc": True}


def test_oidc_login_sends_the_browser_away_with_all_that_protects_its_return(
    fleet: Fleet, provider: OidcProvider
) -> None:
    with Person(fleet.url) as person:
        answers = [person.get("/api/auth/oidc/login") for _ in range(2)]
    asked = [parse_qs(urlsplit(answer.headers["Location"]).query) for answer in answers]
    fixed = {
        "response_type": ["code"],
        "client_id": [CLIENT_ID],
        "redirect_uri": [fleet.url + CALLBACK],
        "scope": ["openid profile email"],
        "code_challenge_method": ["S256"],
    }
    for one in asked:
        assert one | fixed == one
        assert one.keys() - fixed.keys() == {"state", "nonce", "code_challenge"}
    for name in ("state", "nonce", "code_challenge"):
        values = {one[name][0] for one in asked}
        assert len(values) == 2
        assert all(len(value) >= 43 for value in values)
    (cookie,) = answers[0].headers.get_list("set-cookie")
    name, *attributes = cookie.replace("=", ";", 1).split(";")
    assert name == OIDC_COOKIE
    assert {part.strip() for part in attributes[1:]} == {"Max-Age=600", "Path=/", "SameSite=Lax", "HttpOnly"}
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert provider.issuer in answers[0].headers["Location"]


@pytest.mark.usefixtures("provider")
def test_oidc_callback_gives_the_cookies_of_a_log_in_and_a_session_that_every_service_accepts(fleet: Fleet) -> None:
    with Person(fleet.url) as person, demo_person(fleet, "clinician") as colleague:
        answer = person.get(go(person))
        assert_entered(answer)
        account = fleet.account("clinician")
        credentials = {"username": account["username"], "password": account["password"]}
        log_in = colleague.post("/api/auth/login", credentials)
        assert shapes(answer) == shapes(log_in)
        person.http.headers["X-CSRF-Token"] = person.http.cookies[CSRF_COOKIE]
        assert person.refresh().user["roles"] == ["clinician"]
        assert person.get("/api/patients").status_code == 200
        assert person.get("/api/auth/me").json() == person.user
        person.sign_out()
        assert person.get("/api/auth/me").status_code == 401


def shapes(answer: httpx.Response) -> set[str]:
    """Cookies without their values."""
    lines = answer.headers.get_list("set-cookie")
    return {line.partition("=")[0] + line.partition(";")[2] for line in lines}


@pytest.mark.usefixtures("provider")
def test_oidc_callback_in_another_browser_or_a_second_time_is_refused(fleet: Fleet) -> None:
    with Person(fleet.url) as attacker, Person(fleet.url) as victim:
        theirs = go(attacker)
        assert_refused(victim.get(theirs))
        go(victim)
        assert_refused(victim.get(theirs))
        own = go(victim)
        assert_entered(victim.get(own))
        assert_refused(victim.get(own))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?state=x&code=x",
        "?state=x&state=y&code=x",
        f"?error=access_denied&error_description={CANARY}&state={{state}}",
        f"?code={CANARY}&state={{state}}",
        "?code={code}&state={state}&iss=https://elsewhere.example",
        "?code={code}&state={state}&error=",
        "?code={code}&state=%00&x=%ff",
        "?code={code}",
    ],
)
@pytest.mark.usefixtures("provider")
def test_oidc_callback_with_another_answer_is_refused(fleet: Fleet, query: str) -> None:
    with Person(fleet.url) as person:
        back = {name: values[0] for name, values in parse_qs(urlsplit(go(person)).query).items()}
        assert_refused(person.get(CALLBACK + query.format_map(back)))
        assert REFRESH_COOKIE not in person.http.cookies


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"kid": "unknown"},
        {"lies": {"nonce": "other"}},
        {"lies": {"aud": "somebody-else"}},
        {"lies": {"iss": "https://elsewhere.example"}},
        {"lies": {"exp": 1_700_000_000}},
        {"lies": {"at_hash": "other"}},
        {"lies": {"groups": ["patients"]}},
    ],
    ids=str,
)
def test_oidc_callback_with_an_id_token_that_proves_nothing_is_refused(
    fleet: Fleet, provider: OidcProvider, change: dict[str, Any]
) -> None:
    for name, value in change.items():
        setattr(provider, name, value)
    with Person(fleet.url) as person:
        assert_refused(person.get(go(person)))


@pytest.mark.parametrize("failure", [500, "hang"])
def test_oidc_without_a_provider_is_unavailable(fleet: Fleet, provider: OidcProvider, failure: int | str) -> None:
    with Person(fleet.url) as person:
        back = go(person)
        provider.down["/token"] = failure
        assert_problem(person.get(back), 503, "backend-unavailable")
        assert REFRESH_COOKIE not in person.http.cookies


@pytest.mark.usefixtures("provider")
def test_oidc_is_for_whole_pages_only(fleet: Fleet) -> None:
    with Person(fleet.url) as person:
        back = go(person)
        for target in ("image", "iframe", "empty"):
            headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": target}
            for path in ("/api/auth/oidc/login", back):
                assert_problem(person.get(path, headers=headers), 403, "csrf")
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert_entered(person.get(back, headers=headers))


def test_oidc_sign_in_without_a_group_any_more_ends_the_sessions_in_every_service(
    fleet: Fleet, provider: OidcProvider
) -> None:
    with Person(fleet.url) as person, Person(fleet.url) as again:
        enter(person)
        assert person.get("/api/patients").status_code == 200
        provider.person["groups"] = []
        assert_refused(again.get(go(again)))
        eventually(lambda: person.get("/api/patients").status_code == 401)
        assert person.post("/api/auth/refresh").status_code == 401


@pytest.mark.usefixtures("provider")
def test_oidc_account_has_neither_password_nor_roles_of_ours_and_can_be_disabled(fleet: Fleet) -> None:
    with Person(fleet.url) as person, demo_person(fleet, "admin") as admin, Person(fleet.url) as again:
        enter(person)
        passwords = {"current_password": PASSWORD, "new_password": PASSWORD + "!"}
        assert_problem(person.post("/api/auth/password", passwords), 409, "no-password")
        assert_problem(person.post("/api/auth/totp/enrol", {"password": PASSWORD}), 409, "no-password")
        account = f"/api/auth/users/{person.id}"
        assert_problem(admin.patch(account, {"roles": ["admin"]}), 409, "roles-of-provider")
        assert admin.patch(account, {"disabled": True}).status_code == 200
        assert_refused(again.get(go(again)))


def test_oidc_sign_in_leaves_no_secret_in_a_log(fleet: Fleet, provider: OidcProvider) -> None:
    provider.sign_in(unique("sub"), groups=["clinicians"], name=CANARY, email=f"{CANARY}@hospital.example")
    with Person(fleet.url) as person:
        back = go(person)
        browser = person.http.cookies[OIDC_COOKIE]
        assert_entered(person.get(back))
        provider.lies = {"nonce": CANARY}
        assert_refused(person.get(go(person)))
    sent = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    logs = fleet.log("auth") + fleet.log("caddy")
    assert "sign-in at the identity provider refused" in logs
    for secret in (CANARY, CLIENT_SECRET, browser, sent["code"], sent["state"]):
        assert secret not in logs
