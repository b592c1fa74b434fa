"""What tests of patients stand on: a stand-in for the FHIR server with the behaviour measured of HAPI 8.8 and some bad
moods, and a stand-in for auth's keys. The real FHIR server is met in tests/e2e."""

import base64
import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from common.auth import Caller
from joserfc import jwt
from joserfc.jwk import RSAKey

ORIGIN = "http://localhost:8080"
CSRF = "csrf-token-of-the-tests"
NHS = "https://fhir.nhs.uk/Id/nhs-number"

type Json = dict[str, Any]
type Answer = tuple[int, Any]


class Server(ThreadingHTTPServer):
    """Answers JSON from `answer`, in threads; None cuts the connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, request: "Handler", body: bytes) -> Answer | None:
        raise AssertionError("answered by a subclass")

    def handle_error(self, *_: object) -> None:
        """Connections that are cut are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.server.answer(self, body)
        if answer is None:
            self.close_connection = True
            return
        content = json.dumps(answer[1]).encode()
        self.send_response_only(answer[0])
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = reply

    def log_message(self, *_: object) -> None:
        """Tests look at answers."""


class StandInFhir(Server):
    """Moods: open; closed (nothing arrives, no answer); deaf (writes arrive, their answers are lost); ill (500);
    stuck (the caller waits); lying (200 and `lie`); refusing (400 to writes, quoting the patient as HAPI does).
    `lost` is the mood for writes only; `dislikes` is a text that it refuses what it stands in for."""

    def __init__(self) -> None:
        super().__init__()
        self.mood = "open"
        self.lost: str | None = None
        self.dislikes: str | None = None
        self.lie: Any = {}
        self.versions: dict[str, list[Json | None]] = {}
        self.unlisted: set[str] = set()  # as a page misses somebody when others are deleted meanwhile
        self.writes = 0
        self._lock = threading.Lock()

    def reset(self) -> None:
        self.mood, self.lost, self.versions, self.unlisted, self.writes = "open", None, {}, set(), 0
        self.dislikes = None

    def put(self, resource: Json, *, by: str = "somebody-else") -> None:
        """Write past Quill, as another system does."""
        with self._lock:
            self._store(str(resource["id"]), resource, by)

    def delete(self, patient_id: UUID) -> None:
        self.versions[str(patient_id)].append(None)

    def current(self, patient_id: UUID) -> Json:
        resource = self.versions[str(patient_id)][-1]
        assert resource is not None
        return resource

    def answer(self, request: Handler, body: bytes) -> Answer | None:
        writes = request.command == "PUT" or request.path == "/fhir/"
        mood = (self.lost if writes else None) or self.mood
        if mood == "stuck":
            time.sleep(6)
        if mood in {"closed", "stuck"}:
            return None
        if mood == "ill":
            return 500, {"resourceType": "OperationOutcome"}
        if mood == "lying":
            return 200, self.lie
        disliked = self.dislikes is not None and self.dislikes.encode() in body
        if writes and (mood == "refusing" or disliked):
            return 400, {"resourceType": "OperationOutcome", "issue": [{"diagnostics": body.decode()}]}
        with self._lock:
            answer = self._say(request, body)
        return None if mood == "deaf" and writes else answer

    def _say(self, request: Handler, body: bytes) -> Answer:
        if request.path == "/fhir/":
            return self._transaction(json.loads(body), request.headers["X-Request-Id"])
        path = request.path.removeprefix("/fhir/Patient/")
        if path == "_search":
            return 200, self._search({name: values[0] for name, values in parse_qs(body.decode()).items()})
        patient_id, _, version = path.partition("/_history/")
        if request.command == "PUT":
            headers = request.headers
            return self._put(patient_id, json.loads(body), expected=headers["If-Match"], by=headers["X-Request-Id"])
        versions = self.versions.get(patient_id, [])
        place = int(version) - 1 if version else len(versions) - 1
        if not versions or place >= len(versions):
            return 404, {}
        resource = versions[place]
        return (410, {}) if resource is None else (200, resource)

    def _transaction(self, bundle: Json, by: str) -> Answer:
        before, written = {one: list(versions) for one, versions in self.versions.items()}, []
        for entry in bundle["entry"]:
            patient_id = entry["request"]["url"].removeprefix("Patient/")
            code, stored = self._put(patient_id, entry["resource"], expected=entry["request"]["ifMatch"], by=by)
            if code == 409:
                self.versions = before
                return code, stored
            location = f"Patient/{patient_id}/_history/{stored['meta']['versionId']}"
            written.append({"response": {"status": f"{code}", "location": location}})
        return 200, {"resourceType": "Bundle", "type": "transaction-response", "entry": written}

    def _put(self, patient_id: str, resource: Json, *, expected: str, by: str) -> Answer:
        wanted = re.fullmatch(r'W/"(\d+)"', expected)
        assert wanted is not None
        versions = self.versions.get(patient_id, [])
        if versions and len(versions) != int(wanted[1]):
            return 409, {"resourceType": "OperationOutcome"}
        self.writes += 1
        if versions and versions[-1] is not None and _content(versions[-1]) == _content(resource):
            return 200, versions[-1]
        return 201 if not versions else 200, self._store(patient_id, resource, by)

    def _store(self, patient_id: str, resource: Json, by: str) -> Json:
        versions = self.versions.setdefault(patient_id, [])
        meta = {**resource.get("meta", {}), "versionId": str(len(versions) + 1), "source": f"#{by[:16]}"}
        stored = {**resource, "meta": meta}
        versions.append(stored)
        return stored

    def _search(self, query: dict[str, str]) -> Json:
        current = [self.versions[key][-1] for key in sorted(self.versions) if key not in self.unlisted]
        found = [resource for resource in current if resource is not None]
        if "identifier" in query:
            tokens = set(query["identifier"].split(","))
            found = [
                one for one in found if tokens & {f"{it['system']}|{it['value']}" for it in one.get("identifier", [])}
            ]
        first = int(query.get("_offset", 0))
        entries = [{"resource": one} for one in found[first : first + int(query["_count"])]]
        return {"resourceType": "Bundle", **({"entry": entries} if entries else {})}


