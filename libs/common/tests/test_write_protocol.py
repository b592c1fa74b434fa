"""The write path under every fault that we could think of, in every order that there is time for.

A state machine starts requests, retries and completers, lets each go on to the next place where a process can die, and
there kills, freezes or fails it. Requests reach the backend late or never. After every step, and once more after all is
healed, what was promised must hold.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from common import operations
from common.operations import OperationRow, Outcome
from common.work import Work
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from write_machine import House, WriteProtocol, open_house

STEPS = 30
FOUND_ONLY = (Phase.generate,)  # what is found is not made shorter, which takes minutes
EXAMPLES = int(os.environ.get("QUILL_MODEL_EXAMPLES", "60"))
PHASES = tuple(Phase) if "QUILL_MODEL_EXAMPLES" in os.environ else FOUND_ONLY

# Steps that once broke a promise.
create, go_on, take_over, fail = (
    WriteProtocol.ask_to_create,
    WriteProtocol.go_on,
    WriteProtocol.take_over,
    WriteProtocol.fail,
)
STORIES = {
    "refused by one who was frozen until another took over": [
        (create, None, None, "bad"),
        *((go_on, 0, 4), (take_over, 10, 3), (go_on, 0, 5)),
    ],
    "the answer to the commit of an intent is lost": [(create, None, None, "good"), (go_on, 0, 2), (fail, 0, False, 0)],
    "finished by one who was frozen until another finished": [
        (create, None, None, "good"),
        *((go_on, 0, 4), (take_over, 10, 8), (go_on, 0, 5)),
    ],
}


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    with open_house(database_url) as opened:
        yield opened


def play(house: House, *, examples: int, phases: tuple[Phase, ...]) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        derandomize=True,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: WriteProtocol(house), settings=chosen)  # type: ignore[arg-type]


def test_every_promise_of_a_write_holds_under_every_fault(house: House) -> None:
    play(house, examples=EXAMPLES, phases=PHASES)


@pytest.mark.parametrize("steps", STORIES.values(), ids=STORIES)
def test_every_promise_of_a_write_holds_when(house: House, steps: list[tuple[Any, ...]]) -> None:
    WriteProtocol(house).play(*steps)


# Each of these takes one protection away, and the machine must see it.

type Remove = Callable[[pytest.MonkeyPatch], None]


def settle_what_another_has_taken_over(patch: pytest.MonkeyPatch) -> None:
    async def hold(session: AsyncSession, row: OperationRow) -> OperationRow:
        return await session.get_one(OperationRow, row.id)

    patch.setattr(operations, "hold", hold)


def store_a_known_key_again(patch: pytest.MonkeyPatch) -> None:
    async def insert(session: AsyncSession, row: OperationRow) -> bool:
        session.add(row)
        await session.flush()
        return True

    patch.setattr(operations, "_insert_unless_known", insert)


def announce_outside_of_the_closing_transaction(patch: pytest.MonkeyPatch) -> None:
    publish, carry_through = Work._publish, Work._carry_through
    outcomes: dict[UUID, Outcome] = {}

    def keep(_work: Work[Any], _session: AsyncSession, row: OperationRow, outcome: Outcome) -> None:
        outcomes[row.id] = outcome

    async def carry_through_and_publish(work: Work[Any], kind: Any, row: OperationRow) -> Any:
        completed = await carry_through(work, kind, row)
        async with work.transaction() as session:
            publish(work, session, row, outcomes[row.id])
        return completed

    patch.setattr(Work, "_publish", keep)
    patch.setattr(Work, "_carry_through", carry_through_and_publish)


def keep_what_an_operation_carried(patch: pytest.MonkeyPatch) -> None:
    def close(row: OperationRow, state: str, answer: dict[str, Any]) -> None:
        row.state, row.answer = state, dict(answer)

    patch.setattr(OperationRow, "close", close)


@pytest.mark.parametrize(
    "remove",
    [
        settle_what_another_has_taken_over,
        store_a_known_key_again,
        announce_outside_of_the_closing_transaction,
        keep_what_an_operation_carried,
    ],
    ids=lambda remove: remove.__name__,
)
def test_machine_sees_a_protection_that_is_gone(house: House, monkeypatch: pytest.MonkeyPatch, remove: Remove) -> None:
    remove(monkeypatch)
    with pytest.raises((AssertionError, IntegrityError)):
        play(house, examples=100, phases=FOUND_ONLY)
