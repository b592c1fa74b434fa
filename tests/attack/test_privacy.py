"""Canaries: what is for few is said once wherever it can be said, and then looked for wherever it must not be."""

import base64
import secrets
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from e2e.authenticator import protect
from e2e.client import (
    CSRF_COOKIE,
    PASSWORD,
    REFRESH_COOKIE,
    Person,
    assert_problem,
    eventually,
    new_nhs_number,
    patient_resource,
    register,
    unique,
)
from e2e.push_receiver import Push, PushReceiver
from fleet import Fleet

from attack.people import SERVICES, Cast

# Another one in each run: what an earlier run against this fleet has laid bare is not to be found again.
BIRTH_DATE, STEM = str(date(1903, 1, 1) + timedelta(days=secrets.randbelow(2000))), unique("canary")
ALLOWED = {"challenge"}  # an error says it: it is the answer to a right password


@dataclass
class Told:
    """What was said in confidence, by what it is; every answer that came; the pushes."""

    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[httpx.Response] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)

    def canary(self, what: str, text: str = "") -> str:
        """Something confidential that has not been said before."""
        self.secrets[what] = text or unique("Canary")
        return self.secrets[what]

    def listen(self, person: Person) -> Person:
        """Keep every answer that this person gets."""

        def keep(answer: httpx.Response) -> None:
            answer.read()
            self.answers.append(answer)

        person.http.event_hooks["response"].append(keep)
        return person

    def keep_session(self, person: Person, whose: str) -> None:
        self.secrets[f"access token of {whose}"] = person.access_token.rpartition(".")[2]
        self.secrets[f"refresh token of {whose}"] = str(person.http.cookies[REFRESH_COOKIE])
        self.secrets[f"CSRF token of {whose}"] = str(person.http.cookies[CSRF_COOKIE])

    def found_in(self, *texts: str) -> list[str]:
        """Which secrets are in these texts, in any case, with the hyphens of codes or without."""
        text = "\n".join(texts).lower()
        bare = text.replace("-", "")
        spellings = {what: (secret.lower(), secret.lower().replace("-", "")) for what, secret in self.secrets.items()}
        return [what for what, (full, short) in spellings.items() if full in text or ("code" in what and short in bare)]


def staff_signs_in(told: Told, fleet: Fleet, admin: Person) -> Person:
    """A clinician is invited, activates the account, turns the second factor on and signs in with it."""
    name, password = told.canary("user name", f"{STEM}.a"), told.canary("password", f"{unique('Canary')} phrase")
    form = {"username": name, "email": f"{told.canary('mail')}@example.org", "display_name": told.canary("staff name")}
    invited = admin.post("/api/auth/users", {**form, "roles": ["clinician"]}).json()
    person = told.listen(Person(fleet.url))
    code = told.canary("activation code", invited["activation_code"])
    assert person.post("/api/auth/activate", {"activation_code": code, "password": password}).status_code == 204
    phone = protect(fleet, person.sign_in(name, password))
    told.canary("TOTP secret", phone.secret)
    told.secrets |= {f"recovery code {number}": code for number, code in enumerate(phone.paper)}
    challenge = assert_problem(person.post("/api/auth/login", {"username": name, "password": password}), 401)[
        "challenge"
    ]
    entered = {"challenge": told.canary("challenge", challenge), "code": phone.paper[0]}
    assert person.post("/api/auth/login/totp", {**entered, "code": told.canary("wrong code")[:32]}).status_code == 401
    person.begin(person.post("/api/auth/login/totp", entered))
    told.keep_session(person, "staff")
    return person


def record_is_kept(told: Told, clinician: Person) -> str:
    """A patient is registered, looked for in every way, and changed."""
    name = {"family": told.canary("family name"), "given": [told.canary("given name")]}
    resource = patient_resource(name=[name], birthDate=told.canary("birth date", BIRTH_DATE))
    resource["identifier"][0]["value"] = told.canary("NHS number", new_nhs_number())
    resource["address"] = [{"line": [told.canary("street")], "city": told.canary("city")}]
    patient_id = str(clinician.post("/api/fhir/patients", resource).json()["id"])
    clinician.post("/api/fhir/patients", {**resource, "identifier": []})
    for query in (f"q={name['family']}", f"family={name['family']}&limit=1", f"birth_date={BIRTH_DATE}&limit=1"):
        assert clinician.get(f"/api/patients?{query}").json()["items"]
    clinician.get(f"/api/patients?nhs_number={told.secrets['NHS number']}&given={name['given'][0]}")
    clinician.post("/api/patients", {"nhs_number": told.secrets["NHS number"]})
    read = clinician.get(f"/api/patients/{patient_id}/demographics")
    shown = {key: value for key, value in read.json().items() if key not in {"patient_id", "version"}}
    shown["emergency_contacts"] = [{"name": told.canary("contact")}]
    path = f"/api/patients/{patient_id}/demographics"
    assert clinician.put(path, shown, version=read.json()["version"]).status_code == 200
    return patient_id