def _content(resource: Json) -> Json:
    return {key: value for key, value in resource.items() if key != "meta"}


class StandInAuth(Server):
    """Auth as far as patients asks it: its public keys, and that sessions live."""

    def __init__(self) -> None:
        super().__init__()
        self.key = RSAKey.generate_key(2048, auto_kid=True)

    def answer(self, request: Handler, body: bytes) -> Answer:
        return 200, {"keys": [self.key.as_dict(private=False)]}

    def headers(self, *roles: str, patient_id: UUID | None = None) -> dict[str, str]:
        """Of somebody with these roles."""
        now = int(time.time())
        hashed = base64.urlsafe_b64encode(hashlib.sha256(CSRF.encode()).digest()).rstrip(b"=").decode()
        claims: dict[str, Any] = {
            **{"iss": ORIGIN, "aud": "quill-api", "sub": str(uuid4()), "sid": str(uuid4()), "jti": str(uuid4())},
            **{"iat": now, "exp": now + 900, "auth_time": now, "amr": ["pwd"], "roles": list(roles), "tv": 1},
            **{"csh": hashed, **({"pid": str(patient_id)} if patient_id else {})},
        }
        token = jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": self.key.kid}, claims, self.key)
        return {"Authorization": f"Bearer {token}", "X-CSRF-Token": CSRF}


@dataclass(frozen=True)
class Numbers:
    """NHS numbers of the range for tests (999…), a new one each time."""

    used: list[int]

    def new(self) -> str:
        while True:
            self.used[0] += 1
            digits = f"999{self.used[0]:06d}"
            check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
            if check != 10:
                return digits + str(check % 11)


NUMBERS = Numbers([0])


def caller(*roles: str, patient_id: UUID | None = None) -> Caller:
    """Somebody whom a policy let in."""
    return Caller(
        user_id=uuid4(),
        session_id=uuid4(),
        roles=frozenset(roles or {"clinician"}),
        patient_id=patient_id,
        token_version=0,
        amr=(),
        csrf_hash="",
        expires_at=0,
        token="",
    )


def patient(*given: str, family: str = "Okafor", nhs_number: str | None = None, **elements: Any) -> Json:
    """A FHIR Patient."""
    resource: Json = {
        "resourceType": "Patient",
        "name": [{"use": "official", "family": family, "given": list(given or ("Ada",))}],
        "gender": "female",
        "birthDate": "1980-02-29",
    }
    if nhs_number is not None:
        resource["identifier"] = [{"system": NHS, "value": nhs_number}]
    return resource | elements
