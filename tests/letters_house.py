"""The real letters service on real PostgreSQL, NATS and the development openEHR server.

Only auth and patients are stood in for, over HTTP; the way to openEHR leads through a door that can be shut or stuck.
"""

import base64
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from fleet import migrated_database
from letters.composition import contribution_of
from letters.letter import Author, StoredLetter
from native.bare import PostgresServer, nats_server
from native.ports import free_port
from stand_in import ORIGIN, Answer, Auth, Handler, Server, as_json

SYSTEM_ID = "letters.quill.test"
OPENEHR_PATH = "/ehrbase/rest/openehr/v1"
SECRET = "q-letters-tests-" + "s" * 32
NOBODY: dict[str, object] = {
    "name": {"prefix": [], "given": [], "family": None},
    "birth_date": None,
    "nhs_number": None,
}


class Neighbours(Auth):
    """Auth and patients as far as letters asks them: keys, names, who is a patient and active."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, str | None] = {}
        self.active: dict[str, bool] = {}
        self.identities: dict[str, dict[str, object]] = {}
        self.patients_silent = self.auth_silent = False
        self.asked: list[str] = []
        self.said: dict[str, tuple[int, object]] = {}

    def answer(self, request: Handler, body: bytes) -> Answer | None:
        self.asked.append(request.path)
        keys = request.path.endswith("jwks.json")
        return super().answer(request, body) if keys else as_json(*self.say(request))

    def say(self, request: Handler) -> tuple[int, object]:
        if request.path in self.said:
            return self.said[request.path]
        if request.path == "/api/auth/me":
            user_id = json.loads(_unpadded(request.headers["Authorization"].split(".")[1]))["sub"]
            user: dict[str, object] = {"username": f"u-{user_id}", "display_name": self.names.get(user_id), "roles": []}
            return (503, {}) if self.auth_silent else (200, user)
        patient_id = request.path.removeprefix("/internal/patients/")
        if self.patients_silent:
            return 503, {}
        if patient_id not in self.active:
            return 404, {}
        return 200, {"active": self.active[patient_id], **NOBODY, **self.identities.get(patient_id, {})}


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Door(Server):
    """Stands before openEHR. `mood`: open; closed (no answer, nothing arrives); deaf (it arrives, the answer is lost);
    half (reading works, nothing else arrives); ill (500, nothing arrives); hollow (so, but its status page is well);
    stuck (nothing arrives and the caller waits); lying (200 with `lie` as its body)."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.mood = "open"
        self.lie: object = None
        self.passed: list[tuple[str, str]] = []

    def answer(self, request: Handler, body: bytes) -> Answer | None:
        if self.mood == "stuck":
            time.sleep(8)
        if self.mood in {"closed", "stuck"} or (self.mood == "half" and request.command != "GET"):
            return None
        if self.mood == "ill" or (self.mood == "hollow" and not request.path.endswith("/rest/status")):
            return as_json(500, {"error": "Internal Server Error"})
        if self.mood == "lying":
            return as_json(200, self.lie)
        answer = self.forward(request, body)
        return None if self.mood == "deaf" and request.command == "POST" else answer

    def forward(self, request: Handler, body: bytes) -> Answer:
        self.passed.append((request.command, request.path))
        upstream = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with closing(upstream):
            upstream.request(request.command, request.path, body=body, headers=dict(request.headers))
            response = upstream.getresponse()
            content = response.read()
        wanted = {"content-type", "etag", "location"}
        return response.status, {name: value for name, value in response.getheaders() if name in wanted}, content


@dataclass
class Person:
    """Somebody with a token."""

    headers: dict[str, str]
    user_id: UUID = field(default_factory=uuid4)


