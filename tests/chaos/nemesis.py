"""What happens to the fleet during a run, drawn from a seed. Three threads do it: one kills, one lets processes stand
still and starts them anew, one does all the rest, so that processes die in the middle of what else goes wrong. To a
cluster of brokers a fourth does it (splits.py)."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import zip_longest

from chaos import failpoints, journal, streams
from chaos.failpoints import POINTS
from chaos.proxy import HTTP_FAULTS, NETWORK_FAULTS, Fault
from chaos.stage import NotNow, Stage, Todo, until_done
from e2e.push_receiver import Reply
from native.home import write_text
from native.settings import SERVICES

HIT_SECONDS = 8.0
BEND_SECONDS = 1.5, 4.0
BROKER_AWAY_SECONDS = 20.0
PUSH_SECONDS = 15.0
# How often each is killed beside the fail points, and how long a pause its start deserves.
MORE_POINTS = 8
VICTIMS = {**dict.fromkeys(SERVICES, 3), "openehr": 2, "postgres": 2, "nats": 2, "caddy": 1, "fhir": 1}
HEAVY_SECONDS = 15.0  # the FHIR server takes longest to come back
# Where a process stands still, for longer than what it has taken is kept for it: the lease of an operation (9 s, and a
# second for the completer to look), the claim of a relay (5 s), a message (30 s), a push (20 s).
FREEZES = (
    ("letters", "operation-begun", 12.0),
    ("letters", "backend-after", 12.0),
    ("patients", "backend-after", 12.0),
    ("letters", "relay-before", 7.0),
    ("notify", "consumer-ack", 32.0),
    ("notify", "push-after", 22.0),
)
PUSH_REPLIES = (Reply(None), Reply(429), Reply(500))
GONE = [Reply(410)] * 1000
DUMP_PLACE = 3, 8


def killers(stage: Stage, chance: random.Random) -> list[Todo]:
    """Every death of a run, at a fail point or by kill -9 from outside, in turn, so that one that is cut short has had
    some of both; until there was one at each fail point, two of these for one from outside."""
    once = [(chance.choice([one for one in ("letters", "notify") if one in of]), point) for point, of in POINTS.items()]
    more = [(chance.choice(of), point) for point, of in chance.sample(sorted(POINTS.items()), MORE_POINTS)]
    first, then = (
        [Todo(f"fail point {point}", partial(_die_at, stage, service, point), (service,)) for service, point in points]
        for points in (_shuffled(chance, once), _shuffled(chance, more))
    )
    names = [name for name, times in VICTIMS.items() for _ in range(times) if name != "nats" or not stage.clustered]
    victims = [Todo(f"kill {name}", partial(kill, stage, name, chance), (name,)) for name in _shuffled(chance, names)]
    outside = iter(victims)
    turns = [*zip(first[::2], first[1::2], outside, strict=False), *zip_longest(outside, then)]
    return [one for turn in turns for one in turn if one is not None]


def freezers(stage: Stage, chance: random.Random) -> list[Todo]:
    """Processes that stand still for longer than others wait for them, and those that are started anew in good order,
    which breaks nothing where another takes over."""
    freezes = [
        Todo(f"freeze {service} at {point}", partial(_freeze_at, stage, service, point, seconds), (service,))
        for service, point, seconds in FREEZES
    ]
    number = Counter(name.partition("-")[0] for name in stage.names)
    restarts = [
        Todo(f"restart {service}", partial(_restart, stage, service), (service,) if number[service] == 1 else ())
        for service in SERVICES
    ]
    return _shuffled(chance, [*freezes, *restarts])


def troubles(stage: Stage, chance: random.Random) -> list[Todo]:
    """Everything else that goes wrong in a run, in an order of its own."""
    bent = [name for name in stage.proxies if not (stage.clustered and name.startswith("nats"))]
    faults: list[tuple[str, Fault]] = [(name, fault) for name in bent for fault in NETWORK_FAULTS]
    faults += [(name, fault) for name in ("fhir", "openehr") for fault in HTTP_FAULTS]
    lost: list[tuple[str, Fault]] = [(name, "drop the answer") for name in ("nats", "openehr") if name in bent]
    todo = [
        *(bend(stage, *one, seconds=chance.uniform(*BEND_SECONDS)) for one in (*lost, *chance.sample(faults, 8))),
        *(Todo("clock jump", partial(jump, stage, seconds)) for seconds in (5.0, 40.0)),
        *(Todo("events repeated", partial(streams.repeat_events, stage, chance)) for _ in range(2)),
        *(Todo("poison", partial(streams.poison, stage)) for _ in range(2)),
        *(Todo(f"pushes {reply.status or 'hang'}", partial(_push, stage, chance, reply)) for reply in PUSH_REPLIES),
        Todo("stream full", partial(streams.fill, stage)),
    ]
    if any(not one.gone for one in stage.second_devices):
        todo.append(Todo("pushes 410", partial(_end_device, stage)))
    if not stage.clustered:
        todo += [
            Todo("streams of letters lost", partial(streams.lose_letters, stage), ("nats",)),
            Todo("broker's disk lost", partial(streams.lose_disk, stage), ("nats",)),
            bend(stage, "nats", "black hole", seconds=BROKER_AWAY_SECONDS),
        ]
    todo = _shuffled(chance, todo)
    # Neither before there is much to lose, nor so late that a short run never comes to it.
    todo.insert(chance.randint(*DUMP_PLACE), Todo("dump", partial(journal.dump, stage.fleet, "letters", stage.dump)))
    return todo


def _shuffled[T](chance: random.Random, todo: Sequence[T]) -> list[T]:
    return chance.sample(todo, len(todo))


def kill(stage: Stage, name: str, chance: random.Random) -> None:
    """Kill one of the processes of a part; one that stands still is left to it, since how long it does so matters."""
    running = stage.fleet.processes
    awake = [one for one in stage.replicas(name) if one not in running or running[one]["pid"] not in stage.frozen]
    if not awake:
        raise NotNow
    stage.fleet.kill(chance.choice(awake))
    stage.stop.wait(HEAVY_SECONDS if name == "fhir" else 0)


def _die_at(stage: Stage, service: str, point: str) -> None:
    failpoints.arm(stage.fleet.home, service, point)
    if failpoints.wait(stage.fleet.home, service, point, seconds=HIT_SECONDS) is None:
        raise NotNow


def _freeze_at(stage: Stage, service: str, point: str, seconds: float) -> None:
    """Somebody takes over from a process that stands still in the middle of its work; then it goes on."""
    failpoints.arm(stage.fleet.home, service, point, signum=signal.SIGSTOP)
    pid = failpoints.wait(stage.fleet.home, service, point, signum=signal.SIGSTOP, seconds=HIT_SECONDS)
    if pid is None:
        raise NotNow
    stage.frozen.add(pid)
    try:
        stage.wait(seconds)
    finally:
        stage.frozen.discard(pid)
        os.kill(pid, signal.SIGCONT)


def _restart(stage: Stage, service: str) -> None:
    for name in stage.replicas(service):
        stage.fleet.replace(name)


def bend(stage: Stage, backend: str, fault: Fault, *, seconds: float) -> Todo:
    """Do something to the connections with a backend for so long."""

    def hold() -> None:
        stage.proxies[backend].set(fault)
        try:
            stage.wait(seconds)
        finally:
            stage.proxies[backend].set(None)

    return Todo(f"{backend}: {fault}", hold, (backend.partition("-")[0],))


def jump(stage: Stage, seconds: float) -> None:
    """Move the clocks of all services; one that is down takes it from the home as it starts. That of auth comes last,
    so that no token is of the future."""
    write_text(stage.fleet.home / "clock", str(stage.fleet.ahead + seconds))
    for name in sorted(stage.fleet.replicas(*SERVICES), reverse=True):
        until_done(partial(stage.fleet.set_clock, name))


def _push(stage: Stage, chance: random.Random, reply: Reply) -> None:
    for linked in chance.sample(stage.house.linked, min(3, len(stage.house.linked))):
        linked.device.replies.append(reply)


def _end_device(stage: Stage) -> None:
    """A push service says that a second device is gone, as often as it is asked."""
    second = next((one for one in stage.second_devices if not one.gone), None)
    if second is None:  # one that was asked to go before has gone meanwhile
        return
    if second.kept is None:
        second.kept = len(second.device.pushes)
        second.device.replies[:] = GONE
    end = time.monotonic() + PUSH_SECONDS
    while not second.gone:
        stage.wait(0.5)
        if time.monotonic() > end:
            raise NotNow
