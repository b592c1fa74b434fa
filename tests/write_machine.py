"""The write path as a state machine: what can happen to its workers, one step after another, and what must hold after
each. The steps are those of the real code, on a real PostgreSQL."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from common import clock
from common.audit import Actor
from common.db import StorageUnavailable
from common.errors import BackendUnavailable, BeingWorkedOn, KeyReused, OutcomeUnknown, QuillError, ReplayedError
from common.work import Work
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from write_stage import (
    TABLES,
    WRITE_DOCUMENT,
    Ledger,
    Row,
    StagedDatabase,
    Stored,
    Told,
    Worker,
    WriteDocument,
    look,
)

MOST_CLIENTS, MOST_WORKERS = 5, 8
QUIET_SECONDS = 0.02
ACTOR = Actor(user_id=uuid4(), roles=("clinician",))
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
EMPTY = "DELETE FROM operations; DELETE FROM outbox; DELETE FROM claims; DELETE FROM finished"
# What leaves open whether a write was accepted, and what says for sure that it was not, or not yet.
OPEN = (OutcomeUnknown,)
NOT_ACCEPTED = (StorageUnavailable, BeingWorkedOn, KeyReused)

some = st.integers(0, 7)
keys = st.sampled_from([None, None, "key 1", "key 2", "key 3", "key 4", "key 5", "key 6"])


@dataclass(frozen=True)
class House:
    """What outlives an example: the loop, and two ways into the database, of which the second one only looks."""

    runner: asyncio.Runner
    database: StagedDatabase
    observer: asyncpg.Connection


@contextmanager
def open_house(url: str) -> Iterator[House]:
    """A house on a database that has the common tables."""
    with asyncio.Runner() as runner:
        observer, database = runner.run(asyncpg.connect(url)), StagedDatabase(url)
        runner.run(observer.execute(TABLES))
        yield House(runner, database, observer)
        runner.run(database.close())
        runner.run(observer.close())


class WriteProtocol(RuleBasedStateMachine):
    """Clients, completers and the backend; a step chooses among them by number.

    Hypothesis makes up the steps. What it prints of a failure can be played without it: `play` takes the same steps.
    """

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house, self.ledger = house, Ledger()
        self.work = Work("patients", house.database, self.ledger, kinds=(WRITE_DOCUMENT,))
        self.workers: list[Worker] = []
        self.moved = asyncio.Event()
        self.seconds, self.number, self.sound = 0.0, 0, True
        self.run(house.observer.execute(EMPTY))
        clock.move_to(0)

    # What can happen. Each rule can always be chosen, so that the choice does not depend on the timing of a run; where
    # one has nothing to act on, it does another's work.

    @rule(key=keys, name=st.sampled_from([None, None, "ada", "bob"]), quality=st.sampled_from(["good", "good", "bad"]))
    def ask_to_create(self, key: str | None, name: str | None, quality: str) -> None:
        self.request(Told(WriteDocument(words=self.words(quality), name=name), key))

    @rule(key=keys, which=some, behind=st.sampled_from([0, 0, 0, 1]))
    def ask_to_update(self, key: str | None, which: int, behind: int) -> None:
        if not self.ledger.documents:
            return self.ask_to_create(key, None, "good")
        document = pick(list(self.ledger.documents), which)
        base = max(1, len(self.ledger.documents[document]) - behind)
        return self.request(Told(WriteDocument(document=document, base=base, words=self.words("good")), key))

    @rule(which=some, seconds=st.sampled_from([0, 0, 10]), places=st.integers(0, 8))
    def ask_again(self, which: int, seconds: float, places: int) -> None:
        keyed = [worker.told for worker in self.workers if worker.told and worker.told.key]
        told = pick(keyed, which) if keyed else Told(WriteDocument(words=self.words("good")), "key 1")
        self.pass_time(seconds)
        self.request(told, places=places)

    @rule(seconds=st.sampled_from([0, 10, 10, 70]), places=st.integers(0, 8))
    def take_over(self, seconds: float, places: int) -> None:
        """While everyone is frozen, leases run out, and a completer comes."""
        self.pass_time(seconds)
        self.request(None, places=places)

    @rule(which=some, places=st.integers(1, 5))
    def go_on(self, which: int, places: int) -> None:
        if self.standing:
            self.lead(pick(self.standing, which), places)

    @rule(which=some, slow=st.booleans(), places=st.integers(0, 5))
    def fail(self, which: int, slow: bool, places: int) -> None:
        if self.standing:
            worker = pick(self.standing, which)
            remote = TimeoutError() if slow else BackendUnavailable()
            worker.go_on(error=remote if worker.place in {"sent", "read"} else StorageUnavailable())
            self.lead(worker, places)

    @rule(which=some)
    def crash(self, which: int) -> None:
        if self.standing:
            pick(self.standing, which).crash()

    @rule(which=some, lost=st.sampled_from([False, False, True]))
    def land(self, which: int, lost: bool) -> None:
        if not self.ledger.in_flight:
            return self.go_on(which, 1)
        request = pick(self.ledger.in_flight, which)
        return self.ledger.in_flight.remove(request) if lost else self.ledger.land(request)

    @rule(which=some, name=st.sampled_from([None, "ada", "bob"]))
    def be_changed_by_outsiders(self, which: int, name: str | None) -> None:
        if name:
            self.ledger.names ^= {name}
        elif self.ledger.documents:
            self.ledger.documents[pick(list(self.ledger.documents), which)].append((None, "outside"))

    def play(self, *steps: tuple[Any, ...]) -> None:
        """Take these steps, each a method of this class with its arguments, and look after each."""
        for step, *arguments in steps:
            step(self, *arguments)
            self.everything_holds()
        self.teardown()

    # What must hold

    @invariant()
    def everything_holds(self) -> None:
        sound, self.sound = self.sound, False
        if sound:
            self.run(self.settle())
            self.check(self.run(look(self.house.observer)))
            self.sound = True

    def check(self, stored: Stored) -> None:
        by_target = {row.target_id: row for row in stored.rows}
        written = [mark for versions in self.ledger.documents.values() for mark, _ in versions if mark]
        assert len(set(written)) == len(written), "written twice"
        for mark in written:
            assert mark in by_target, "in the backend, and nobody knows of it"
            assert by_target[mark].state != "FAILED", "in the backend, although it was refused"
        done = [row for row in stored.rows if row.state == "DONE"]
        for row in done:
            self.check_done(row)
        assert stored.facts == Counter((row.answer["document"], row.answer["version"]) for row in done if row.answer)
        assert stored.entries == Counter(str(row.target_id) for row in done)
        for row in stored.rows:
            if row.state != "INTENT":
                assert row.payload is None
                assert self.intents[row.target_id].words not in json.dumps(row.answer)
        wanted = {row.target_id: self.intents[row.target_id].name for row in stored.rows if row.state != "FAILED"}
        assert stored.claims == {name: target for target, name in wanted.items() if name}
        for worker in self.workers:
            if worker.ended:
                self.check_answer(worker, stored)

    def check_done(self, row: Row) -> None:
        intent, answer = self.intents[row.target_id], row.answer or {}
        assert answer["version"] == intent.base + 1
        version = self.ledger.documents[UUID(answer["document"])][answer["version"] - 1]
        assert version == (row.target_id, intent.words), "done, and not in the backend"

    def check_answer(self, worker: Worker, stored: Stored) -> None:
        if worker.told is None:
            assert worker.result in (True, False, None) or isinstance(worker.result, StorageUnavailable)
            return
        key, result = worker.told.key, worker.result
        chosen = worker.target.int  # else it found the row of its key
        mine = [row for row in stored.rows if (row.target_id == worker.target if chosen else row.key == key)]
        if result is None or isinstance(result, OPEN):
            return
        if isinstance(result, NOT_ACCEPTED):
            assert worker.target not in {row.target_id for row in stored.rows}, "accepted, and told that it was not"
        elif isinstance(result, QuillError):
            assert result.status < 500
            assert all(row.state == "FAILED" for row in mine), "refused to the client, and not refused"
        else:
            assert not isinstance(result, Exception), repr(result)
            (row,) = mine
            assert (row.state, row.answer) == ("DONE", result.answer), "acknowledged, and not done"
            assert self.intents[row.target_id].words == worker.told.intent.words, "answered for another request"

    def teardown(self) -> None:
        try:
            if self.sound:
                self.heal()
        finally:
            self.run(self.leave())
            clock.move_to(0)

    def heal(self) -> None:
        """Whoever died within a transaction is rolled back; then completers work, and at last the frozen ones wake."""
        for worker in self.standing:
            if worker.place == "commit":
                worker.crash()
        self.run(self.complete_all())
        while self.alive:  # also whoever waited for a lock until now, and stands at the next place only then
            for worker in self.standing[:1]:
                worker.go_on(free=True)
            self.run(self.settle())
        self.run(self.complete_all())
        for request in list(self.ledger.in_flight):
            self.ledger.land(request)
        stored = self.run(look(self.house.observer))
        assert [row for row in stored.rows if row.state == "INTENT"] == []
        self.check(stored)
        self.run(self.ask_all_again(stored))
        self.check(self.run(look(self.house.observer)))

    async def complete_all(self) -> None:
        for _ in range(4):
            self.pass_time(100)
            while await self.work.complete_overdue():
                pass
            for request in self.ledger.in_flight[:1]:
                self.ledger.land(request)

    async def ask_all_again(self, stored: Stored) -> None:
        """Everyone hears what became of their request, in the same words each time."""
        for row in stored.rows:
            if row.key:
                told = Told(self.intents[row.target_id], row.key)
                if row.state == "FAILED":
                    with pytest.raises(ReplayedError):
                        await self.ask(told)
                else:
                    assert (await self.ask(told)).answer == row.answer

    # How it is done

    @property
    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if not worker.ended]

    @property
    def standing(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.stands]

    @property
    def intents(self) -> dict[UUID, WriteDocument]:
        return {worker.target: worker.told.intent for worker in self.workers if worker.told}

    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds
        clock.move_to(self.seconds)

    def words(self, quality: str) -> str:
        self.number += 1
        return f"{quality} words {self.number}."

    def request(self, told: Told | None, *, places: int = 0) -> None:
        """A client asks (None: a completer looks for work) and gets so far; with many under way, one of them does."""

        async def begin() -> Worker:
            return Worker((lambda: self.ask(told)) if told else self.work.complete_overdue, self.moved, told)

        if len(self.alive) < (MOST_CLIENTS if told else MOST_WORKERS):
            self.workers.append(self.run(begin()))
            self.lead(self.workers[-1], places)
        else:
            self.go_on(self.number, 5)

    def lead(self, worker: Worker, places: int) -> None:
        """Let a worker go on by so many places, while the others stand."""
        self.run(self.settle())
        while worker.stands and places:
            worker.go_on()
            self.run(self.settle())
            places -= 1

    async def ask(self, told: Told) -> Any:
        return await self.work.operation(WRITE_DOCUMENT, told.intent, actor=ACTOR, idempotency=told.idempotency)

    def run(self, coroutine: Any) -> Any:
        return self.house.runner.run(coroutine)

    async def settle(self) -> None:
        """Until each worker stands, has ended, or waits for a lock that one who stands has."""
        while moving := [worker for worker in self.alive if not worker.stands]:
            try:
                await asyncio.wait_for(self.moved.wait(), QUIET_SECONDS)
            except TimeoutError:
                if await self.house.observer.fetchval(WAITING) == len(moving):
                    return
            self.moved.clear()

    async def leave(self) -> None:
        for worker in self.alive:
            worker.crash()
        while self.alive:
            await asyncio.sleep(0.001)


def pick[T](among: list[T], which: int) -> T:
    return among[which % len(among)]
