"""What is broken to see each alert fire: real faults, each of which ends when its block does."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import httpx
import psycopg
from chaos import broker, splits, streams
from chaos.checks import unfinished
from chaos.nemesis import jump
from chaos.proxy import Fault as Bent
from chaos.stage import SPOILED, Stage, thread, until_done, working
from common.events import LetterCreated
from e2e.client import demo_person, eventually, new_patient
from e2e.push_receiver import Reply
from observe.asking import Alert
from quill_command import quill

KILL_SECONDS = 0.2
HOLD_SECONDS = 3.5  # longer than an alert calls slow, and shorter than a statement may take, so that nothing fails
SEARCHERS = 40  # twice as many as a replica has connections
FLOOD = 1500
AHEAD_SECONDS = 300.0
MANY = 10_000

type Labels = Mapping[str, str]

OPENEHR = {"service": "letters", "backend": "openehr"}
# What was in hand when its connection broke comes again after half a minute, which is as long as ever, unlike what an
# alert waits for; an ordered durable hands out nothing else until then.
IN_HAND = {"QuillConsumerStuck": {"durable": "auth-access-recorded-.+"}}


@dataclass(frozen=True)
class Fault:
    """Something that breaks.

    what: in words.
    happen: breaks it, and mends it at its end.
    alerts: those that it must make fire, with the labels that they must have (`Alert.is_about`).
    afterwards: those that fire when it is over.
    follow: what else may fire, because it follows from it, and about what: of others, or of these.
    """

    what: str
    happen: Callable[[Stage], AbstractContextManager[None]]
    alerts: Mapping[str, Labels]
    afterwards: Mapping[str, Labels] = field(default_factory=dict)
    follow: Mapping[str, Labels] = field(default_factory=dict)

    @property
    def drilled(self) -> set[str]:
        """The alerts that must fire."""
        return {*self.alerts, *self.afterwards}

    def explains(self, alert: Alert) -> bool:
        """Whether it is a reason for this alert to fire."""
        known = (self.alerts, self.afterwards, self.follow)
        return any(alert.name in one and alert.is_about(one[alert.name]) for one in known)


@contextmanager
def crashing(stage: Stage, *, names: Sequence[str]) -> Iterator[None]:
    """Processes that are killed again as often as they are started."""
    over = threading.Event()

    def kill() -> None:
        while not over.wait(KILL_SECONDS):
            for name in names:
                with suppress(*SPOILED):
                    stage.fleet.kill(name)

    with working([thread(stage, "killer", kill)], over):
        yield


def bent(stage: Stage, *, backend: str, fault: Bent) -> AbstractContextManager[None]:
    """A backend that cannot be reached as it should be; all its servers, if it has several."""
    doors = (name for name in stage.proxies if name not in splits.WAYS and name.partition("-")[0] == backend)
    return splits.bent((stage.proxies[name] for name in doors), fault)


def cut_off(stage: Stage, *, node: str) -> AbstractContextManager[None]:
    """A server of NATS that neither the others nor clients can reach."""
    return splits.bent((stage.proxies[name] for name in (node, *splits.ways(node))), "reset")


@contextmanager
def openehr_refusing(stage: Stage) -> Iterator[None]:
    """The openEHR server answers 503, and a patient has been registered who needs a record there."""
    with bent(stage, backend="openehr", fault="503"):
        with demo_person(stage.fleet, "clinician") as clinician:
            new_patient(clinician)
        yield


@contextmanager
def openehr_hanging_for_long(stage: Stage) -> Iterator[None]:
    """The openEHR server hangs, and once a write waits for it, minutes pass."""
    with bent(stage, backend="openehr", fault="black hole"):
        eventually(lambda: unfinished(stage.fleet).get("letters: operations"), within=60, pause=1)
        jump(stage, AHEAD_SECONDS)
        yield


@contextmanager
def full(stage: Stage, *, stream: str) -> Iterator[None]:
    """A stream that takes nothing more."""
    stage.broker.limit(stream, 0)
    try:
        yield
    finally:
        until_done(lambda: stage.broker.limit(stream, None))


@contextmanager
def poisoned(stage: Stage) -> Iterator[None]:
    """An event that nobody can make sense of, until its dead letters are dropped."""
    streams.poison(stage)
    try:
        yield
    finally:
        dropped = quill(stage.fleet, "dlq", "drop", "--all", "--yes")
        assert dropped.code == 0, dropped.errors


@contextmanager
def pushes_answered(stage: Stage, *, reply: Reply) -> Iterator[None]:
    """A push service that answers every push so."""
    devices = [*(one.device for one in stage.house.linked), *(one.device for one in stage.second_devices)]
    for device in devices:
        device.replies[:] = [reply] * MANY
    try:
        yield
    finally:
        for device in devices:
            device.replies.clear()


@contextmanager
def locked(stage: Stage, *, service: str, table: str) -> Iterator[None]:
    """A table that somebody holds for themselves."""
    with psycopg.connect(stage.fleet.database(service)) as database:
        database.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def locked_again_and_again(stage: Stage) -> Iterator[None]:
    """Whoever stores what letters announces waits, and gets through before it is given up."""
    over = threading.Event()

    def hold() -> None:
        while not over.is_set():
            with locked(stage, service="letters", table="outbox"):
                over.wait(HOLD_SECONDS)

    with working([thread(stage, "holder", hold)], over):
        yield


@contextmanager
def crowded(stage: Stage) -> Iterator[None]:
    """More people search than there are connections, while the index is locked."""
    over = threading.Event()
    with demo_person(stage.fleet, "clinician") as clinician:

        def search() -> None:
            while not over.is_set():
                with suppress(httpx.TransportError):
                    clinician.get("/api/patients?q=Family&limit=5")

        searchers = [thread(stage, "searcher", search) for _ in range(SEARCHERS)]
        try:
            with locked(stage, service="patients", table="indexed_patients"):
                for one in searchers:
                    one.start()
                yield
        finally:
            over.set()
            for one in searchers:
                one.join()


@contextmanager
def flooded(stage: Stage) -> Iterator[None]:
    """Many events come while notify can handle none."""

    def created() -> list[broker.Message]:
        return [one for one in stage.broker.letters() if one.is_sound and one.subject == LetterCreated.subject]

    known = eventually(created, within=30, pause=1)
    with locked(stage, service="notify", table="inbox"):
        stage.broker.publish("letters", [broker.again(known[number % len(known)]) for number in range(FLOOD)])
        yield


FAULTS = (
    Fault(
        "both replicas of notify crash whenever they are started",
        partial(crashing, names=("notify", "notify-2")),
        {"QuillServiceDown": {"service": "notify"}},
        follow={"QuillReplicaDown": {"service": "notify"}},
    ),
    Fault(
        "one of two replicas of letters crashes whenever it is started",
        partial(crashing, names=("letters-2",)),
        {"QuillReplicaDown": {"service": "letters", "replica": "letters-2"}},
    ),
    Fault(
        "the FHIR server hangs",
        partial(bent, backend="fhir", fault="black hole"),
        {
            "QuillBackendDown": {"service": "patients", "backend": "fhir"},
            "QuillBackendFailing": {"service": "patients", "backend": "fhir"},
        },
        follow={
            "QuillBackendFailing": {"service": "letters", "backend": "patients"},
            "QuillErrors": {"service": "patients"},
            "QuillSlow": {"service": "patients"},
        },
    ),
    Fault(
        "the openEHR server answers 503",
        openehr_refusing,
        {"QuillErrors": {"service": "letters"}, "QuillConsumerStuck": {"durable": "letters-patient-created"}},
        follow={"QuillBackendDown": OPENEHR, "QuillBackendFailing": OPENEHR},
    ),
    Fault(
        "NATS cannot be reached",
        partial(bent, backend="nats", fault="reset"),
        {"QuillBlind": {"look": "consumers"}},
        follow={"QuillBackendDown": {"backend": "nats"}, **IN_HAND},
    ),
    Fault(
        "one of three NATS servers is cut off from the others and from clients",
        partial(cut_off, node="nats-2"),
        {"QuillNatsServerDown": {"server": "nats-2"}},
        follow=IN_HAND,
    ),
    Fault(
        "the stream of audit entries is full",
        partial(full, stream="AUDIT"),
        {"QuillOutboxLate": {"service": "letters"}},
        afterwards={"QuillAuditLate": {"durable": "auth-access-recorded-letters"}},
        follow={
            "QuillOutboxLate": {"service": "patients|notify"},
            "QuillAuditLate": {"durable": "auth-access-recorded-(patients|notify)"},
        },
    ),
    Fault(
        "an event that no consumer can make sense of",
        poisoned,
        {"QuillDeadLetters": {"durable": "notify-letter-created"}},
        follow={"QuillDeadLetters": {"durable": "notify-webhooks-letters"}},
    ),
    Fault(
        "a push service answers 403",
        partial(pushes_answered, reply=Reply(403)),
        {"QuillPushesRefused": {"service": "notify"}},
    ),
    Fault(
        "a push service hangs",
        partial(pushes_answered, reply=Reply(None)),
        {"QuillPushesFailing": {"service": "notify"}},
    ),
    Fault(
        "a table of letters is locked for 3.5 s, again and again",
        locked_again_and_again,
        {"QuillSlow": {"service": "letters"}},
        follow={"QuillBlind": {"service": "letters", "look": "backlogs"}},
    ),
    Fault(
        "40 people search at once while the index is locked",
        crowded,
        {"QuillDatabasePoolFull": {"service": "patients"}},
        follow={
            "QuillBlind": {"service": "patients", "look": "backlogs"},
            "QuillErrors": {"service": "patients"},
            "QuillSlow": {"service": "patients"},
        },
    ),
    Fault(
        "1,500 events come while a table of notify is locked",
        flooded,
        {"QuillConsumerBehind": {"durable": "notify-letter-created"}},
        follow={
            "QuillConsumerBehind": {"durable": "notify-webhooks-letters"},
            "QuillConsumerStuck": {"durable": "notify-.+"},
            "QuillDatabasePoolFull": {"service": "notify"},
            "QuillBlind": {"service": "notify", "look": "backlogs"},
            "QuillErrors": {"service": "notify"},
            "QuillSlow": {"service": "notify"},
        },
    ),
    Fault(
        "the openEHR server hangs, and the clocks go on by five minutes",
        openehr_hanging_for_long,
        {"QuillWritesLate": {"service": "letters"}},
        follow={
            "QuillConsumerStuck": {"durable": "letters-patient-created"},
            "QuillBackendFailing": OPENEHR,
            "QuillErrors": {"service": "letters"},
            "QuillSlow": {"service": "letters"},
            # By the clocks: entries on their way are old at once, and of NATS nothing is heard until auth's next beat.
            "QuillAuditLate": {"durable": "auth-access-recorded-.+"},
            "QuillBackendDown": {"backend": "openehr|nats"},
        },
    ),
)
