"""`quill operations`: writes that were accepted, and how far they are. Never what is in them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer
from common import clock
from common.db import Database
from common.operations import OperationRow
from sqlalchemy import select, update
from sqlmodel import col

from ops import house
from ops.house import AsJson, Refused, Settings

app = typer.Typer(no_args_is_help=True, help="Accepted writes, and how far they are.")


class State(StrEnum):
    """Where an operation stands."""

    INTENT = "intent"
    FAILED = "failed"
    DONE = "done"

    @property
    def said(self) -> str:
        """The state in a sentence."""
        return {State.INTENT: "waits", State.FAILED: "was refused"}.get(self, "is done")


class Operating(StrEnum):
    """Who has operations."""

    PATIENTS = "patients"
    LETTERS = "letters"
    NOTIFY = "notify"


Only = Annotated[Operating | None, typer.Option(help="One service only")]


@app.command("ls")
def list_operations(
    state: Annotated[State, typer.Option(help="Which ones")] = State.INTENT,
    service: Only = None,
    limit: Annotated[int, typer.Option(min=1, max=10000, help="At most, for each service")] = 50,
    as_json: AsJson = False,
) -> None:
    """List operations, the oldest first: those that wait to be completed, or that were refused, or that are done."""

    async def look() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for one in [service] if service else Operating:
            async with Settings().database(one) as database:
                found += [{"service": one, **row} for row in await find(database, state=state, limit=limit)]
        return found

    found = house.run(look())
    if as_json:
        house.print_json(found)
        return
    rows = [(one["id"], one["kind"], one["attempts"], house.age(one["created_at"]), _then(one)) for one in found]
    then = {State.INTENT: "next try", State.FAILED: "refused as", State.DONE: ""}[state]
    house.print_table(("operation", "kind", "tries#", "age#", then), rows, without=f"no operation {state.said}")


def _then(one: dict[str, Any]) -> str:
    if one["state"] != "INTENT":
        return one["refusal"] or ""
    wait = (one["next_try_at"] - clock.now()).total_seconds()
    return f"in {house.span(wait)}" if wait > 0 else "now"


async def find(database: Database, *, state: State, limit: int) -> Sequence[dict[str, Any]]:
    """Operations in a state, the oldest first, without what they would write."""
    columns = (OperationRow.id, OperationRow.kind, OperationRow.state, OperationRow.attempts)
    times = (OperationRow.created_at, OperationRow.next_try_at)
    refusal = col(OperationRow.answer)["type"].astext.label("refusal")
    wanted = (
        select(*map(col, columns), *map(col, times), refusal)
        .where(col(OperationRow.state) == state.upper())
        .order_by(col(OperationRow.created_at))
        .limit(limit)
    )
    async with database.transaction() as session:
        rows = (await session.execute(wanted)).mappings().all()
    return [{**row, "refusal": (row["refusal"] or "").removeprefix("/problems/") or None} for row in rows]


@app.command()
def retry(
    operation: Annotated[UUID, typer.Argument(help="Id of an operation that waits")],
    service: Only = None,
    as_json: AsJson = False,
) -> None:
    """Have an operation that waits tried now rather than when its pause ends; its service does it within a second."""

    async def make_due() -> Operating:
        for one in [service] if service else Operating:
            async with Settings().database(one) as database:
                if await try_now(database, operation):
                    return one
        raise Refused(f"there is no operation {operation}")

    owner = house.run(make_due())
    if as_json:
        house.print_json({"operation": operation, "service": owner})
    else:
        typer.echo(f"{owner} tries {operation} now")


async def try_now(database: Database, operation: UUID) -> bool:
    """Make an intent due; False if this database has no such operation.

    Raises:
        Refused: it is settled, or somebody is at it this moment.
    """
    now = clock.now()
    waits = (
        col(OperationRow.id) == operation,
        col(OperationRow.state) == "INTENT",
        col(OperationRow.lease_until) < now,
    )
    due = update(OperationRow).where(*waits).values(next_try_at=now).returning(col(OperationRow.id))
    async with database.transaction() as session:
        if await session.scalar(due) is not None:
            return True
        known = await session.get(OperationRow, operation)
    if known is not None:
        raise Refused(_why_not(known, now=now))
    return False


def _why_not(known: OperationRow, *, now: datetime) -> str:
    if known.state == "DONE":
        return f"{known.id} is done; there is nothing to try"
    if known.state == "FAILED":
        slug = (known.answer or {}).get("type", "").removeprefix("/problems/")
        return f"{known.id} was refused for good ({slug}); its author has to write anew"
    return f"{known.id} is being tried this moment; look again in {(known.lease_until - now).total_seconds():.0f} s"
