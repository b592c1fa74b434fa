"""The people of a run: clinicians who write, patients who read, each with a thread and a browser of their own."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from chaos.history import History, Outcome
from e2e.client import (
    BIRTH_DATE,
    Person,
    link,
    new_patient,
    new_patient_account,
    patient_resource,
    register,
    unique,
)
from e2e.push_receiver import PushReceiver, Subscriber
from fleet import Fleet

PATIENCE_SECONDS = 25.0  # how long somebody repeats a request whose answer was not final
PAUSE_SECONDS = 0.25
FRESH_SECONDS = 300.0  # a token lives for 900, and clocks jump
UNSETTLED = {0, 502, 503, 504}


@dataclass
class Linked:
    """A patient with an account and a device."""

    person: Person
    patient_id: str
    device: Subscriber


@dataclass
class House:
    """Whom everybody knows: records to write to, and the paths of letters to amend."""

    records: list[str] = field(default_factory=list)
    linked: list[Linked] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)


class Actor:
    """Somebody who does one thing after the other until told to stop."""

    def __init__(self, person: Person, history: History, *, seed: int) -> None:
        self.person, self.history = person, history
        self.random = random.Random(seed)  # noqa: S311 - a run that can be repeated

    def run(self, stop: threading.Event) -> None:
        """Act until `stop` is set."""
        stale = time.monotonic() + FRESH_SECONDS
        while not stop.is_set():
            if time.monotonic() > stale and self._sign_in_anew():
                stale = time.monotonic() + FRESH_SECONDS
            self.step()
            stop.wait(self.random.uniform(0.05, PAUSE_SECONDS))

    def step(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    def send(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """One request, kept in the history; a broken connection is an answer with the status 0."""
        began = time.monotonic()
        try:
            answer = self.person.send(method, path, **kwargs)
        except httpx.TransportError:
            answer = httpx.Response(200, json={})
            answer.status_code = 0
        self.history.call(method, path, status=answer.status_code, began=began)
        return answer

    def _sign_in_anew(self) -> bool:
        """Get a session of its own, whose end is far; when that fails, the old one is as good as before."""
        with suppress(httpx.TransportError, AssertionError):
            self.person.sign_in(self.person.user["username"], self.person.password)
            return True
        return False

    def insist(self, method: str, path: str, *, key: str | None, **kwargs: Any) -> tuple[Outcome, httpx.Response]:
        """Repeat a write under one key until it is settled; without a key it is tried once.

        Whatever is answered in the end, a try that was left open may still come to its end.
        """
        deadline = time.monotonic() + (PATIENCE_SECONDS if key else 0)
        left_open = False
        while True:
            answer = self.send(method, path, key=key, **kwargs)
            if answer.status_code in {200, 201}:
                return "ok", answer
            is_open = answer.status_code in UNSETTLED or is_being_worked_on(answer)
            left_open = left_open or is_open
            if not is_open or time.monotonic() > deadline:
                return ("unknown" if left_open else "fail"), answer
            time.sleep(self.random.uniform(0.2, 0.6))


class Clinician(Actor):
    """Writes and amends letters, registers patients, changes records, reads."""

    def __init__(self, person: Person, history: History, house: House, *, seed: int) -> None:
        super().__init__(person, history, seed=seed)
        self.house = house

    def ways(self) -> list[tuple[Callable[[], None], int]]:
        """What there is to do, and how often each comes in turn."""
        return [(self.write, 10), (self.amend, 2), (self.register, 3), (self.count_up, 2), (self.look, 2)]

    def step(self) -> None:
        todo, weights = zip(*self.ways(), strict=True)
        self.random.choices(todo, weights)[0]()

    def write(self) -> None:
        """A letter, more often to somebody with an account; one in eight has no key and is not repeated."""
        somebody = [one.patient_id for one in self.house.linked] if self.random.random() < 0.6 else self.house.records
        to = self.random.choice(somebody)
        draft = {"title": unique("Letter "), "body": f"Dear reader,\n\n{unique()}\n"}
        key = None if self.random.random() < 0.125 else unique("k")
        outcome, answer = self.insist("POST", f"/api/patients/{to}/letters", key=key, json=draft)
        target = answer.json()["uid"] if outcome == "ok" else ""
        self.history.act("letter", outcome, target=target, patient_id=to, **draft)
        if target:
            self.house.letters.append(f"/api/patients/{to}/letters/{target}")

    def amend(self) -> None:
        """A new version of a letter that was acknowledged not long ago, so that two amend the same now and then."""
        if not self.house.letters:
            return
        path = self.random.choice(self.house.letters[-10:])
        read = self.send("GET", path)
        if read.status_code != 200:
            return
        letter = read.json()
        wanted = {"title": letter["title"], "body": f"Amended: {unique()}\n", "reason": "Something was missing"}
        answer = self.send("PUT", path, json=wanted, version=letter["version"])
        settled: dict[int, Outcome] = {200: "ok", 412: "fail", 401: "fail"}
        outcome = settled.get(answer.status_code, "unknown")
        version = letter["version"] + 1
        self.history.act("amendment", outcome, target=letter["uid"], version=version, body=wanted["body"])

    def register(self) -> None:
        """A new patient, who gets letters from now on."""
        resource = patient_resource()
        outcome, answer = self.insist("POST", "/api/fhir/patients", key=unique("k"), json=resource)
        target = answer.json()["id"] if outcome == "ok" else ""
        self.history.act("patient", outcome, target=target, family=resource["name"][0]["family"])
        if target:
            self.house.records.append(target)

    def count_up(self) -> None:
        """Add one to a number that a record carries, with a mark: two who do so at once must not lose one."""
        to = self.random.choice(self.house.records)
        path = f"/api/patients/{to}/demographics"
        read = self.send("GET", path)
        if read.status_code != 200:
            return
        record = read.json()
        version = record.pop("version")
        del record["patient_id"]
        count = f"{number_of(record) + 1} {unique()}"
        record["telecom"] = [{"system": "other", "value": count, "use": "home"}]
        answer = self.send("PUT", path, json=record, version=version)
        settled: dict[int, Outcome] = {200: "ok", 412: "fail", 401: "fail"}
        outcome = settled.get(answer.status_code, "unknown")
        self.history.act("update", outcome, target=to, version=version + 1, count=count)

    def look(self) -> None:
        """Search, list and read."""
        self.send("GET", "/api/patients?q=Family&limit=5")
        self.send("GET", f"/api/patients/{self.random.choice(self.house.records)}/letters?limit=5")
        self.send("GET", "/api/auth/me")


class Reader(Actor):
    """A patient who looks into the inbox and reads a letter that the device shows, with a pause of seconds between."""

    def __init__(self, linked: Linked, history: History, *, seed: int, pause: float = PAUSE_SECONDS) -> None:
        super().__init__(linked.person, history, seed=seed)
        self.linked, self.pause = linked, pause

    def step(self) -> None:
        notifications = self.send("GET", "/api/notifications?limit=5")
        told = {push.payload["notification_id"] for push in self.linked.device.delivered}
        items = notifications.json()["items"] if notifications.status_code == 200 else []
        if shown := [one for one in items if one["id"] in told]:
            uid = self.random.choice(shown)["url"].rpartition("/")[2]
            self.send("GET", f"/api/patients/{self.linked.patient_id}/letters/{uid}")
        time.sleep(self.pause)


def is_being_worked_on(answer: httpx.Response) -> bool:
    """Whether the first request with the same key has not come to its end yet."""
    return answer.status_code == 409 and "being-worked-on" in answer.text


def count_of(record: dict[str, Any]) -> str:
    """What `count_up` has left in a record, in our API's form or in FHIR's; empty where nobody has."""
    return next((str(one["value"]) for one in record.get("telecom", ()) if one["system"] == "other"), "")


def number_of(record: dict[str, Any]) -> int:
    """The number in it; 0 on a record where nobody has counted."""
    return int((count_of(record) or "0").split()[0])


def new_linked(fleet: Fleet, clinician: Person, push_service: PushReceiver) -> Linked:
    """A patient with a record, an account and a device that gets pushes."""
    person, patient_id, device = new_patient_account(fleet), new_patient(clinician), push_service.subscribe()
    link(clinician, person, patient_id, birth_date=BIRTH_DATE)
    register(person, device)
    return Linked(person, patient_id, device)
