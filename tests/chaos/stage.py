"""The stage of a run: what whoever does harm can reach, what a harm is, and how they are done one after the other."""

import math
import random
import subprocess
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.broker import Broker
from chaos.history import History
from chaos.people import House
from chaos.proxy import FaultProxy
from e2e.client import Person
from e2e.push_receiver import Subscriber
from fleet import Fleet
from nats.errors import Error as NatsError

PAUSE_SECONDS = 0.5, 1.5
RECOVERY_SECONDS = 20.0  # a fleet that has not recovered by then is harmed all the same
INSIST_SECONDS = 120.0
LATER = 6  # places
LOOK_SECONDS = 0.1


class NotNow(Exception):
    """It could not be done, or not to its end."""


# What it was to be done to is dead or away just now.
SPOILED = (NotNow, KeyError, OSError, NatsError, subprocess.SubprocessError)


@dataclass
class SecondDevice:
    """One more device of somebody, which its push service gives up at some time.

    kept: how many pushes it had got by then.
    """

    person: Person
    id: str
    device: Subscriber
    kept: int | None = None

    @property
    def gone(self) -> bool:
        """Whether a push to it was answered so."""
        return self.kept is not None and len(self.device.pushes) > self.kept


@dataclass
class Stage:
    """Everything that can be reached.

    names: the fleet's processes.
    spared: those of them that nobody kills, so that it is seen how they grow.
    clustered: there are several brokers, which are left to a thread of their own.
    frozen: the pids of processes that stand still for a time of their own, and are not killed meanwhile.
    patience: how many seconds everybody has to be well again, and then to have nothing left to do.
    latest: the monotonic time at which things stop to go wrong where time is short, whatever was shown by then.
    drawn, done, missed: the kinds of what was to be done, of what was, and of what could not be, with the reason.
    broken: what went wrong with the run itself.
    """

    fleet: Fleet
    proxies: dict[str, FaultProxy]
    house: House
    history: History
    names: Sequence[str]
    second_devices: Sequence[SecondDevice] = ()
    spared: Sequence[str] = ()
    clustered: bool = False
    frozen: set[int] = field(default_factory=set)
    patience: float = 60.0
    latest: float = math.inf
    stop: threading.Event = field(default_factory=threading.Event)
    drawn: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

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
        done = tuple(self.done.items())  # others add to it meanwhile
        return sum(number for name, number in done if name.startswith(("kill ", "fail point ")))

    @property
    def letters(self) -> int:
        """How many letters people were told are stored so far."""
        return len(self.history.of("letter", "ok"))

    def replicas(self, service: str) -> list[str]:
        """The processes of a service that may be harmed, whether they run just now or not."""
        return [name for name in self.names if name.partition("-")[0] == service and name not in self.spared]

    def wait(self, seconds: float) -> None:
        """Leave it as it is for so long.

        Raises:
            NotNow: the run was over before.
        """
        if self.stop.wait(seconds):
            raise NotNow

    def recover(self, letters: int) -> None:
        """Wait until people have got so many letters more through, but not for ever."""
        enough, deadline = self.letters + letters, time.monotonic() + RECOVERY_SECONDS
        while self.letters < enough and time.monotonic() < deadline and not self.stop.wait(LOOK_SECONDS):
            pass


@dataclass(frozen=True)
class Todo:
    """A harm.

    kind: what it is called in the report.
    breaks: the parts of the fleet that may give no answer while it is done.
    """

    kind: str
    do: Callable[[], None]
    breaks: tuple[str, ...] = ()


type Draw = Callable[[Stage, random.Random], Sequence[Todo]]
# How many letters people get through between one harm and the next.
type Pace = Callable[[Stage, random.Random], int]


def play(stage: Stage, draw: Draw, chance: random.Random, pace: Pace = lambda *_: 0) -> None:
    """Do one after the other, each when people have recovered from the last, and draw anew when all is done, until the
    run is over. What cannot be done comes again a few places later."""
    while not stage.stop.is_set():
        deck = [*draw(stage, chance)]
        stage.drawn.update(one.kind for one in deck)
        while deck and not stage.stop.is_set():
            one = deck.pop(0)
            if not _do(stage, one):
                deck.insert(LATER, one)
            stage.stop.wait(chance.uniform(*PAUSE_SECONDS))
            stage.recover(pace(stage, chance))


def _do(stage: Stage, one: Todo) -> bool:
    began = time.monotonic()
    try:
        one.do()
    except SPOILED as error:
        stage.missed[f"{one.kind}: {type(error).__name__}"] += 1
        return False
    finally:
        stage.history.harm(one.kind, one.breaks, began=began)
    stage.done[one.kind] += 1
    return True


def thread(stage: Stage, name: str, act: Callable[..., None], *arguments: Any) -> threading.Thread:
    """Somebody of the run; whoever comes to an end by an error has broken it."""

    def run() -> None:
        try:
            act(*arguments)
        except Exception:  # noqa: BLE001 - whatever it is
            stage.broken.append(f"{name} came to an end:\n{traceback.format_exc()}")

    return threading.Thread(target=run, daemon=True)


@contextmanager
def working(threads: Sequence[threading.Thread], over: threading.Event) -> Iterator[None]:
    """Threads at work until the block ends, which sets what ends them."""
    for one in threads:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in threads:
            one.join()


def until_done(do: Callable[[], object], *, seconds: float = INSIST_SECONDS) -> None:
    """Try until it succeeds, since what it is done to may die in its middle."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            do()
            return
        except SPOILED:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)
