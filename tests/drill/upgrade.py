"""An upgrade as it goes: on migrated databases replicas of the last release beside today's, then today's alone, while
people work."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from chaos import checks
from chaos.history import History
from chaos.people import Actor, House, new_linked
from chaos.world import look
from drill.people import Desk, Home
from drill.witness import Crossing, Witness
from e2e.client import eventually, new_staff
from e2e.push_receiver import PushReceiver, push_receiver
from fleet import Fleet, running_fleet
from native.settings import SERVICES
from quill_command import quill

TODAY, LAST = "today's", "the last release's"
VERSIONS = {name: version for service in SERVICES for name, version in ((service, TODAY), (f"{service}-2", LAST))}
REPLACED = [name for name, version in VERSIONS.items() if version == LAST]
# Every pair of services that have something to tell each other here.
TELLING = [
    ("letters", "notify"),
    ("patients", "letters"),
    ("auth", "notify"),
    ("letters", "auth"),
    ("patients", "auth"),
]
CROSSINGS = [Crossing(*pair, *versions) for pair in TELLING for versions in product((TODAY, LAST), repeat=2)]
DESKS = 3
CALLS_ALONE = 100
MORE_SECONDS = 60.0  # a slow machine may take so much longer for all crossings, and for these calls
REST_SECONDS = 60.0
# What people are told where all is well. Anything else, and no answer at all, is a request that failed.
WELL = {200, 201, 204}
CHECKS = (*checks.OF_DATA, checks.check_logs)


@dataclass(frozen=True)
class Upgrade:
    """What was seen of one.

    mixed, alone: the Python that ran each replica while both versions did, and in the end.
    served: how many requests each replica answered while both versions did.
    """

    mixed: dict[str, str]
    alone: dict[str, str]
    served: dict[str, int]
    calls: int
    failed: list[str]
    crossings: Counter[Crossing]
    letters: int
    pushes: int
    pushed_twice: list[str]
    faults: list[str]
    trail_is_whole: bool


def play(release: Path, folder: Path, *, seconds: float) -> Upgrade:
    """Upgrade a fleet while people work.

    Args:
        release: the Python of the last release.
        folder: where the fleet and the history lie; others may pass through it.
        seconds: how long both versions run side by side at least.
    """
    with (
        TemporaryDirectory() as scripts,
        _fleet(folder / "upgraded", Path(scripts), release) as fleet,
        push_receiver(fleet.push_port) as push_service,
    ):
        witness, history = Witness(fleet, VERSIONS), History(folder / "upgrade.jsonl")
        people = _people(fleet, history, push_service)
        with _at_work(people):
            _watch(witness, seconds)
            mixed, served = _pythons(fleet), _served(fleet)
            for name in REPLACED:
                _choose(Path(scripts), name, sys.executable)
            fleet.replace(*REPLACED, seconds=120)
            enough = len(history.calls) + CALLS_ALONE
            eventually(lambda: len(history.calls) >= enough, within=MORE_SECONDS)
        eventually(lambda: not checks.unfinished(fleet), within=REST_SECONDS)
        house = _whole(people)
        devices = [linked.device for linked in house.linked]
        shown = Counter(push.payload["notification_id"] for device in devices for push in device.pushes)
        world = look(fleet, history, house)
        faults = [found for check in CHECKS for found in check(world)]
        return Upgrade(
            mixed=mixed,
            alone=_pythons(fleet),
            served=served,
            calls=len(history.calls),
            failed=[f"{one.method} {one.path}: {one.status}" for one in history.calls if one.status not in WELL],
            crossings=witness.crossings(),
            letters=len(history.of("letter", "ok")),
            pushes=shown.total(),
            pushed_twice=[notification for notification, times in shown.items() if times > 1],
            faults=faults,
            trail_is_whole=quill(fleet, "audit", "verify").code == 0,
        )


@contextmanager
def _fleet(home: Path, scripts: Path, release: Path) -> Iterator[Fleet]:
    home.mkdir(mode=0o711)
    for name, version in VERSIONS.items():
        _choose(scripts, name, str(release) if version == LAST else sys.executable)
    replicas = ",".join(f"{service}=2" for service in SERVICES)
    with running_fleet(home, QUILL_REPLICAS=replicas, QUILL_PYTHON=f"{scripts}/{{name}}.sh") as fleet:
        yield fleet


def _choose(scripts: Path, name: str, python: str) -> None:
    """Have a replica run by this Python from its next start on."""
    script = scripts / f"{name}.sh"
    fresh = script.with_suffix(".new")
    fresh.write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
    fresh.chmod(0o700)
    fresh.rename(script)


def _pythons(fleet: Fleet) -> dict[str, str]:
    running = {name: fleet.processes[name]["pid"] for name in VERSIONS}
    return {name: Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0] for name, pid in running.items()}


def _served(fleet: Fleet) -> dict[str, int]:
    return {name: fleet.log(name).count('"event": "request"') for name in VERSIONS}


def _people(fleet: Fleet, history: History, push_service: PushReceiver) -> list[Desk | Home]:
    """As many patients as clinicians, each of whom writes to one of them and to those they register."""
    people: list[Desk | Home] = []
    for seed in range(DESKS):
        clinician = new_staff(fleet, "clinician")
        linked = new_linked(fleet, clinician, push_service)
        people += [
            Desk(clinician, history, House([linked.patient_id], [linked]), seed=seed),
            Home(linked, history, seed=seed),
        ]
    return people


def _whole(people: Sequence[Actor]) -> House:
    houses = [one.house for one in people if isinstance(one, Desk)]
    records = [record for house in houses for record in house.records]
    return House(records, [linked for house in houses for linked in house.linked])


@contextmanager
def _at_work(people: Sequence[Actor]) -> Iterator[None]:
    over = threading.Event()
    with ThreadPoolExecutor(len(people)) as pool:
        acting = [pool.submit(one.run, over) for one in people]
        try:
            yield
        finally:
            over.set()
    for one in acting:
        one.result()


def _watch(witness: Witness, seconds: float) -> None:
    """Let people work for so long, and on until every crossing was seen, or for long enough."""
    began = time.monotonic()
    missing = set(CROSSINGS)
    while (lasted := time.monotonic() - began) < seconds or (missing and lasted < seconds + MORE_SECONDS):
        time.sleep(1)
        witness.look()
        missing = set(CROSSINGS) - witness.crossings().keys()