@dataclass
class House:
    """The service and everything around it."""

    client: httpx.Client
    neighbours: Neighbours
    door: Door
    openehr: httpx.Client
    database_url: str
    nats_url: str
    log: Path

    def heal(self) -> None:
        """Make everybody well."""
        self.door.mood = "open"
        self.neighbours.patients_silent = self.neighbours.auth_silent = False

    def person(self, *roles: str, patient_id: UUID | None = None, name: str | None = "Dr Ines Varga") -> Person:
        """Somebody with these roles, known to auth by this name."""
        user_id = uuid4()
        self.neighbours.names[str(user_id)] = name
        headers = self.neighbours.headers(*roles, user_id=user_id, patient_id=patient_id)
        return Person(headers, user_id)

    def patient(self, *, active: bool = True) -> UUID:
        """A patient that the patients service knows."""
        patient_id = uuid4()
        self.neighbours.active[str(patient_id)] = active
        return patient_id

    def write(self, patient_id: UUID, who: Person, *, key: str | None = None, **draft: object) -> httpx.Response:
        """POST a letter."""
        body = {"title": "Review", "body": "Dear Dr Hale", **draft}
        headers = {**who.headers, **({"Idempotency-Key": key} if key else {})}
        return self.client.post(f"/api/patients/{patient_id}/letters", json=body, headers=headers)

    def amend(self, path: str, who: Person, *, version: int | None = 1, **draft: object) -> httpx.Response:
        """PUT a next version of a letter."""
        body = {"title": "Review", "body": "Dear Dr Hale, corrected", "reason": "Wrong dose", **draft}
        return self.client.put(path, json=body, headers=self._changing(who, version))

    def withdraw(self, path: str, who: Person, *, version: int | None = 1, **draft: object) -> httpx.Response:
        """POST that a letter is no longer valid."""
        headers = self._changing(who, version)
        return self.client.post(f"{path}/withdraw", json={"reason": "Wrong patient", **draft}, headers=headers)

    def _changing(self, who: Person, version: int | None) -> dict[str, str]:
        return {**who.headers, **({"If-Match": f'"{version}"'} if version is not None else {})}

    def amend_past_the_service(
        self, patient_id: UUID, letter: dict[str, Any], *, title: str, body: str = "Amended"
    ) -> None:
        """Commit a next version to the record as another application would."""
        author, sent_at = Author(id=uuid4(), name="Dr Omar Lund"), datetime.fromisoformat(letter["created_at"])
        stored = StoredLetter(
            uid=UUID(letter["uid"]),
            version=2,
            status="amended",
            title=title,
            letter_type="clinic",
            author=author,
            sent_at=sent_at,
            amended_at=sent_at + timedelta(seconds=1),
            body=body,
        )
        change_set = contribution_of(stored, committer=author, reason="Corrected", system_id=SYSTEM_ID)
        answer = self.openehr.post(f"ehr/{self.ehr_of(patient_id)}/contribution", json=change_set)
        assert answer.status_code in {201, 204}, answer.text

    def ehr_of(self, patient_id: UUID) -> UUID:
        """The patient's EHR, as the service knows it."""
        ((ehr_id,),) = self.rows("SELECT ehr_id FROM patient_ehrs WHERE patient_id = %s", patient_id)
        return UUID(str(ehr_id))

    def mistake_ehr(self, patient_id: UUID) -> None:
        """Have the service know an EHR of this patient that the openEHR server does not."""
        changed = "UPDATE patient_ehrs SET ehr_id = %s WHERE patient_id = %s RETURNING patient_id"
        assert self.rows(changed, uuid4(), patient_id) == [(patient_id,)]

    def read(self, path: str, who: Person, **query: str | int) -> httpx.Response:
        """GET something."""
        return self.client.get(path, headers=who.headers, params=query)

    def letters(self, patient_id: UUID, who: Person, **query: str | int) -> httpx.Response:
        """GET a list of letters."""
        return self.read(f"/api/patients/{patient_id}/letters", who, **query)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the service's database says."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query, values).fetchall()

    def events(self, subject: str, patient_id: UUID) -> list[dict[str, Any]]:
        """The announced facts about a patient."""
        query = "SELECT body FROM outbox WHERE subject = %s AND body->>'patient_id' = %s ORDER BY seq"
        return [row[0] for row in self.rows(query, subject, str(patient_id))]


