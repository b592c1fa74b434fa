"""One run: a fleet behind proxies, people at its door, a nemesis, a rest, and a look at what is left."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from chaos import checks, failpoints, journal, judge, splits
from chaos.history import History
from chaos.judge import Seen
from chaos.people import Clinician, House, Reader, new_linked
from chaos.plan import Plan, Report
from chaos.planting import DETOURS, FAULT, SPARED
from chaos.proxy import FaultProxy
from chaos.stage import SecondDevice, Stage, play, thread
from chaos.watch import Watch
from chaos.world import look
from e2e.client import Person, demo_person, register
from e2e.push_receiver import PushReceiver, push_receiver
from fleet import Fleet, running_fleet
from native.home import Home, read_json, write_json, write_text
from native.ports import free_port

TESTS = Path(__file__).parents[1]
LINKED, CLINICIANS, SECOND_DEVICES = 8, 8, 3
REST_SECONDS = 60.0
TELL_SECONDS, LOOK_SECONDS = 5.0, 2.0
READ_SECONDS = 1.0  # a reader looks often enough so, and leaves the machine to those who write
SHARE = 0.5  # of what people are to write, while things go wrong; the rest may come when all is well again
# What a run keeps of its limit for becoming well, and for resting, a restored journal and the look at what is left.
HEALING_SECONDS, AFTERWARDS_SECONDS = 15.0, 60.0

type Tell = Callable[[str], None]
type Visit = Callable[[Stage], None]


def _pass(_stage: Stage) -> None:
    return None


def run(plan: Plan, *, folder: Path, tell: Tell, begin: Visit = _pass, end: Visit = _pass) -> Report:
    """Play a whole run.

    Args:
        plan: what it is to be.
        folder: where the fleet and the history lie; others may pass through it.
        tell: hears how far it is.
        begin: is called before people act.
        end: is called when all is done and quiet again.
    """
    began = time.monotonic()
    chance = random.Random(plan.seed)  # noqa: S311 - a run that can be repeated
    with prepared(folder, plan) as stage:
        tell(f"the fleet is up after {time.monotonic() - began:.0f} s")
        begin(stage)
        watch = Watch(stage.fleet, stage.history, names=stage.names, weighed=plan.form.spared)
        _act(plan, stage, watch, chance, tell=tell)
        left = _rest(stage)
        if stage.dump.exists():
            tell("letters gets its journal back as it was in the middle of the run")
            journal.restore(stage.fleet, "letters", stage.dump)
            _heal(stage)
            left |= _rest(stage)
        end(stage)
        faults = [*stage.broken, *plan.missing(stage)]
        faults += [f"{name}: {number} left after {stage.patience:.0f} s of rest" for name, number in left.items()]
        tell(f"quiet again after {time.monotonic() - began:.0f} s; looking at what is left")
        if not plan.form.spared:
            tell("no process lives long enough to see whether it grows")
        faults += _look(stage, watch, plan)
        if (seconds := time.monotonic() - began) > plan.limit:
            faults.append(f"it took {seconds:.0f} s, longer than {plan.limit:.0f}")
        return _report(plan, stage, faults, seconds=seconds)


def _look(stage: Stage, watch: Watch, plan: Plan) -> list[str]:
    """Every promise that was broken."""
    # What could not be done to its end may have been felt all the same.
    world = look(stage.fleet, stage.history, stage.house, done=stage.done + stage.missed)
    faults = [found for check in checks.CHECKS for found in check(world)]
    seen = Seen(stage.history, watch.memory, plan.form.spared, stage.second_devices, alone=plan.whole)
    return [*faults, *(found for check in judge.CHECKS for found in check(seen))]


def _report(plan: Plan, stage: Stage, faults: list[str], *, seconds: float) -> Report:
    return Report(
        seed=plan.seed,
        letters=len(stage.history.of("letter", "ok")),
        patients=len(stage.history.of("patient", "ok")),
        kills=stage.kills,
        fail_points=Counter(failpoints.reached(stage.fleet.home)),
        drawn=frozenset(stage.drawn),
        done=stage.done,
        missed=stage.missed,
        calls=len(stage.history.calls),
        seconds=seconds,
        faults=faults,
    )


@contextmanager
def prepared(folder: Path, plan: Plan) -> Iterator[Stage]:
    """The stage of a run before anybody acts: a fleet behind proxies, people who are known, and their push service."""
    began = time.monotonic()
    with _fleet(folder, plan) as (fleet, proxies), push_receiver(fleet.push_port) as push_service:
        stage = _prepare(fleet, proxies, push_service, plan, History(folder / "history.jsonl"))
        # A shortened run shares its machine, where what was killed may take as long to start again as all did at first.
        stage.patience = REST_SECONDS + (0 if plan.whole else time.monotonic() - began)
        stage.latest = began + plan.limit - HEALING_SECONDS - plan.quiet - AFTERWARDS_SECONDS
        yield stage


@contextmanager
def _fleet(folder: Path, plan: Plan) -> Iterator[tuple[Fleet, dict[str, FaultProxy]]]:
    form, home = plan.form, folder / "home"
    home.mkdir(mode=0o711)
    ports: dict[str, int] = {}
    for name in (*form.doors, *form.ways):
        ports[name] = free_port(avoid=ports.values())
    write_json(home / DETOURS, {name: ports[name] for name in form.doors})
    write_json(home / SPARED, [*form.spared])
    if plan.fault:
        write_text(home / FAULT, plan.fault)
    settings = {
        "QUILL_REPLICAS": form.replicas,
        "QUILL_APP_FACTORY": "chaos.planting:{service}",
        "PYTHONPATH": str(TESTS),
        "QUILL_TEST_CLOCK": "1",
        "OBSERVE": str(int(form.observed)),
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


def _prepare(
    fleet: Fleet, proxies: dict[str, FaultProxy], push_service: PushReceiver, plan: Plan, history: History
) -> Stage:
    with demo_person(fleet, "clinician") as clinician:
        linked = [new_linked(fleet, clinician, push_service) for _ in range(LINKED)]
    second = []
    for one in linked[:SECOND_DEVICES]:
        device = push_service.subscribe()
        second.append(SecondDevice(one.person, register(one.person, device)["id"], device))
    return Stage(
        fleet,
        proxies,
        House([one.patient_id for one in linked], linked),
        history,
        names=[*fleet.processes],
        second_devices=second,
        spared=plan.form.spared,
        clustered=bool(plan.form.ways),
    )


def _act(plan: Plan, stage: Stage, watch: Watch, chance: random.Random, *, tell: Tell) -> None:
    """Let people act while things go wrong, and for a while after all is well again."""
    over = threading.Event()
    people = [demo_person(stage.fleet, "clinician") for _ in range(CLINICIANS)]
    actors: list[Any] = [Clinician(one, stage.history, stage.house, seed=chance.getrandbits(32)) for one in people]
    readers = partial(Reader, history=stage.history, pause=READ_SECONDS)
    actors += [readers(one, seed=chance.getrandbits(32)) for one in stage.house.linked]
    chances = [random.Random(chance.getrandbits(32)) for _ in plan.form.draws]  # noqa: S311
    bad = [
        thread(stage, draw.__name__, play, stage, draw, own, plan.pace)
        for draw, own in zip(plan.form.draws, chances, strict=True)
    ]
    good = [thread(stage, type(actor).__name__, actor.run, over) for actor in actors]
    good.append(thread(stage, "watch", watch.run, over))
    wait = partial(go_on, stage, more=plan.more, tell=tell)
    try:
        for one in (*good, *bad):
            one.start()
        wait(partial(_lacking, plan, stage), seconds=plan.seconds, latest=stage.latest)
        stage.stop.set()
        for one in bad:
            one.join()
        _heal(stage)
        tell("; ".join(stage.broken) or "everybody is well again")
        wait(partial(plan.unwritten, stage), seconds=plan.quiet, latest=stage.latest + HEALING_SECONDS + plan.quiet)
    finally:
        stage.stop.set()
        over.set()
    for one in good:
        one.join()
    for person in people:
        person.http.close()


def _lacking(plan: Plan, stage: Stage) -> list[str]:
    """What there has to be more of while things go wrong."""
    return [*plan.unharmed(stage), *plan.unwritten(stage, share=SHARE)]


def go_on(
    stage: Stage, lacking: Callable[[], Sequence[str]], *, seconds: float, more: float, latest: float, tell: Tell
) -> None:
    """Let people act for so many seconds, and while something is lacking for up to so many more, but not for these
    beyond the latest time."""
    end = time.monotonic() + seconds
    last = min(latest, end + more)
    while (now := time.monotonic()) < end or (now < last and lacking()):
        still = "" if now < end else f"; {', '.join(lacking())}"
        harms = sum(stage.done.values())
        tell(f"{end - now:5.0f} s to go: {stage.letters} letters, {stage.kills} kills, {harms} harms{still}")
        time.sleep(min(TELL_SECONDS, end - now) if now < end else LOOK_SECONDS)


def _heal(stage: Stage) -> None:
    for proxy in stage.proxies.values():
        proxy.set(None)
    if stage.clustered and not splits.wait_until_whole(stage):
        stage.broken.append("the brokers are not in step a minute after all was well again")
    with Person(stage.fleet.url) as anybody:
        if ill := _still(lambda: _ill(anybody), seconds=stage.patience):
            stage.broken.append(f"not well {stage.patience:.0f} s after nothing went wrong any more: {ill}")


def _ill(anybody: Person) -> str:
    """What health says of a fleet that is not well."""
    with suppress(httpx.TransportError, ValueError):
        health = anybody.get("/api/health").json()
        return "" if health["status"] == "ok" else json.dumps(health)
    return "no answer"


def _rest(stage: Stage) -> dict[str, int]:
    """Wait until nothing is left to do; what is still left when the time is over."""
    return _still(lambda: checks.unfinished(stage.fleet), seconds=stage.patience)


def _still[T](look: Callable[[], T], *, seconds: float) -> T:
    """Look until there is nothing to see, or the time is over; what was seen last."""
    deadline = time.monotonic() + seconds
    while (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return seen
