"""What must be true after a run, seen from outside: in our API, in the backends, in the streams, on the devices."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from chaos import broker
from chaos.broker import Broker
from chaos.history import History
from chaos.people import House, number_of
from common.events import DURABLES
from e2e.client import Person
from fleet import Fleet
from native.settings import SERVICES

# What services say to administrators when backends misbehave, which they do here.
EXPECTED_ERRORS = {"openEHR answers unexpectedly", "event dead-lettered"}
WARM_SAMPLES, GROWTH_MIB = 6, 40
LONGEST_ANSWER_SECONDS = 10.5  # ten, and what a busy machine takes to notice
DURING_FAULTS = {0, 401, 412, 503, 504}
OPEN = {
    "operations": "SELECT count(*) FROM operations WHERE state = 'INTENT'",
    "outbox": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
    "deliveries": "SELECT count(*) FROM deliveries",
}
NAMESPACE = "quill"
LIST = (
    "SELECT c/uid/value AS uid FROM EHR e CONTAINS COMPOSITION c[openEHR-EHR-COMPOSITION.report.v1] "
    "WHERE e/ehr_id/value = $ehr_id"
)


@dataclass
class World:
    """What there is to look at."""

    fleet: Fleet
    history: History
    house: House
    clinician: Person
    poisoned: int
    memory: Mapping[int, Sequence[int]]


def unfinished(fleet: Fleet) -> dict[str, int]:
    """What the fleet has still to do; empty when it is done."""
    left = dict[str, int]()
    for service in SERVICES:
        with psycopg.connect(fleet.database(service)) as database:
            for table, query in OPEN.items():
                if table == "deliveries" and service != "notify":
                    continue
                ((number,),) = database.execute(query).fetchall()
                left |= {f"{service}: {table}": number} if number else {}
    return left | Broker(fleet).unfinished({one.name: one.event.stream() for one in DURABLES})


def check_letters(world: World) -> Iterator[str]:
    """Every acknowledged letter is there once, in our API and in the record, with what was written; nothing else is."""
    server = httpx.Client(auth=(world.fleet.openehr_user, world.fleet.openehr_password), timeout=10)
    with server:
        for record in world.house.records:
            listed = list(world.clinician.every(f"/api/patients/{record}/letters"))
            stored = _letters_of(server, world.fleet.openehr_url, record)
            if {one["uid"]: one["version"] for one in listed} != {uid: len(texts) for uid, texts in stored.items()}:
                yield f"record {record}: the API lists {len(listed)} letters, the openEHR server has {len(stored)}"
            yield from _compare(world.history, record, listed, stored)
            yield from _compare_versions(world.history, stored)


def _compare(
    history: History, record: str, listed: list[dict[str, Any]], stored: Mapping[str, list[list[str]]]
) -> Iterator[str]:
    said = {one.said["title"]: one for one in history.of("letter", "ok", "unknown") if one.said["patient_id"] == record}
    for title, number in Counter(one["title"] for one in listed).items():
        if number > 1:
            yield f"record {record}: {number} letters of one title"
        if title not in said:
            yield f"record {record}: a letter that nobody wrote"
    for one in listed:
        act = said.get(one["title"])
        if act and act.target not in {"", one["uid"]}:
            yield f"letter {one['uid']}: acknowledged as {act.target}"
        if act and act.said["body"] not in stored.get(one["uid"], [[]])[0]:
            yield f"letter {one['uid']}: the record does not hold what was written"
    for lost in {act.target for act in said.values() if act.target} - {one["uid"] for one in listed}:
        yield f"letter {lost}: acknowledged and lost"


def _compare_versions(history: History, stored: Mapping[str, list[list[str]]]) -> Iterator[str]:
    """Every later version is what one person wrote for it, and each acknowledged amendment is one."""
    wanted = history.of("amendment", "ok", "unknown")
    for uid, versions in stored.items():
        texts = dict(enumerate(versions, start=1))
        made = [act for act in wanted if act.target == uid and act.said["body"] in texts.get(act.said["version"], ())]
        for number in sorted(texts.keys() - {1} - {act.said["version"] for act in made}):
            yield f"letter {uid}: nobody wrote version {number}"
        for act in wanted:
            if act.outcome == "ok" and act.target == uid and act not in made:
                yield f"letter {uid}: version {act.said['version']} was acknowledged and lost"


def _letters_of(server: httpx.Client, url: str, record: str) -> dict[str, list[list[str]]]:
    """The letters that the openEHR server has of a patient: every text in each version of each."""
    subject = {"subject_id": record, "subject_namespace": NAMESPACE}
    ehr = server.get(f"{url}/ehr", params=subject)
    if ehr.status_code == 404:
        return {}
    ehr_id = ehr.json()["ehr_id"]["value"]
    found = server.post(f"{url}/query/aql", json={"q": LIST, "query_parameters": {"ehr_id": ehr_id}})
    newest = [row[0].split("::") for row in found.json()["rows"]]
    letters = {
        uid: [
            list(_texts(server.get(f"{url}/ehr/{ehr_id}/composition/{uid}::{system}::{number}").json()))
            for number in range(1, int(version) + 1)
        ]
        for uid, system, version in newest
    }
    if len(letters) != len(newest):
        letters["the same letter twice"] = []
    return letters


def _texts(node: Any) -> Iterable[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _texts(child)


def check_patients(world: World) -> Iterator[str]:
    """Every acknowledged patient is in the FHIR server and is found by name; no family came in twice."""
    for one in world.history.of("patient", "ok", "unknown"):
        found = _found(world, one.said["family"])
        if len(found) > 1:
            yield f"patient {one.target}: there are {len(found)} of them"
        if one.outcome == "ok":
            stored = httpx.get(f"{world.fleet.fhir_url}/Patient/{one.target}", timeout=10)
            if stored.status_code != 200 or one.said["family"] not in stored.text:
                yield f"patient {one.target}: acknowledged and not in the FHIR server"
            if found != [one.target]:
                yield f"patient {one.target}: acknowledged and not found by name"


def _found(world: World, family: str) -> list[str]:
    return [one["patient_id"] for one in world.clinician.get(f"/api/patients?q={family}").json()["items"]]


def check_updates(world: World) -> Iterator[str]:
    """Nobody's update was overwritten: a record counts at least what was acknowledged, at most what was tried."""
    for record in world.house.records:
        number = number_of(world.clinician.get(f"/api/patients/{record}/demographics").json())
        sure = [one for one in world.history.of("update", "ok") if one.target == record]
        perhaps = [one for one in world.history.of("update", "unknown") if one.target == record]
        if not len(sure) <= number <= len(sure) + len(perhaps):
            yield f"record {record}: counts {number}, {len(sure)} updates acknowledged, {len(perhaps)} unknown"