def wait_for(fact: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait until something is so, or fail."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.1)


@contextmanager
def running(argv: list[str], environment: dict[str, str], *, ready: str, log: Path) -> Iterator[None]:
    """A program, from ready to gone."""
    with log.open("ab") as output:
        process = subprocess.Popen(argv, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: process.poll() is not None or answers(ready), seconds=120)
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        process.wait(15)


def answers(url: str) -> bool:
    """Whether somebody answers 200 there."""
    try:
        return httpx.get(url, timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def provision(nats_url: str) -> None:
    """Make the streams and consumers of the catalogue."""
    environment = os.environ | {"QUILL_NATS_URL": nats_url, "QUILL_NATS_PASSWORD": "unasked"}
    subprocess.run([sys.executable, "-m", "provision"], env=environment, check=True)


@contextmanager
def openehr_server(postgres_server: PostgresServer, folder: Path) -> Iterator[int]:
    """A development openEHR server that has nothing; its port."""
    port = free_port()
    environment = {
        "OPENEHR_PORT": str(port),
        "OPENEHR_DATABASE_URL": postgres_server.create_database(),
        "OPENEHR_USER": "quill",
        "OPENEHR_PASSWORD": SECRET,
        "OPENEHR_SYSTEM_ID": SYSTEM_ID,
    }
    ready = f"http://127.0.0.1:{port}/ehrbase/management/health/readiness"
    with running([sys.executable, "-m", "openehr_server"], environment, ready=ready, log=folder / "openehr.log"):
        yield port


@pytest.fixture(scope="session")
def openehr_port(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The openEHR server of the house."""
    with openehr_server(postgres_server, tmp_path_factory.mktemp("openehr")) as port:
        yield port


@pytest.fixture(scope="session")
def house_of_letters(
    postgres_server: PostgresServer,
    server_folder: Path,
    openehr_port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """One letters service for all tests; each makes its own patients and people."""
    database_url = migrated_database(postgres_server, "letters")
    port = free_port()
    log = tmp_path_factory.mktemp("letters") / "letters.log"
    url = f"http://127.0.0.1:{port}"
    argv = [sys.executable, "-m", "uvicorn", "--factory", "letters.main:create_app", "--port", str(port)]
    openehr = httpx.Client(base_url=f"http://127.0.0.1:{openehr_port}{OPENEHR_PATH}/", auth=("quill", SECRET))
    # A broker of its own: the service would take the events of other tests, and they those of its tests.
    broker = nats_server(server_folder / "letters-nats")
    with Neighbours() as neighbours, Door(openehr_port) as door, openehr, broker as nats:
        provision(nats.url)
        environment = {
            **{"QUILL_MODE": "demo", "QUILL_PUBLIC_ORIGIN": ORIGIN, "QUILL_PSEUDONYM_KEY": SECRET},
            **{"QUILL_DATABASE_URL": database_url, "QUILL_NATS_URL": nats.url},
            **{"QUILL_NATS_USER": "letters", "QUILL_NATS_PASSWORD": "unasked", "QUILL_DRAIN_SECONDS": "0"},
            **{f"QUILL_{name}_URL": neighbours.url for name in ("AUTH", "PATIENTS", "LETTERS", "NOTIFY")},
            **{
                "QUILL_EHRBASE_URL": door.url + OPENEHR_PATH,
                "QUILL_EHRBASE_USER": "quill",
                "QUILL_EHRBASE_PASSWORD": SECRET,
            },
            "QUILL_EHRBASE_SYSTEM_ID": SYSTEM_ID,
        }
        service = running(argv, environment, ready=f"{url}/readyz", log=log)
        with service, httpx.Client(base_url=url, timeout=15) as client:
            yield House(client, neighbours, door, openehr, database_url, nats.url, log)


@pytest.fixture
def house(house_of_letters: House) -> Iterator[House]:
    """The service, with everybody well, and left so: other tests may take a while before the next one needs it."""
    house_of_letters.heal()
    yield house_of_letters
    house_of_letters.heal()