def patient_reads_letters(told: Told, fleet: Fleet, clinician: Person, patient_id: str, push: PushReceiver) -> Person:
    """An account is opened, linked, told of two letters on a device, and opens them."""
    person, name = told.listen(Person(fleet.url)), told.canary("other user name", f"{STEM}.b")
    form = {"username": name, "email": f"{told.canary('other mail')}@example.org", "password": PASSWORD}
    person.post("/api/auth/register", {**form, "display_name": told.canary("display name")})
    asked = clinician.post("/api/auth/patient-links", {"patient_id": patient_id, "birth_date": BIRTH_DATE})
    code = told.canary("link code", asked.json()["code"])
    person.sign_in(name).post("/api/auth/patient-links/redeem", {"code": code, "birth_date": "1904-02-17"})
    assert person.post("/api/auth/patient-links/redeem", {"code": code, "birth_date": BIRTH_DATE}).status_code == 200
    told.keep_session(person.refresh(), "patient")
    device = push.subscribe()
    register(person, device)
    told.secrets |= {"endpoint": device.endpoint, **device.to_json()["keys"]}
    for number in ("first", "second"):
        letter = {"title": told.canary(f"title of the {number}"), "body": told.canary(f"text of the {number}")}
        written = clinician.post(f"/api/patients/{patient_id}/letters", letter, key=unique("k"))
        assert person.get(written.headers["Location"]).json()["body"] == letter["body"]
    amended = {"title": told.canary("new title"), "body": told.canary("new text"), "reason": told.canary("reason")}
    assert clinician.put(written.headers["Location"], amended, version=1).status_code == 200
    assert told.secrets["reason"] in person.get(f"{written.headers['Location']}/versions").text
    told.pushes += device.wait(number=3)
    for path in ("/api/notifications", f"/api/patients/{patient_id}/letters", "/api/push/registrations"):
        person.get(f"{path}?limit=1")
    return person


def mistakes_are_made(told: Told, clinician: Person, patient: Person, patient_id: str) -> None:
    """Everything confidential is sent where it is refused."""
    slip = told.canary("slip of the tongue")
    letters, person = f"/api/patients/{patient_id}/letters", {"username": slip, "password": told.canary("guess")}
    for body in (
        {"title": slip, "body": slip, "extra": slip},
        {"title": slip * 40, "body": slip},
        {"body": [slip]},
        slip,
    ):
        clinician.post(letters, body)
        clinician.post("/api/fhir/patients", body)
        clinician.post("/api/push/send", body)
        patient.post("/api/push/register", body)
    patient.post("/api/auth/login", person)
    patient.post("/api/auth/login", {**person, "totp_code": slip})
    patient.post("/api/auth/activate", {"activation_code": slip, "password": slip})
    patient.post("/api/auth/password", {"current_password": PASSWORD, "new_password": told.secrets["password"][:10]})
    patient.post("/api/auth/refresh", headers={"X-CSRF-Token": slip})
    for path in (
        f"/{slip}",
        f"/api/{slip}?q={slip}",
        f"/api/patients/{slip}/letters",
        f"{letters}/{slip}?version={slip}",
    ):
        clinician.get(path)
    clinician.get(f"/api/patients?limit={slip}&cursor={slip}")
    clinician.get(letters, headers={"Referer": slip, "User-Agent": slip, "X-Request-Id": slip, "Cookie": slip})


