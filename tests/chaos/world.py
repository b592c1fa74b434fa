"""Everything that there is to look at after a run: read once, compared by the checks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg
from chaos.backends import AT_ONCE, Letters, Patients, letters_of, patients_of
from chaos.broker import Broker, Streams
from chaos.history import History
from chaos.people import House, Linked
from e2e.client import Person, demo_person
from e2e.push_receiver import Push
from fleet import Fleet
from native.home import Home, read_json

NOTIFICATIONS = "SELECT id, patient_id, cause_event_id, read_at FROM notifications WHERE letter_uid IS NOT NULL"


@dataclass(frozen=True)
class Notification:
    """What the patient was told of a version of a letter; `cause` is the id of the event."""

    id: str
    patient_id: str
    cause: str
    is_read: bool


@dataclass(frozen=True)
class Account:
    """What the account of a patient has: the ids in its inbox, and the pushes that came to its device."""

    patient_id: str
    inbox: Sequence[str]
    pushes: Sequence[Push]


@dataclass(frozen=True)
class World:
    """What there is to look at.

    records: whom people wrote to.
    others: who was there before them, the demo's patients.
    letters, patients: in the backends, those of everybody.
    shown: by record, the letters as our API shows them, with their text.
    found: by family, whom our API finds.
    streams: what each disk of the broker had when it was lost, and what the present one has.
    done: what went wrong, and how often.
    """

    fleet: Fleet
    history: History
    records: Sequence[str]
    others: Sequence[str]
    letters: Letters
    patients: Patients
    shown: Mapping[str, Sequence[dict[str, Any]]]
    found: Mapping[str, Sequence[str]]
    streams: Sequence[Streams]
    notifications: Sequence[Notification]
    accounts: Sequence[Account]
    done: Counter[str] = field(default_factory=Counter)


def look(fleet: Fleet, history: History, house: House, **more: Any) -> World:
    """Look at a fleet that has nothing left to do.

    Args:
        more: what only the run knows: done.
    """
    others = list((read_json(Home(fleet.home).seeded) or {}).values())
    families = [one.said["family"] for one in history.of("patient", "ok", "unknown", "fail")]
    with demo_person(fleet, "clinician") as clinician, ThreadPoolExecutor(AT_ONCE) as pool:
        return World(
            fleet=fleet,
            history=history,
            records=house.records,
            others=others,
            letters=letters_of(fleet, [*house.records, *others]),
            patients=patients_of(fleet),
            shown=dict(zip(house.records, pool.map(partial(_shown, clinician), house.records), strict=True)),
            found=dict(zip(families, pool.map(partial(_found, clinician), families), strict=True)),
            streams=Broker(fleet).lives(),
            notifications=_notifications(fleet),
            accounts=[_account(linked) for linked in house.linked],
            **more,
        )


def _shown(clinician: Person, record: str) -> list[dict[str, Any]]:
    path = f"/api/patients/{record}/letters"
    return [clinician.get(f"{path}/{one['uid']}").json() for one in clinician.every(path)]


def _found(clinician: Person, family: str) -> list[str]:
    return [one["patient_id"] for one in clinician.every("/api/patients", q=family)]


def _notifications(fleet: Fleet) -> list[Notification]:
    with psycopg.connect(fleet.database("notify")) as database:
        rows = database.execute(NOTIFICATIONS).fetchall()
    return [Notification(str(id), str(patient), str(cause), read is not None) for id, patient, cause, read in rows]


def _account(linked: Linked) -> Account:
    inbox = [one["id"] for one in linked.person.every("/api/notifications")]
    return Account(linked.patient_id, inbox, linked.device.pushes)
