"""What must be true after a run, seen from outside: in our API, in the backends, in the streams, on the devices.

What people were told, what the backends keep and what was announced are counted and compared: nearly every check is an
equality of two counts, as far as everybody was told how it ended.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from chaos.announced import check_dead_letters, check_events, check_notifications, check_pushed_twice, check_pushes
from chaos.broker import Broker
from chaos.counting import compare
from chaos.history import Act
from chaos.people import count_of, number_of
from chaos.world import World
from common.events import DURABLES
from fleet import Fleet
from native.settings import SERVICES

# What services say to administrators when backends misbehave, which they do here.
EXPECTED_ERRORS = {"openEHR answers unexpectedly", "event dead-lettered"}
OPEN = {
    "operations": "SELECT count(*) FROM operations WHERE state = 'INTENT'",
    "outbox": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
    "deliveries": "SELECT count(*) FROM deliveries",
}


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


def _by_id[T](acts: Sequence[Act], stored: Iterable[tuple[str, T]]) -> Counter[tuple[str, T]]:
    """What is stored, under its id where that was acknowledged: of the others nobody knows the id."""
    known = {act.target for act in acts}
    return Counter((id if id in known else "", one) for id, one in stored)


def check_letters(world: World) -> Iterator[str]:
    """Every acknowledged letter is in its record once, as it was written; nothing else is."""
    sure, perhaps = world.history.of("letter", "ok"), world.history.of("letter", "unknown")
    stored = [
        (uid, (record, *versions[0]))
        for record, letters in world.letters.items()
        for uid, versions in letters.items()
        if record not in world.others
    ]
    yield from compare("letter", _by_id(sure, stored), *map(_written, (sure, perhaps)))


def _written(acts: Sequence[Act]) -> Counter[tuple[str, tuple[str, str, str]]]:
    return Counter((act.target, (act.said["patient_id"], act.said["title"], act.said["body"])) for act in acts)


def check_amendments(world: World) -> Iterator[str]:
    """Every acknowledged amendment is the version that was acknowledged; every later version is what somebody wrote."""
    later = Counter(
        (uid, number, text.body)
        for letters in world.letters.values()
        for uid, versions in letters.items()
        for number, text in enumerate(versions, start=1)
        if number > 1
    )
    sure, perhaps = (
        Counter((act.target, act.said["version"], act.said["body"]) for act in world.history.of("amendment", outcome))
        for outcome in ("ok", "unknown")
    )
    yield from compare("version", later, sure, perhaps)


def check_api(world: World) -> Iterator[str]:
    """Our API shows the newest version of each letter that the openEHR server has, once."""
    shown = Counter[tuple[Any, ...]](
        (record, one.get("uid"), one.get("version"), one.get("title"), one.get("body"))
        for record, letters in world.shown.items()
        for one in letters
    )
    stored = Counter[tuple[Any, ...]](
        (record, uid, len(versions), *versions[-1])
        for record in world.records
        for uid, versions in world.letters[record].items()
    )
    yield from compare("letter in the API", shown, stored)


def check_patients(world: World) -> Iterator[str]:
    """Every acknowledged patient is in the FHIR server once and is found by name; nobody else is there."""
    sure, perhaps = world.history.of("patient", "ok"), world.history.of("patient", "unknown")
    known = {*world.others, *world.records} - {act.target for act in sure}
    stored = {id: versions[-1]["name"][0]["family"] for id, versions in world.patients.items() if id not in known}
    families = (Counter((act.target, act.said["family"]) for act in acts) for acts in (sure, perhaps))
    yield from compare("patient", _by_id(sure, stored.items()), *families)
    for family, found in world.found.items():
        if sorted(found) != sorted(id for id, name in stored.items() if name == family):
            yield f"patient {family}: found as {found} by name"


def check_updates(world: World) -> Iterator[str]:
    """Nobody's update was overwritten: each version counts one more than its predecessor, and is somebody's."""
    later = Counter[tuple[str, int, str]]()
    for id, versions in world.patients.items():
        counted = [number_of(one) for one in versions]
        if counted != list(range(len(versions))):
            yield f"patient {id}: versions count {counted}"
        later.update((id, number, count_of(one)) for number, one in enumerate(versions[1:], start=2))
    sure, perhaps = (
        Counter((act.target, act.said["version"], act.said["count"]) for act in world.history.of("update", outcome))
        for outcome in ("ok", "unknown")
    )
    yield from compare("update", later, sure, perhaps)


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


OF_DATA = (
    *(check_letters, check_amendments, check_api, check_patients, check_updates),
    *(check_events, check_notifications, check_pushes, check_dead_letters),
)
CHECKS = (*OF_DATA, check_pushed_twice, check_logs)
