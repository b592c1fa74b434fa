"""What happens to the fleet during a run, drawn from a seed. Two threads do it: one kills, the other does all the rest,
so that processes die in the middle of what else goes wrong. To a cluster of brokers a third does it (splits.py)."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, count, zip_longest
from pathlib import Path

from chaos import broker, failpoints, journal
from chaos.broker import Broker
from chaos.failpoints import POINTS
from chaos.people import House
from chaos.proxy import HTTP_FAULTS, NETWORK_FAULTS, Fault, FaultProxy
from e2e.push_receiver import Reply
from fleet import Fleet
from native.settings import SERVICES
from nats.errors import Error as NatsError

LEASE_AND_MORE_SECONDS = 12.0  # and a second for the completer to look
HIT_SECONDS = 8.0
PAUSE_SECONDS = 0.5, 2.5
BROKER_AWAY_SECONDS = 20.0
INSIST_SECONDS = 40.0
SPOILED = (KeyError, OSError, NatsError, subprocess.SubprocessError)
# How often each is killed beside the fail points, and how long a pause its start deserves.
MORE_POINTS = 8
VICTIMS = {**dict.fromkeys(SERVICES, 3), "openehr": 2, "postgres": 2, "nats": 2, "caddy": 1, "fhir": 1}
HEAVY_SECONDS = 15.0  # the FHIR server takes longest to come back


type Todo = Callable[[], None]


@dataclass
class Stage:
    """Everything that a nemesis can reach.

    clustered: there are several brokers, which are left to a thread of their own.
    memory: by process, the MiB that it had from time to time.
    """

    fleet: Fleet
    proxies: dict[str, FaultProxy]
    house: House
    stop: threading.Event
    clustered: bool = False
    done: Counter[str] = field(default_factory=Counter)
    memory: dict[int, list[int]] = field(default_factory=dict)

    @property
    def dump(self) -> Path:
        """The journal of letters as it was at some moment of the run."""
        return self.fleet.home / "letters.dump"

    @property
    def broker(self) -> Broker:
        return Broker(self.fleet)

    @property
    def kills(self) -> int:
        """How many processes have died so far."""
        return sum(number for name, number in self.done.items() if name.startswith(("kill ", "fail point ")))


type Draw = Callable[[Stage, random.Random], Sequence[Todo]]


def killers(stage: Stage, chance: random.Random) -> list[Todo]:
    """Every death of a run, in an order of its own: at each fail point, and by kill -9 from outside."""
    at = [(chance.choice([one for one in ("letters", "notify") if one in of]), point) for point, of in POINTS.items()]
    more = [(chance.choice(of), point) for point, of in chance.sample(sorted(POINTS.items()), MORE_POINTS)]
    points: list[Todo] = [partial(_die_at, stage, service, point) for service, point in (*at, *more)]
    names = [name for name, times in VICTIMS.items() for _ in range(times) if name != "nats" or not stage.clustered]
    victims: list[Todo] = [partial(_kill, stage, name, chance) for name in names]
    # In turn, so that a run that is cut short has had some of both.
    pairs = zip_longest(_shuffled(chance, points), _shuffled(chance, victims))
    return [one for pair in pairs for one in pair if one is not None]


def troubles(stage: Stage, chance: random.Random) -> list[Todo]:
    """Everything else that goes wrong in a run, in an order of its own."""
    bent = [name for name in stage.proxies if not (stage.clustered and name.startswith("nats"))]
    faults: list[tuple[str, Fault]] = [(name, fault) for name in bent for fault in NETWORK_FAULTS]
    faults += [(name, fault) for name in ("fhir", "openehr") for fault in HTTP_FAULTS]
    lost: list[tuple[str, Fault]] = [(name, "drop the answer") for name in ("nats", "openehr") if name in bent]
    todo: list[Todo] = [
        *(
            partial(_bend, stage, backend, fault, chance.uniform(1.5, 4))
            for backend, fault in (*lost, *chance.sample(faults, 8))
        ),
        *(partial(_freeze_at, stage, "letters", point) for point in ("operation-begun", "backend-after")),
        partial(_freeze_at, stage, "patients", "backend-after"),
        *(partial(_restart_politely, stage, name) for name in SERVICES),
        *(partial(_jump, stage, seconds) for seconds in (5.0, 40.0)),
        *(partial(_repeat_events, stage, chance) for _ in range(2)),
        *(partial(_poison, stage) for _ in range(2)),
        *(partial(_spoil_pushes, stage, chance, reply) for reply in (Reply(None), Reply(429), Reply(500))),
        partial(_fill_stream, stage),
        partial(_dump_journal, stage),
    ]
    if not stage.clustered:
        todo += [partial(_lose_disk, stage), partial(_bend, stage, "nats", "black hole", BROKER_AWAY_SECONDS)]
    return _shuffled(chance, todo)


def _shuffled(chance: random.Random, todo: Sequence[Todo]) -> list[Todo]:
    return chance.sample(todo, len(todo))


def play(stage: Stage, draw: Draw, chance: random.Random) -> None:
    """Do one after the other, and draw anew when all is done, until the run is over."""
    for one in chain.from_iterable(draw(stage, chance) for _ in count()):
        if stage.stop.is_set():
            return
        try:
            one()
        except SPOILED as error:  # what it was to be done to is dead or away just now
            stage.done[f"not done: {type(error).__name__}"] += 1
        stage.stop.wait(chance.uniform(*PAUSE_SECONDS))


def _kill(stage: Stage, name: str, chance: random.Random) -> None:
    stage.fleet.kill(chance.choice(stage.fleet.replicas(name) or [name]))
    stage.done[f"kill {name}"] += 1
    stage.stop.wait(HEAVY_SECONDS if name == "fhir" else 0)


def _die_at(stage: Stage, service: str, point: str) -> None:
    failpoints.arm(stage.fleet.home, service, point)
    if failpoints.wait(stage.fleet.home, service, point, seconds=HIT_SECONDS):
        stage.done[f"fail point {point}"] += 1


def _freeze_at(stage: Stage, service: str, point: str) -> None:
    """Somebody takes the lease of a process that stands still in the middle of a write; then it goes on."""
    failpoints.arm(stage.fleet.home, service, point, signum=signal.SIGSTOP)
    if pid := failpoints.wait(stage.fleet.home, service, point, seconds=HIT_SECONDS):
        stage.stop.wait(LEASE_AND_MORE_SECONDS)
        with suppress(ProcessLookupError):  # somebody may have killed it meanwhile
            os.kill(pid, signal.SIGCONT)
            stage.done[f"freeze at {point}"] += 1


def _restart_politely(stage: Stage, service: str) -> None:
    for name in stage.fleet.replicas(service):
        stage.fleet.kill(name, signal.SIGTERM)
        stage.done["restart"] += 1
        stage.stop.wait(5)


def _bend(stage: Stage, backend: str, fault: Fault, seconds: float) -> None:
    stage.proxies[backend].set(fault)
    stage.stop.wait(seconds)
    stage.proxies[backend].set(None)
    stage.done[f"{backend}: {fault}"] += 1


def _jump(stage: Stage, seconds: float) -> None:
    stage.fleet.move_clock(seconds)
    stage.done["clock jump"] += 1


def _repeat_events(stage: Stage, chance: random.Random) -> None:
    known = [one for one in stage.broker.letters() if one.is_sound][-40:]
    copies = [broker.again(one) for one in chance.sample(known, min(10, len(known)))]
    stage.broker.publish("letters", copies)
    stage.done["event delivered again, out of order"] += len(copies)


def _poison(stage: Stage) -> None:
    message = broker.poison()
    _until_done(lambda: stage.broker.publish("letters", [message]))
    stage.done["poison"] += 1


def _fill_stream(stage: Stage) -> None:
    stage.broker.limit("LETTERS", 0)
    try:
        stage.stop.wait(6)
    finally:
        _until_done(lambda: stage.broker.limit("LETTERS", None))
    stage.done["stream full"] += 1


def _lose_disk(stage: Stage) -> None:
    """The broker's disk is gone: streams are made anew, and filled with what the services have kept."""
    stage.fleet.lose_broker_store()
    environment = os.environ | {
        "QUILL_HOME": str(stage.fleet.home),
        "QUILL_NATS_URL": stage.fleet.nats_url,
        "QUILL_NATS_PASSWORD": stage.fleet.secrets["nats_provision"],
    }
    quill = str(Path(sys.executable).with_name("quill"))
    _insist([sys.executable, "-m", "provision"], environment)
    for service in SERVICES:
        _insist([quill, "events", "republish", service, "--since", "1h"], environment)
    stage.done["broker's disk lost"] += 1


def _insist(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run it until it succeeds, since somebody may die in its middle."""
    deadline = time.monotonic() + INSIST_SECONDS
    while subprocess.run(
        command, env=environment, check=time.monotonic() > deadline, timeout=60, stdout=subprocess.DEVNULL
    ).returncode:
        time.sleep(0.5)


def _until_done(todo: Todo) -> None:
    """The same of something that a broker is asked for."""
    deadline = time.monotonic() + INSIST_SECONDS
    while True:
        try:
            return todo()
        except SPOILED:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def _dump_journal(stage: Stage) -> None:
    journal.dump(stage.fleet, "letters", stage.dump)


def _spoil_pushes(stage: Stage, chance: random.Random, reply: Reply) -> None:
    for linked in chance.sample(stage.house.linked, min(3, len(stage.house.linked))):
        linked.device.replies.append(reply)
    stage.done[f"push service answers {reply.status or 'nothing'}"] += 1
