"""Calls of every kind with what each must leave in the audit trail, and the people who make them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from e2e.client import BIRTH_DATE, PASSWORD, Person, patient_resource, unique

type Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A kind of call: who makes it, how it is answered, and the action, resource and outcome of its entry, if any."""

    who: str
    method: str
    path: str
    status: int
    leaves: tuple[str, str, str] | None
    body: Any = None
    headers: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """A call that was made: under which id, from when to when, and the status of its answer."""

    call: Call
    request_id: str
    actor: str | None
    seconds: tuple[float, float]
    status: int

    @property
    def answered(self) -> bool:
        """Whether it was decided: 502 and 503 leave it open."""
        return self.status < 500


CUT_OFF = 502  # what a client makes of an answer that ended in its middle
DEMOGRAPHICS, LETTERS = "/api/patients/{patient}/demographics", "/api/patients/{patient}/letters"
FHIR, LINKS = "/api/fhir/patients", "/api/auth/patient-links"
LETTER = {"title": "Clinic letter", "body": "Seen in clinic."}
CHANGE = {**LETTER, "reason": "Corrected."}
LINK = {"patient_id": "{patient}", "birth_date": BIRTH_DATE}
PUSH = {"patient_id": "{patient}", "template": "test"}
KINDS: Sequence[Call] = [
    Call("clinician", "GET", DEMOGRAPHICS, 200, ("R", "demographics", "ok")),
    Call("clinician", "GET", FHIR + "/{patient}", 200, ("R", "patient", "ok")),
    Call("clinician", "GET", "/api/patients?q=Test", 200, ("E", "patient", "ok")),
    Call("admin", "POST", "/api/patients", 200, ("E", "patient", "ok"), {"patient_id": "{patient}"}),
    Call("clinician", "POST", FHIR, 201, ("C", "patient", "ok"), patient_resource),
    Call("clinician", "GET", "/api/patients/{nobody}/demographics", 404, ("R", "demographics", "failed")),
    Call("clinician", "PUT", DEMOGRAPHICS, 422, ("U", "demographics", "failed"), {}, {"If-Match": '"1"'}),
    Call("clinician", "PUT", DEMOGRAPHICS, 428, ("U", "demographics", "failed"), {}),
    Call("clinician", "POST", LETTERS, 201, ("C", "letter", "ok"), LETTER),
    Call("clinician", "POST", LETTERS, 201, ("C", "letter", "ok"), LETTER, {"Idempotency-Key": "{fresh}"}),
    Call("clinician", "POST", LETTERS, 422, ("C", "letter", "failed"), {"title": ""}),
    Call("clinician", "POST", LETTERS, 403, ("C", "letter", "denied"), LETTER, {"X-CSRF-Token": "x"}),
    Call("clinician", "POST", LETTERS, 403, ("C", "letter", "denied"), LETTER, {"Sec-Fetch-Site": "cross-site"}),
    Call("clinician", "GET", LETTERS, 200, ("R", "letter", "ok")),
    Call("patient", "GET", LETTERS, 200, ("R", "letter", "ok")),
    Call("patient", "GET", LETTERS + "/{letter}", 200, ("R", "letter", "ok")),
    Call("patient", "GET", LETTERS + "/{letter}.pdf", 200, ("R", "letter", "ok")),
    Call("patient", "GET", LETTERS + "/{nobody}", 404, ("R", "letter", "failed")),
    Call("patient", "GET", LETTERS + "/{letter}/versions", 200, ("R", "letter", "ok")),
    Call("patient", "GET", "/api/fhir/DocumentReference?patient={patient}", 200, ("R", "letter", "ok")),
    Call("admin", "GET", "/api/fhir/DocumentReference?patient={patient}", 403, ("R", "letter", "denied")),
    Call("admin", "GET", "/api/patients/{patient}/export", 403, ("R", "export", "denied")),
    Call("clinician", "PUT", LETTERS + "/{letter}", 412, ("U", "letter", "failed"), CHANGE, {"If-Match": '"9"'}),
    Call("clinician", "POST", LETTERS + "/{letter}/withdraw", 428, ("U", "letter", "failed"), {"reason": "R"}),
    Call("patient", "POST", LETTERS + "/{letter}/withdraw", 403, ("U", "letter", "denied"), {"reason": "R"}),
    Call("clinician", "GET", LETTERS + "/{nobody}.pdf", 404, ("R", "letter", "failed")),
    Call("stranger", "GET", LETTERS + "/{letter}", 404, ("R", "letter", "denied")),
    Call("stranger", "GET", "/api/patients?q=Test", 403, ("E", "patient", "denied")),
    Call("admin", "GET", LETTERS, 403, ("R", "letter", "denied")),
    Call("leaver", "GET", DEMOGRAPHICS, 401, ("R", "demographics", "denied")),
    Call("leaver", "POST", LETTERS, 401, ("C", "letter", "denied"), LETTER),
    Call("nobody", "GET", DEMOGRAPHICS, 401, None),
    Call("nobody", "POST", "/api/auth/login", 401, ("E", "session", "failed"), {"username": "{fresh}"}),
    Call("clinician", "GET", "/api/auth/me", 200, None),
    Call("admin", "GET", "/api/auth/users?limit=1", 200, ("R", "user", "ok")),
    Call("admin", "PATCH", "/api/auth/users/{nobody}", 404, ("U", "user", "failed"), {"disabled": True}),
    Call("clinician", "GET", "/api/auth/users", 403, ("R", "user", "denied")),
    Call("clinician", "POST", LINKS, 201, ("C", "patient-link", "ok"), LINK),
    Call("clinician", "POST", LINKS, 422, ("C", "patient-link", "failed"), {**LINK, "birth_date": "1961-04-13"}),
    Call("stranger", "POST", LINKS, 403, ("C", "patient-link", "denied"), LINK),
    Call("clinician", "POST", "/api/push/send", 202, ("E", "notification", "ok"), PUSH),
    Call("patient", "POST", "/api/push/send", 403, ("E", "notification", "denied"), PUSH),
    Call("admin", "GET", "/api/webhooks", 200, ("R", "webhook", "ok")),
    Call("admin", "POST", "/api/webhooks", 422, ("C", "webhook", "failed"), {"url": "http://localhost"}),
    Call("clinician", "GET", "/api/webhooks", 403, ("R", "webhook", "denied")),
    Call("admin", "GET", "/api/auth/audit?limit=1", 200, ("R", "audit", "ok")),
    Call("patient", "GET", "/api/auth/audit/mine", 200, ("R", "audit", "ok")),
    Call("clinician", "GET", "/api/auth/audit", 403, ("R", "audit", "denied")),
]


