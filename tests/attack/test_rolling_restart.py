"""Every replica of every service is restarted, one after the other, while people work: nobody notices."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from e2e.client import (
    Person,
    demo_person,
    new_linked_patient,
    patient_resource,
    unique,
)
from fleet import Fleet

from attack.people import SERVICES

pytestmark = pytest.mark.skipif(os.environ.get("QUILL_ATTACK_REPLICAS") == "1", reason="takes two replicas")

INBOX = "/api/notifications"
WANTED = {"GET": 200, "POST": 201}


class Shift:
    """Somebody who works on and on, and what they were answered."""

    def __init__(self, fleet: Fleet, patient_id: str) -> None:
        account = fleet.account("clinician")
        self.credentials = {name: account[name] for name in ("username", "password")}
        self.person, self.patient_id = Person(fleet.url), patient_id
        self.answers: Counter[str] = Counter()
        self.letters: list[str] = []

    def work(self) -> None:
        """Sign in once and go round five times."""
        self.ask("POST", "/api/auth/login", json=self.credentials, wanted=200)
        letters = f"/api/patients/{self.patient_id}/letters"
        for _ in range(5):
            title = unique("Letter")
            if self.ask("POST", letters, json={"title": title, "body": "Dear reader"}):
                self.letters.append(title)
            self.ask("POST", "/api/fhir/patients", json=patient_resource())
            for path in (letters, f"/api/patients/{self.patient_id}/demographics", "/api/patients", INBOX):
                self.ask("GET", path)
            self.ask("POST", "/api/auth/refresh", wanted=200)

    def ask(self, method: str, path: str, *, wanted: int | None = None, json: object = None) -> bool:
        try:
            answer = self.person.send(method, path, json=json)
        except httpx.HTTPError as error:
            self.answers[f"{method} {path} {type(error).__name__}"] += 1
            return False
        good = answer.status_code == (wanted or WANTED[method])
        self.answers["good" if good else f"{method} {path} {answer.status_code} {answer.text}"] += 1
        if path.startswith("/api/auth/") and good:
            told = answer.json()
            self.person.http.headers["Authorization"] = f"Bearer {told['access_token']}"
            self.person.http.headers["X-CSRF-Token"] = told["csrf_token"]
        return good


@contextmanager
def working(shifts: list[Shift]) -> Iterator[None]:
    over = threading.Event()

    def work_on(shift: Shift) -> None:
        while not over.is_set():
            shift.work()

    threads = [threading.Thread(target=work_on, args=(shift,)) for shift in shifts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_rolling_restart_of_every_service_fails_no_request_and_doubles_none(fleet: Fleet) -> None:
    desk = demo_person(fleet, "clinician")
    _, patient_id = new_linked_patient(fleet, desk)
    shifts = [Shift(fleet, patient_id) for _ in range(2)]
    with working(shifts):
        for name in fleet.replicas(*SERVICES):
            fleet.replace(name)
    assert [shift.answers.keys() for shift in shifts] == [{"good"}] * len(shifts)
    letters = desk.every(f"/api/patients/{patient_id}/letters")
    assert sorted(letter["title"] for letter in letters) == sorted(title for shift in shifts for title in shift.letters)
