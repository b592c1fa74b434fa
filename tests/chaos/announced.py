"""What must be true of what was announced: of events, notifications, pushes and dead letters."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from chaos import failpoints
from chaos.broker import Message, Streams
from chaos.counting import compare
from chaos.world import Account, World
from common.events import (
    DURABLES,
    LetterAmended,
    LetterCreated,
    LetterRead,
    LetterWithdrawn,
    PatientCreated,
    PatientUpdated,
)
from e2e.push_receiver import Push

CREATED, AMENDED = LetterCreated.subject, LetterAmended.subject
REGISTERED, UPDATED = PatientCreated.subject, PatientUpdated.subject
# What events are about that this looks at; a withdrawal is a version like any other.
KINDS = {one: one for one in (CREATED, AMENDED, REGISTERED, UPDATED)} | {LetterWithdrawn.subject: AMENDED}
ANNOUNCING = ("LETTERS", "PATIENTS")
FOLLOWERS = [one.name for one in DURABLES if CREATED in one.subjects]
# In whose middle a push may be accepted and that not be stored, so that it is sent again; beside deaths at fail points.
# Each takes along what a process has in hand just then: measured, seldom more than one, three on a busy machine.
IN_HAND = 4
SENT_AGAIN = ("kill notify", "kill postgres", "postgres: ", "clock jump")


class Fact(NamedTuple):
    """What an event announces."""

    subject: str
    patient_id: str
    about: str
    version: int


def check_events(world: World) -> Iterator[str]:
    """One event for each version of a letter and of a patient, of the right kind, published once to each disk."""
    letters = [
        Fact(CREATED if number == 1 else AMENDED, record, uid, number)
        for record, letters in world.letters.items()
        for uid, versions in letters.items()
        for number in range(1, len(versions) + 1)
    ]
    patients = [
        Fact(REGISTERED if number == 1 else UPDATED, id, id, number)
        for id, versions in world.patients.items()
        for number in range(1, len(versions) + 1)
    ]
    *lost, present = map(_told, world.streams)
    yield from compare("event", Counter(present.values()), Counter([*letters, *patients]))
    for told in lost:
        for event, fact in told.items() - present.items():
            yield f"event {event} of {fact}: not published again when the broker's disk was lost"
    for streams in world.streams:
        yield from _compare_ids(_published(streams))


def _compare_ids(published: list[Message]) -> Iterator[str]:
    for event, number in Counter(one.event for one in published).items():
        if number > 1:
            yield f"event {event}: published {number} times"
    for one in published:
        if one.headers.get("Nats-Msg-Id") != one.event:  # JetStream takes it for another each time
            yield f"event {one.event}: published as message {one.headers.get('Nats-Msg-Id')}"


def _told(streams: Streams) -> dict[str, Fact]:
    """By its id what each event says that a service has published."""
    return {one.event: _fact(one) for one in _published(streams) if one.subject in KINDS}


def _published(streams: Streams) -> list[Message]:
    return [one for name in ANNOUNCING for one in streams[name] if not one.staged]


def _fact(message: Message) -> Fact:
    told = json.loads(message.data)
    return Fact(KINDS[message.subject], told["patient_id"], told.get("letter_uid", told["patient_id"]), told["version"])


def check_notifications(world: World) -> Iterator[str]:
    """Every version of a letter is one notification, in the inbox of its patient and of nobody else."""
    told = {event: fact for event, fact in _told(world.streams[-1]).items() if fact.subject in (CREATED, AMENDED)}
    notified = Counter((one.patient_id, one.cause) for one in world.notifications)
    yield from compare("notification", notified, Counter((fact.patient_id, event) for event, fact in told.items()))
    for account in world.accounts:
        mine = Counter(one.id for one in world.notifications if one.patient_id == account.patient_id)
        yield from compare(f"notification in the inbox of {account.patient_id}", Counter(account.inbox), mine)


def check_pushes(world: World) -> Iterator[str]:
    """A device gets what its patient is told and shows each letter once; nobody needs to be told of what is outdated,
    or of what they have read before."""
    told, read = _told(world.streams[-1]), _read_afterwards(world.streams[-1])
    for account in world.accounts:
        letters = world.letters[account.patient_id]
        mine = [one for one in world.notifications if one.patient_id == account.patient_id and one.cause in told]
        got = set(_delivered(account))
        for one in mine:
            fact = told[one.cause]
            is_old = fact.version < len(letters.get(fact.about, ()))
            if one.id not in got and not (one.is_read and (is_old or one.cause in read)):
                yield f"notification {one.id} of {fact}: did not reach the device"
        for id in got - {one.id for one in mine}:
            yield f"notification {id}: came to a device of {account.patient_id}, and is of something else"
        about = {one.id: told[one.cause].about for one in mine}
        shown = {(about.get(_id(push), _id(push)), push.headers.get("topic")) for push in account.pushes}
        if not len(shown) == len({letter for letter, _ in shown}) == len({topic for _, topic in shown}):
            yield f"device of {account.patient_id}: letters and topics are not one to one: {sorted(map(str, shown))}"


def _read_afterwards(streams: Streams) -> set[str]:
    """The events of letters that their patient first read after them."""
    published = _published(streams)
    readings = {json.loads(one.data)["letter_uid"]: one.at for one in published if one.subject == LetterRead.subject}
    facts = [(one, _fact(one).about) for one in published if one.subject in KINDS]
    return {one.event for one, letter in facts if letter in readings and one.at <= readings[letter]}


def _id(push: Push) -> str:
    return str(push.payload["notification_id"])


def _delivered(account: Account) -> Counter[str]:
    return Counter(_id(push) for push in account.pushes if push.is_delivered)


def check_pushed_twice(world: World) -> Iterator[str]:
    """No push is sent again unless something may have happened between its acceptance and that being stored."""
    again = sum((got := _delivered(account)).total() - len(got) for account in world.accounts)
    deaths = len(list((world.fleet.home / failpoints.REACHED).glob("notify.*")))
    excuses = deaths + sum(number for name, number in world.done.items() if name.startswith(SENT_AGAIN))
    if again > excuses * IN_HAND:
        yield f"{again} pushes were sent again after they were accepted, for {excuses} deaths and faults"


def check_dead_letters(world: World) -> Iterator[str]:
    """What cannot be handled was put aside by each durable that it came to, once, and nothing else was."""
    for streams in world.streams:
        poison = [one.event for one in streams["LETTERS"] if one.staged == "poison"]
        expected = Counter(product(poison, FOLLOWERS))
        buried = Counter((one.event, one.subject.rpartition(".")[2]) for one in streams["DLQ"])
        # Before a disk was lost, there may not have been the time.
        sure = expected if streams is world.streams[-1] else expected & buried
        yield from compare("dead letter", buried, sure)
