"""One run: a fleet behind proxies, people at its door, a nemesis, a rest, and a look at what is left."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from chaos import checks, failpoints, journal, nemesis, splits
from chaos.history import History
from chaos.nemesis import Draw, Stage
from chaos.people import Clinician, House, Reader, new_linked
from chaos.planting import DETOURS, FAULT
from chaos.proxy import FaultProxy
from chaos.world import look
from e2e.client import Person, demo_person, eventually
from e2e.push_receiver import PushReceiver, push_receiver
from fleet import Fleet, running_fleet
from native.home import Home, read_json, write_json, write_text
from native.ports import free_port
from native.settings import SERVICES

TESTS = Path(__file__).parents[1]
LINKED, CLINICIANS = 8, 8
REST_SECONDS = 60.0
WATCH_SECONDS = 5.0
MORE_SECONDS = 60.0


@dataclass(frozen=True)
class Form:
    """What the fleet of a run is like.

    doors: what services reach through proxies.
    draws: what goes wrong, each in a thread of its own.
    ways: between which brokers there are proxies, too.
    """

    doors: Sequence[str]
    replicas: str
    draws: Sequence[Draw]
    ways: Sequence[str] = ()


SINGLE = Form(("fhir", "openehr", "nats", "postgres"), "letters=2,notify=2", (nemesis.killers, nemesis.troubles))
CLUSTER = Form(
    doors=("fhir", "openehr", *splits.NODES, "postgres"),
    replicas=",".join(f"{service}=2" for service in SERVICES),
    draws=(nemesis.killers, nemesis.troubles, splits.splits),
    ways=splits.WAYS,
)


@dataclass(frozen=True)
class Plan:
    """What a run is to be.

    seed: what everything that happens is drawn from.
    seconds: how long people act while things go wrong; on a slow machine up to a minute more.
    letters, patients, kills: with fewer of these it has shown nothing, and has failed.
    fault: a protection to be taken away, from chaos.faults.
    form: what the fleet is like.
    """

    seed: int
    seconds: float
    letters: int = 0
    patients: int = 0
    kills: int = 0
    fault: str = ""
    form: Form = SINGLE

    def missing(self, history: History, stage: Stage) -> list[str]:
        """What there is too little of so far."""
        seen = {
            "letters": (len(history.of("letter", "ok")), self.letters),
            "patients": (len(history.of("patient", "ok")), self.patients),
            "kills": (stage.kills, self.kills),
        }
        return [f"{number} {name}, fewer than {least}" for name, (number, least) in seen.items() if number < least]


@dataclass(frozen=True)
class Report:
    """What came of a run."""

    seed: int
    letters: int
    patients: int
    kills: int
    fail_points: Counter[str]
    done: Counter[str]
    calls: int
    seconds: float
    faults: list[str]


def run(plan: Plan, *, folder: Path, tell: Callable[[str], None]) -> Report:
    """Play a whole run; the fleet and the history lie in `folder`, through which others may pass."""
    began = time.monotonic()
    chance = random.Random(plan.seed)  # noqa: S311 - a run that can be repeated
    with _fleet(folder, plan) as (fleet, proxies), push_receiver(fleet.push_port) as push_service:
        tell(f"the fleet is up after {time.monotonic() - began:.0f} s")
        history = History(folder / "history.jsonl")
        stage = Stage(fleet, proxies, _prepare(fleet, push_service), threading.Event(), clustered=bool(plan.form.ways))
        _act(plan, stage, history, chance, tell=tell)
        _heal(stage)
        left = _rest(fleet)
        if stage.dump.exists():
            tell("letters gets its journal back as it was in the middle of the run")
            journal.restore(fleet, "letters", stage.dump)
            _heal(stage)
            left |= _rest(fleet)
        faults = [f"{name}: {number} left after {REST_SECONDS:.0f} s of rest" for name, number in left.items()]
        faults += plan.missing(history, stage)
        tell(f"quiet again after {time.monotonic() - began:.0f} s; looking at what is left")
        world = look(fleet, history, stage.house, memory=stage.memory, done=stage.done)
        faults += [found for check in checks.CHECKS for found in check(world)]
        return Report(
            seed=plan.seed,
            letters=len(history.of("letter", "ok")),
            patients=len(history.of("patient", "ok")),
            kills=stage.kills,
            fail_points=Counter(failpoints.reached(fleet.home)),
            done=stage.done,
            calls=len(history.calls),
            seconds=time.monotonic() - began,
            faults=faults,
        )


@contextmanager
def _fleet(folder: Path, plan: Plan) -> Iterator[tuple[Fleet, dict[str, FaultProxy]]]:
    form, home = plan.form, folder / "home"
    home.mkdir(mode=0o711)
    ports: dict[str, int] = {}
    for name in (*form.doors, *form.ways):
        ports[name] = free_port(avoid=ports.values())
    write_json(home / DETOURS, {name: ports[name] for name in form.doors})
    if plan.fault:
        write_text(home / FAULT, plan.fault)
    settings = {
        "QUILL_REPLICAS": form.replicas,
        "QUILL_APP_FACTORY": "chaos.planting:{service}",
        "PYTHONPATH": str(TESTS),
        "QUILL_TEST_CLOCK": "1",
        **(_cluster({way: ports[way] for way in form.ways}) if form.ways else {}),
    }
    with ExitStack() as stack:
        proxies = {}
        for name, port in ports.items():
            proxies[name] = FaultProxy(port, target=partial(_port_of, home, name))
            stack.callback(proxies[name].stop)
        yield stack.enter_context(running_fleet(home, **settings)), proxies


def _cluster(ways: Mapping[str, int]) -> dict[str, str]:
    return {"QUILL_NATS_NODES": str(len(splits.NODES)), "QUILL_TEST_ROUTES": json.dumps(ways)}


def _port_of(home: Path, name: str) -> int:
    """Where a proxy leads: that of a way, to where the other broker takes its like in."""
    _, way, broker = name.rpartition(">")
    return int((read_json(Home(home).ports) or {})[f"{broker}-route" if way else name])


def _prepare(fleet: Fleet, push_service: PushReceiver) -> House:
    with demo_person(fleet, "clinician") as clinician:
        linked = [new_linked(fleet, clinician, push_service) for _ in range(LINKED)]
    return House([one.patient_id for one in linked], linked)


def _act(plan: Plan, stage: Stage, history: History, chance: random.Random, *, tell: Callable[[str], None]) -> None:
    """Let people act, and things go wrong, for so long; people go on for a little longer than the nemesis."""
    over = threading.Event()
    people = [demo_person(stage.fleet, "clinician") for _ in range(CLINICIANS)]
    actors: list[Any] = [Clinician(one, history, stage.house, seed=chance.getrandbits(32)) for one in people]
    actors += [Reader(one, history, seed=chance.getrandbits(32)) for one in stage.house.linked]
    bad = [
        threading.Thread(target=nemesis.play, args=(stage, draw, random.Random(chance.getrandbits(32))))  # noqa: S311
        for draw in plan.form.draws
    ]
    good = [threading.Thread(target=actor.run, args=(over,)) for actor in actors]
    for thread in (*good, *bad):
        thread.start()
    _watch(stage, history, seconds=plan.seconds, tell=tell)
    deadline = time.monotonic() + MORE_SECONDS
    while plan.missing(history, stage) and time.monotonic() < deadline:
        time.sleep(0.5)
    stage.stop.set()
    for thread in bad:
        thread.join()
    time.sleep(3)
    over.set()
    for thread in good:
        thread.join()
    for person in people:
        person.http.close()


def _watch(stage: Stage, history: History, *, seconds: float, tell: Callable[[str], None]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(WATCH_SECONDS)
        _look_at_memory(stage)
        letters = len(history.of("letter", "ok"))
        faults = sum(stage.done.values())
        tell(f"{end - time.monotonic():5.0f} s to go: {letters} letters, {stage.kills} kills, {faults} faults")


def _look_at_memory(stage: Stage) -> None:
    for name, process in stage.fleet.processes.items():
        if name.partition("-")[0] in SERVICES:
            with suppress(OSError, StopIteration):
                status = Path(f"/proc/{process['pid']}/status").read_text().splitlines()
                kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
                stage.memory.setdefault(process["pid"], []).append(kilobytes // 1024)


def _heal(stage: Stage) -> None:
    for proxy in stage.proxies.values():
        proxy.set(None)
    if stage.clustered:
        splits.wait_until_whole(stage)
    with Person(stage.fleet.url) as anybody:
        eventually(lambda: _is_well(anybody), within=REST_SECONDS)


def _is_well(anybody: Person) -> bool:
    with suppress(httpx.TransportError, ValueError):
        return bool(anybody.get("/api/health").json()["status"] == "ok")
    return False


def _rest(fleet: Fleet) -> dict[str, int]:
    """Wait until nothing is left to do; what is still left when the time is over."""
    deadline = time.monotonic() + REST_SECONDS
    while (left := checks.unfinished(fleet)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return left