@dataclass
class Stage:
    """The people, what paths and bodies can name, and when auth was killed."""

    people: Mapping[str, Person]
    names: Mapping[str, str]
    kills: list[float] = field(default_factory=list)

    def make(self, call: Call) -> Done:
        """Make a call under an id of its own."""
        person, names, request_id = self.people[call.who], {**self.names, "fresh": unique()}, str(uuid4())
        body = call.body() if callable(call.body) else call.body
        if body is not None:
            body = {name: value.format_map(names) if isinstance(value, str) else value for name, value in body.items()}
        if call.path.endswith("/login"):
            body |= {"password": PASSWORD}
        headers = {name: value and value.format_map(names) for name, value in call.headers.items()}
        began = time.monotonic()
        headers["X-Request-Id"] = request_id
        try:
            status = person.send(call.method, call.path.format_map(names), json=body, headers=headers).status_code
        except httpx.RemoteProtocolError:
            status = CUT_OFF
        span, actor = (began, time.monotonic()), person.user.get("id")
        return Done(call, request_id, actor, span, status)

    def is_told(self, done: Done, entries: Sequence[Json]) -> bool:
        """Whether these entries tell of the call what they must, as often as they must."""
        call = done.call
        if call.leaves is None:
            return not entries
        if not done.answered or self._was_repeated(done):
            return len(entries) <= 1 + self._was_repeated(done)
        if len(entries) != 1:
            return False
        (entry,) = entries
        told = (entry["action"], entry["resource"].partition(":")[0], entry["outcome"])
        actor = entry["actor"] and entry["actor"]["id"]
        about = self.names["patient"] if "{patient}" in call.path else entry["patient_id"]
        return told == call.leaves and (actor, entry["patient_id"]) == (done.actor, about)

    def _was_repeated(self, done: Done) -> bool:
        """Caddy asks again for what is safe when the process that it asked has died, so that there were two reads."""
        began, ended = done.seconds
        killed = any(began <= kill <= ended for kill in self.kills)
        return killed and done.call.method == "GET" and done.call.path.startswith("/api/auth/")
