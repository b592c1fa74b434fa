"""A fleet with a copy of PostgreSQL loses its store while people write: everything acknowledged comes back, told once.

Every test run loses PostgreSQL; `make drill` loses NATS with it, too, and then database after database.
"""

import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from chaos.checks import unfinished
from chaos.stage import working
from drill.restoring import done, drop_database, stores
from e2e.client import PASSWORD, Person, demo_person, eventually, new_linked_patient, patient_resource, unique
from fleet import Fleet, running_fleet
from native.settings import SERVICES
from quill_command import quill

FULL = os.environ.get("QUILL_DRILL") == "all"
POSTGRES, BOTH = "postgres", "postgres and nats"
DATABASES = (*SERVICES, "openehr", "fhir")
LOST = (POSTGRES, BOTH, *DATABASES) if FULL else (POSTGRES,)
WRITERS, ENOUGH = 3, 10
ON_SECONDS = 1.0  # for which people still try after the loss

pytestmark = pytest.mark.timeout(0)  # fleets' starts have time limits of their own


@dataclass
class Writer:
    """A clinician who writes to a patient and registers others; what was acknowledged."""

    fleet: Fleet
    reader: str  # the patient's account
    record: str
    letters: list[str] = field(default_factory=list)
    patients: list[str] = field(default_factory=list)

    def write(self, over: threading.Event) -> None:
        with suppress(httpx.TransportError), demo_person(self.fleet, "clinician") as clinician:
            while not over.is_set():
                letter = {"title": unique("Letter"), "body": "Dear reader"}
                answer = clinician.post(f"/api/patients/{self.record}/letters", letter, key=unique("k"))
                if answer.status_code == 201:
                    self.letters.append(answer.json()["uid"])
                answer = clinician.post("/api/fhir/patients", patient_resource(), key=unique("k"))
                if answer.status_code == 201:
                    self.patients.append(answer.json()["id"])


@pytest.fixture(scope="module")
def place(server_folder: Path) -> Path:
    """Where one fleet and its copy are, of which each test loses something else."""
    place = server_folder / "with-a-copy"
    place.mkdir(mode=0o711)
    return place


@contextmanager
def copied_fleet(place: Path) -> Iterator[Fleet]:
    with running_fleet(place / "home", QUILL_COPY=str(place / "copy")) as fleet:
        yield fleet


def lose(fleet: Fleet, lost: str) -> None:
    """A disk is gone under the servers that work on it, or a database is dropped."""
    if lost in DATABASES:
        drop_database(fleet, lost)
        return
    gone = (fleet.home / "postgres").rename(fleet.home / "gone")
    fleet.kill("postgres")
    if lost == BOTH:
        fleet.lose_broker_store()
    shutil.rmtree(gone, ignore_errors=True)  # some of its processes may take an instant to end


def restore(place: Path, lost: str) -> None:
    """What docs/backup.md says."""
    home, copy = place / "home", place / "copy"
    if lost not in DATABASES:
        done(quill(Fleet(home, 0), "copy", "restore", copy, home / "postgres"))
        return
    with stores(home) as fleet:
        done(quill(fleet, "copy", "restore", copy, "--only", lost))


def missing(clinician: Person, writers: list[Writer]) -> list[str]:
    """What was acknowledged and is not there."""
    paths = [f"/api/patients/{one.record}/letters/{uid}" for one in writers for uid in one.letters]
    paths += [f"/api/fhir/patients/{patient}" for one in writers for patient in one.patients]
    return [path for path in paths if clinician.get(path).status_code != 200]


def told(fleet: Fleet, writer: Writer) -> Counter[str]:
    """How often the patient was told of each letter that was acknowledged."""
    with Person(fleet.url).sign_in(writer.reader, PASSWORD) as reader:
        letters = [one["url"].rpartition("/")[2] for one in reader.every("/api/notifications")]
    return Counter(letter for letter in letters if letter in writer.letters)


@pytest.mark.parametrize("lost", LOST)
def test_everything_acknowledged_comes_back_from_the_copy_and_is_told_once(place: Path, lost: str) -> None:
    over = threading.Event()
    with copied_fleet(place) as fleet:
        with demo_person(fleet, "clinician") as clinician:
            linked = [new_linked_patient(fleet, clinician) for _ in range(WRITERS)]
        writers = [Writer(fleet, person.user["username"], record) for person, record in linked]
        with working([threading.Thread(target=one.write, args=(over,)) for one in writers], over):
            eventually(lambda: min(len(one.letters) for one in writers) >= ENOUGH, within=60)
            lose(fleet, lost)
            time.sleep(ON_SECONDS)
    restore(place, lost)
    with copied_fleet(place) as fleet, demo_person(fleet, "clinician") as clinician:
        if lost == BOTH:
            for service in SERVICES:
                done(quill(fleet, "events", "republish", service, "--since", "1h"))
        assert missing(clinician, writers) == []
        eventually(lambda: not unfinished(fleet), within=120)
        assert [told(fleet, one) for one in writers] == [Counter(one.letters) for one in writers]
        checks = {one["check"]: one for one in quill(fleet, "doctor", "--json").json}
        assert checks["copy"]["state"] == "ok"
