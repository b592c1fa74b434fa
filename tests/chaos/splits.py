"""What happens to a cluster of brokers during a run: one of the three at a time is killed, frozen, robbed of its disk,
or cut off from the others, from its clients, or from both. The next one waits until the last is in step again."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from itertools import permutations

import httpx
from chaos.proxy import Fault, FaultProxy
from chaos.stage import Stage, Todo
from fleet import Fleet
from native.home import Home, read_json

NODES = ("nats-0", "nats-1", "nats-2")
# Each way from one broker to another has a proxy of its own, beside the door of each for clients.
WAYS = [f"{one}>{other}" for one, other in permutations(NODES, 2)]
# Shorter and longer than an election (4 to 9 s) and than a leader needs to notice that nobody follows (10 s).
AWAY_SECONDS = 4.0, 20.0
WHOLE_SECONDS = 60.0


def ways(node: str) -> list[str]:
    """The ways between a broker and the others."""
    return [way for way in WAYS if node in way.split(">")]


def splits(stage: Stage, chance: random.Random) -> list[Todo]:
    """Everything that happens to a broker, in an order of its own, each to one or another of them."""
    cuts: list[tuple[bool, bool, Fault]] = [
        *((True, False, fault) for fault in ("black hole", "reset")),
        *((False, True, fault) for fault in ("black hole", "reset")),
        *((True, True, fault) for fault in ("black hole", "reset", "latency")),
    ]
    todo = [
        *(_cut(stage, chance, peers=peers, clients=clients, fault=fault) for peers, clients, fault in cuts),
        _todo(stage, "kill a broker", partial(_kill, stage, chance, away=False)),
        _todo(stage, "kill a broker and keep it away", partial(_kill, stage, chance, away=True)),
        _todo(stage, "freeze a broker", partial(_freeze, stage, chance)),
        _todo(stage, "kill a broker and take its disk", partial(_lose_disk, stage, chance)),
    ]
    return chance.sample(todo, len(todo))


def _todo(stage: Stage, kind: str, do: Callable[[], None]) -> Todo:
    def one_at_a_time() -> None:
        try:
            do()
        finally:
            if not wait_until_whole(stage):
                stage.missed["brokers in step again within a minute"] += 1

    return Todo(kind, one_at_a_time, ("nats",))


def count(done: Mapping[str, int]) -> int:
    """How much of what was done was done to a broker of a cluster."""
    return sum(number for kind, number in done.items() if "a broker" in kind)


def _cut(stage: Stage, chance: random.Random, *, peers: bool, clients: bool, fault: Fault) -> Todo:
    def cut() -> None:
        node = chance.choice(NODES)
        names = [*(ways(node) if peers else ()), *([node] if clients else ())]
        with bent((stage.proxies[name] for name in names), fault):
            stage.wait(chance.uniform(*AWAY_SECONDS))

    both = " and ".join([*(["the others"] if peers else ()), *(["clients"] if clients else ())])
    return _todo(stage, f"cut a broker off from {both}, by {fault}", cut)


@contextmanager
def bent(proxies: Iterable[FaultProxy], fault: Fault) -> Iterator[None]:
    """All of them do this for a while."""
    chosen = list(proxies)
    for proxy in chosen:
        proxy.set(fault)
    try:
        yield
    finally:
        for proxy in chosen:
            proxy.set(None)


def _kill(stage: Stage, chance: random.Random, *, away: bool) -> None:
    """Kill -9; the launcher starts it again at once, and nobody finds it for a while where it is to stay away."""
    node = chance.choice(NODES)
    with bent((stage.proxies[name] for name in [node, *ways(node)] if away), "reset"):
        stage.fleet.kill(node)
        stage.wait(chance.uniform(*AWAY_SECONDS) if away else 0)


def _freeze(stage: Stage, chance: random.Random) -> None:
    pid = stage.fleet.kill(chance.choice(NODES), signal.SIGSTOP)
    try:
        stage.wait(chance.uniform(*AWAY_SECONDS))
    finally:
        os.kill(pid, signal.SIGCONT)


def _lose_disk(stage: Stage, chance: random.Random) -> None:
    """A broker begins anew with an empty disk, and gets everything back from the two others."""
    stage.fleet.lose_broker_store(chance.choice(NODES))


def wait_until_whole(stage: Stage) -> bool:
    """Whether each broker has everything again within a minute."""
    deadline = time.monotonic() + WHOLE_SECONDS
    while not (whole := is_whole(stage.fleet)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return whole


def is_whole(fleet: Fleet) -> bool:
    """Whether every broker says that it is in step with the others, in each stream and durable."""
    ports = read_json(Home(fleet.home).ports)
    with suppress(httpx.TransportError):
        answers = [httpx.get(f"http://127.0.0.1:{ports[f'{node}-monitor']}/healthz", timeout=5) for node in NODES]
        return all(answer.status_code == 200 for answer in answers)
    return False
