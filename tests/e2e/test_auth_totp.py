"""The second factor through Caddy on the running fleet: enrolling, signing in with it, and roles that need it."""

import base64
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from e2e.authenticator import challenge_of, finish, log_in, protect
from e2e.client import (
    CSRF_COOKIE,
    PASSWORD,
    REFRESH_COOKIE,
    Person,
    assert_problem,
    eventually,
    new_patient_account,
    new_staff,
)
from fleet import Fleet
from native.http import TLS
from native.ports import free_port

WRONG = "a wrong phrase of some length"


def methods(answer: httpx.Response) -> list[str]:
    """How the session of an answer was proved, as its access token says."""
    payload = answer.json()["access_token"].split(".")[1]
    claims: dict[str, list[str]] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims["amr"]


def test_second_factor_is_enrolled_confirmed_and_ends_the_other_sessions(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person, Person(fleet.url) as other:
        other.sign_in(person.user["username"])
        enrolled = person.post("/api/auth/totp/enrol", {"password": PASSWORD})
        assert (enrolled.status_code, enrolled.json().keys()) == (201, {"secret", "otpauth_uri"})
        uri = urlsplit(enrolled.json()["otpauth_uri"])
        assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", f"/Quill:{person.user['username']}")
        assert parse_qs(uri.query) == {"secret": [enrolled.json()["secret"]], "issuer": ["Quill"]}
        assert len(base64.b32decode(enrolled.json()["secret"])) == 20
        assert person.get("/api/auth/me").json()["totp_enabled"] is False
        phone = protect(fleet, person)
        assert phone.secret != enrolled.json()["secret"]
        assert (len(phone.paper), len(set(phone.paper))) == (10, 10)
        eventually(lambda: other.get("/api/notifications").status_code == 401, within=1)
        assert_problem(other.post("/api/auth/refresh"), 401, "session-ended")
        assert person.refresh().user["totp_enabled"] is True
        assert_problem(person.post("/api/auth/totp/enrol", {"password": PASSWORD}), 409, "totp-active")


def test_sign_in_in_two_steps_asks_for_the_code_and_takes_it_once(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person:
        phone = protect(fleet, person)
        refused = log_in(person)
        challenge = assert_problem(refused, 401, "totp-required")["challenge"]
        assert "set-cookie" not in refused.headers
        assert "." not in challenge
        code = phone.code()
        answer = finish(person, challenge, code)
        assert (answer.status_code, methods(answer)) == (200, ["pwd", "otp"])
        assert answer.json().keys() == {"access_token", "token_type", "expires_in", "csrf_token", "user"}
        assert {cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")} == {
            REFRESH_COOKIE,
            CSRF_COOKIE,
        }
        assert person.begin(answer).refresh().get("/api/auth/me").json()["totp_enabled"] is True
        used = finish(person, challenge, phone.paper[0])
        replayed = finish(person, challenge_of(person), code)
        unknown = finish(person, "x" * 43, phone.paper[0])
        problems = [assert_problem(one, 401, "second-factor-refused") for one in (used, replayed, unknown)]
        assert problems == [problems[0]] * 3


def test_sign_in_in_one_step_takes_a_code_or_a_recovery_code_once(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person:
        phone = protect(fleet, person)
        for code in (phone.code(), phone.paper[0], phone.paper[1].lower().replace("-", " ")):
            answer = log_in(person, totp_code=code)
            assert (answer.status_code, methods(answer)) == (200, ["pwd", "otp"])
            assert_problem(log_in(person, totp_code=code), 401, "credentials-refused")


def test_sign_in_with_a_wrong_code_looks_like_a_wrong_password_and_counts(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person:
        phone = protect(fleet, person)
        password = assert_problem(log_in(person, password=WRONG, totp_code=phone.code()), 401, "credentials-refused")
        full_width = phone.code().translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
        for code in (phone.wrong, full_width, f"{phone.code()}0", "0000-0000-0000-0000"):
            assert assert_problem(log_in(person, totp_code=code), 401, "credentials-refused") == password
        assert_problem(log_in(person, totp_code=phone.code()), 429, "too-many-requests")


def test_challenge_bears_five_guesses_at_once_and_no_more(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person, ThreadPoolExecutor(10) as guessers:
        phone = protect(fleet, person)
        challenge, wrong = challenge_of(person), phone.wrong
        guesses = list(guessers.map(lambda _: finish(person, challenge, wrong).status_code, range(20)))
        assert (guesses.count(401), guesses.count(429)) == (5, 15)
        late = finish(person, challenge, phone.code())
        assert_problem(late, 429, "too-many-requests")
        assert finish(person, challenge_of(person), phone.code()).status_code == 200


def test_second_factor_is_switched_off_with_password_and_code(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person:
        assert_problem(person.post("/api/auth/totp/disable", {"password": PASSWORD, "code": "1"}), 409, "totp-absent")
        phone = protect(fleet, person)
        wrong = [{"password": WRONG, "code": phone.code()}, {"password": PASSWORD, "code": phone.wrong}]
        refused = [person.post("/api/auth/totp/disable", body) for body in wrong]
        assert assert_problem(refused[0], 422, "password-refused")["errors"][0]["loc"] == ["body", "password"]
        assert assert_problem(refused[1], 422, "code-refused")["errors"][0]["loc"] == ["body", "code"]
        assert person.post("/api/auth/totp/disable", {"password": PASSWORD, "code": phone.code()}).status_code == 204
        assert person.refresh().user["totp_enabled"] is False
        assert methods(log_in(person)) == ["pwd"]


@pytest.mark.parametrize("call", ["enrol", "confirm", "disable"])
@pytest.mark.parametrize("body", [{}, {"password": 7, "code": 7}, {"password": PASSWORD, "code": "1", "role": "admin"}])
def test_second_factor_calls_refuse_other_bodies_and_echo_nothing(
    fleet: Fleet, call: str, body: dict[str, object]
) -> None:
    with new_patient_account(fleet) as person:
        answer = person.post(f"/api/auth/totp/{call}", body)
        assert_problem(answer, 422, "invalid")
        assert PASSWORD not in answer.text
        assert_problem(person.post("/api/auth/login/totp", body), 422, "invalid")


def test_seeds_codes_and_challenges_are_in_no_log_and_not_in_plain_in_the_database(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person:
        phone = protect(fleet, person)
        challenge = challenge_of(person)
        finish(person, challenge, phone.paper[0])
        for name in ("auth", "caddy", "postgres", "nats"):
            for secret in (phone.secret, challenge, *phone.paper):
                assert secret not in fleet.log(name), name


@contextmanager
def strict(fleet: Fleet, service: str) -> Iterator[str]:
    """Another process of a service that asks clinicians and administrators for a second factor; its origin."""
    told = Path(f"/proc/{fleet.processes[service]['pid']}/environ").read_text().rstrip("\0").split("\0")
    settings = {**dict(line.split("=", 1) for line in told), "QUILL_REQUIRE_TOTP_ROLES": "clinician,admin"}
    settings.pop("QUILL_CLOCK_PORT", None)
    port = str(free_port())
    argv = [*Path(f"/proc/{fleet.processes[service]['pid']}/cmdline").read_text().rstrip("\0").split("\0")]
    argv[argv.index("--port") + 1] = port
    process = subprocess.Popen(argv, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _is_ready(port), within=60)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(port: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, verify=TLS).status_code == 200
    except httpx.TransportError:
        return False


def test_role_that_needs_a_second_factor_can_only_enrol_one_until_it_has(fleet: Fleet) -> None:
    closed = {
        "auth": "/api/auth/users",
        "patients": "/api/patients?limit=1",
        "letters": f"/api/patients/{fleet.account('patient')['patient_id']}/letters",
        "notify": "/api/notifications",
    }
    with ExitStack() as stack:
        doors = {service: stack.enter_context(strict(fleet, service)) for service in closed}
        staff, patient = new_staff(fleet, "clinician", "admin"), new_patient_account(fleet)
        for service, path in closed.items():
            assert_problem(staff.get(doors[service] + path), 403, "totp-enrolment-required")
        assert patient.get(doors["notify"] + closed["notify"]).status_code == 200
        for path in ("/api/auth/me", "/api/auth/sessions"):
            assert staff.get(doors["auth"] + path).status_code == 200
        fleet_wide, staff.http.base_url = staff.http.base_url, httpx.URL(doors["auth"])
        phone = protect(fleet, staff)
        staff.refresh()
        refused = staff.post("/api/auth/totp/disable", {"password": PASSWORD, "code": phone.code()})
        assert_problem(refused, 403, "totp-needed")
        staff.http.base_url = fleet_wide
        for service, path in closed.items():
            assert staff.get(doors[service] + path).status_code == 200
