"""What operators see of accepted writes, and that they can have one tried now."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from common import clock, operations
from common.audit import Actor
from common.db import Database
from common.operations import OperationKind, OperationRow, Outcome
from ops_house import House
from pydantic import BaseModel
from sqlalchemy import update
from sqlmodel import col

pytestmark = pytest.mark.anyio

SECRET = "Dear Mrs Example"


class Write(BaseModel):
    text: str


async def _perform(*_: object) -> None:
    return None


async def _finish(*_: object) -> Outcome:
    return Outcome(answer={})


KIND: OperationKind[None, Write, None] = OperationKind(
    name="letter.create", intent=Write, perform=_perform, finish=_finish
)


async def store(house: House, changes: Mapping[str, Any] | None = None, *, service: str = "letters") -> UUID:
    """An operation whose request was given up a moment ago, changed as told."""
    database = Database(house.databases[service])
    now = clock.now()
    waits = {"lease_until": now - timedelta(seconds=1), "next_try_at": now + timedelta(minutes=1)}
    async with database.transaction() as session:
        row = await operations.begin(session, KIND, Write(text=SECRET), actor=Actor(user_id=uuid4()), idempotency=None)
        await session.flush()
        await session.execute(
            update(OperationRow).where(col(OperationRow.id) == row.id).values(**waits | dict(changes or {}))
        )
    await database.close()
    return row.id


FAILED = {"state": "FAILED", "payload": None, "answer": {"type": "/problems/nhs-number-taken", "detail": SECRET}}
DONE = {"state": "DONE", "payload": None, "answer": {"letter_uid": "1"}}


async def test_list_tells_what_waits_and_never_what_is_in_it(house: House) -> None:
    letter, patient = await store(house, {"attempts": 7}), await store(house, service="patients")
    await store(house, FAILED)
    told = (await house.quill("operations", "ls", "--json")).json
    text = await house.quill("operations", "ls")
    assert [(one["service"], one["id"]) for one in told] == [("patients", str(patient)), ("letters", str(letter))]
    assert told[1]["attempts"] == 7
    assert set(told[0]) == {"service", "id", "kind", "state", "attempts", "created_at", "next_try_at", "refusal"}
    assert str(letter) in text.text
    assert max(map(len, text.lines)) <= 80
    assert SECRET not in text.text + str(told)


async def test_list_names_the_refusal_of_what_failed(house: House) -> None:
    failed = await store(house, FAILED)
    await store(house)
    told = await house.quill("operations", "ls", "--state", "failed", "--service", "letters", "--json")
    assert [(one["id"], one["state"], one["refusal"]) for one in told.json] == [
        (str(failed), "FAILED", "nhs-number-taken")
    ]
    assert SECRET not in told.text


async def test_list_without_operations_says_so(house: House) -> None:
    assert (await house.quill("operations", "ls")).text == "no operation waits\n"


@pytest.mark.parametrize("service", ["patients", "letters", "notify"])
async def test_retry_makes_an_intent_due_at_once(house: House, service: str) -> None:
    waiting = await store(house, service=service)
    database = Database(house.databases[service])
    told = await house.quill("operations", "retry", waiting)
    await asyncio.sleep(0.01)
    async with database.statement() as connection:
        taken = await operations.take_overdue(connection)
    await database.close()
    assert told.text == f"{service} tries {waiting} now\n"
    assert taken is not None
    assert taken.id == waiting


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (DONE, "is done; there is nothing to try"),
        (FAILED, "was refused for good (nhs-number-taken); its author has to write anew"),
        ({"lease_until": clock.now() + timedelta(days=1)}, "is being tried this moment"),
    ],
)
async def test_retry_of_anything_else_is_refused(house: House, changes: dict[str, object], why: str) -> None:
    stored = await store(house, changes)
    told = await house.quill("operations", "retry", stored)
    assert told.code == 1
    assert f"quill: {stored} {why}" in told.errors


async def test_retry_of_an_unknown_operation_is_refused(house: House) -> None:
    unknown = uuid4()
    told = await house.quill("operations", "retry", unknown)
    assert (told.code, told.errors) == (1, f"quill: there is no operation {unknown}\n")


async def test_command_says_that_the_database_does_not_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUILL_LETTERS_DATABASE_URL", "postgresql://letters:x@127.0.0.1:9/letters")
    told = await house.quill("operations", "ls")
    assert (told.code, told.errors) == (1, "quill: the database does not answer\n")