@pytest.fixture(scope="module")
def told(fleet: Fleet, cast: Cast, push_service: PushReceiver) -> Told:
    """All of it said, and everything that follows from it done."""
    told = Told()
    with ExitStack() as stack:
        clinician = stack.enter_context(staff_signs_in(told, fleet, told.listen(cast.sign_in("admin"))))
        patient_id = record_is_kept(told, clinician)
        patient = stack.enter_context(patient_reads_letters(told, fleet, clinician, patient_id, push_service))
        mistakes_are_made(told, clinician, patient, patient_id)
        with told.listen(cast.sign_in("admin")) as admin:
            for path in (f"/api/auth/users?limit=1&q={STEM}", "/api/auth/audit?limit=1", "/api/auth/sessions?limit=1"):
                assert admin.get(path).json()["items"]
    eventually(lambda: not any(waiting(fleet, service) for service in SERVICES))
    last = told.answers[-1].headers["X-Request-Id"]
    eventually(lambda: all(last in fleet.log(name) for name in ("caddy", "auth")) or last in fleet.log("auth-2"))
    return told


def waiting(fleet: Fleet, service: str) -> int:
    """How many events a service has still to tell."""
    with psycopg.connect(fleet.database(service)) as database:
        ((number,),) = database.execute("SELECT count(*) FROM outbox WHERE published_at IS NULL").fetchall()
    return int(number)


def successes(told: Told) -> Iterable[Any]:
    return (answer for answer in told.answers if answer.status_code < 400)


def test_canaries_can_be_seen_by_whom_they_are_for(told: Told) -> None:
    seen = told.found_in(*(answer.text for answer in successes(told)))
    assert {"family name", "text of the first", "link code", "TOTP secret", "access token of patient"} <= set(seen)
    assert len(told.secrets) > 30


def test_canaries_are_in_no_log(fleet: Fleet, told: Told) -> None:
    logs = list((fleet.home / "logs").rglob("*.log"))
    assert len(logs) > 10
    assert [(file.name, what) for file in logs for what in told.found_in(file.read_text(errors="replace"))] == []


def test_canaries_are_in_no_stream(fleet: Fleet, told: Told) -> None:
    stored = [file for file in (fleet.home / "nats").rglob("*") if file.is_file()]
    assert any(b"quill.letters.v1.letter.created" in file.read_bytes() for file in stored)
    assert [(file.name, what) for file in stored for what in told.found_in(file.read_text("latin-1"))] == []


def test_canaries_are_in_no_push(told: Told) -> None:
    assert told.found_in(*(str([push.headers, push.payload]) for push in told.pushes)) == []


def test_canaries_are_in_no_answer_that_says_no(told: Told) -> None:
    refusals = [answer for answer in told.answers if answer.status_code >= 400]
    assert len(refusals) > 25
    assert {answer.status_code for answer in refusals} <= {401, 403, 404, 405, 409, 422, 429}
    assert set(told.found_in(*(answer.text + str(answer.headers) for answer in refusals))) <= ALLOWED


def test_canaries_are_in_no_address(told: Told) -> None:
    pages = [answer.json() for answer in successes(told) if "next_cursor" in answer.text]
    cursors = [base64.urlsafe_b64decode(page["next_cursor"] + "==").decode() for page in pages if page["next_cursor"]]
    assert len(cursors) >= 5
    locations = [answer.headers["Location"] for answer in told.answers if "Location" in answer.headers]
    links = [item["url"] for page in pages for item in page["items"] if "url" in item]
    assert told.found_in(*cursors, *locations, *links) == []


def test_passwords_and_codes_come_back_in_no_answer_but_the_one_that_makes_them(told: Told) -> None:
    for what in ("password", "guess", "refresh token of patient", "refresh token of staff", "endpoint", "auth"):
        secret = told.secrets[what]
        assert not [answer.request.url for answer in told.answers if secret in answer.text], what
    for what in ("activation code", "link code", "TOTP secret", "recovery code 0"):
        assert len([1 for answer in told.answers if told.secrets[what] in answer.text]) == 1, what


@pytest.mark.parametrize("service", SERVICES)
def test_canaries_are_in_no_table_of_events_or_of_the_trail(fleet: Fleet, told: Told, service: str) -> None:
    tables = ["outbox", *(["audit_entries"] if service == "auth" else [])]
    with psycopg.connect(fleet.database(service)) as database:
        for table in tables:
            rows = database.execute(f"SELECT row_to_json(t)::text FROM {table} t").fetchall()  # noqa: S608
            assert told.found_in(*(row for (row,) in rows)) == []