def check_events(world: World) -> Iterator[str]:
    """One event for each letter and version, published once, however often it was delivered."""
    written = [one for one in Broker(world.fleet).letters() if one.is_sound and one.subject in broker.WRITTEN]
    published = Counter(one.headers["ce-id"] for one in written if not one.is_copy)
    for event_id, number in published.items():
        if number > 1:
            yield f"event {event_id}: published {number} times"
    facts = [json.loads(data) for _, data in {(one.headers["ce-id"], one.data) for one in written}]
    told = Counter((fact["letter_uid"], fact["version"]) for fact in facts)
    for (uid, version), number in told.items():
        if number > 1:
            yield f"letter {uid}: {number} events of version {version}"
    for one in world.history.of("letter", "ok") + world.history.of("amendment", "ok"):
        if (one.target, one.said.get("version", 1)) not in told:
            yield f"letter {one.target}: version {one.said.get('version', 1)} was acknowledged and never announced"


def check_notifications(world: World) -> Iterator[str]:
    """Every version of a linked patient's letter is one notification, which their device was told and shows once."""
    for linked in world.house.linked:
        letters = world.clinician.every(f"/api/patients/{linked.patient_id}/letters")
        versions = Counter({one["uid"]: one["version"] for one in letters})
        notified = list(linked.person.every("/api/notifications"))
        per_letter = Counter(one["url"].rpartition("/")[2] for one in notified)
        if per_letter != versions:
            missing, surplus = versions - per_letter, per_letter - versions
            yield f"patient {linked.patient_id}: not notified of {missing}, too often of {surplus}"
        shown = {one.payload["notification_id"]: one.headers.get("topic") for one in linked.device.pushes}
        topics = Counter((one.payload["notification_id"], one.headers.get("topic")) for one in linked.device.pushes)
        if len(topics) != len(shown):
            yield f"patient {linked.patient_id}: a notification came under two topics and is shown twice"
        unheard = {one["id"] for one in notified if one["read_at"] is None} - set(shown)
        if unheard or set(shown) - {one["id"] for one in notified}:
            yield f"patient {linked.patient_id}: {len(unheard)} notifications never reached the device"


def check_dead_letters(world: World) -> Iterator[str]:
    """What cannot be handled was put aside by each durable that it came to, and nothing else was."""
    buried, followers = Broker(world.fleet).count("DLQ"), sum(broker.CREATED in one.subjects for one in DURABLES)
    if buried != world.poisoned * followers:
        yield f"{buried} dead letters of {followers} durables for {world.poisoned} poisoned messages"


def check_answers(world: World) -> Iterator[str]:
    """Nobody waited for longer than the contract says, and whoever was refused was told so as it says."""
    for call in world.history.calls:
        if call.seconds > LONGEST_ANSWER_SECONDS:
            yield f"{call.method} {call.path}: {call.seconds:.1f} s"
        if call.status not in DURING_FAULTS | {200, 201, 409}:
            yield f"{call.method} {call.path}: {call.status}"


def check_memory(world: World) -> Iterator[str]:
    """No service grows while it works, once it is warm."""
    for pid, seen in world.memory.items():
        warm = seen[WARM_SAMPLES:]
        if warm and (grown := warm[-1] - warm[0]) > GROWTH_MIB:
            yield f"process {pid} grew by {grown} MiB: {seen}"


def check_logs(world: World) -> Iterator[str]:
    """No service has met what it did not expect."""
    for name in (one for service in SERVICES for one in world.fleet.replicas(service)):
        for line in world.fleet.log(name).splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                yield f"{name} says outside of its log: {line[:200]}"
                continue
            if entry.get("level") in {"error", "critical"} and entry["event"] not in EXPECTED_ERRORS:
                yield f"{name}: {entry['event']} {entry.get('error', '')} {entry.get('at', '')}"


CHECKS = (
    *(check_letters, check_patients, check_updates, check_events),
    *(check_notifications, check_dead_letters, check_answers, check_memory, check_logs),
)
