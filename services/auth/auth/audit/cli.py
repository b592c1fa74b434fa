"""The commands of the audit trail, for whoever has to trust it."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from common.db import Database, StorageUnavailable

from auth.audit import service
from auth.audit.chain import Link
from auth.audit.service import Verdict
from auth.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The audit trail.")


@app.callback()
def _audit() -> None:
    """Without it, typer would take the one command for the whole."""


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
    noted: Annotated[
        Path | None, typer.Option(help="What --json printed earlier, kept elsewhere: the trail must still lead there")
    ] = None,
) -> None:
    """Walk along every chain and name the first entry that is not as it was stored; exit code 1 when there is one.

    Note the heads in another place: who owns the database could write a whole chain anew, but not one that leads there.
    """
    known = json.loads(noted.read_text())["chains"] if noted else {}
    heads = {source: Link(one["position"], bytes.fromhex(one["hash"])) for source, one in known.items()}
    try:
        verdicts = asyncio.run(_verify(heads))
    except StorageUnavailable as error:
        typer.echo(f"audit: {error.title}", err=True)
        raise typer.Exit(2) from None
    sound = all(verdict.fault is None for verdict in verdicts)
    typer.echo(_document(verdicts, sound=sound) if as_json else "\n".join(map(_line, verdicts)))
    raise typer.Exit(0 if sound else 1)


async def _verify(noted: dict[str, Link]) -> list[Verdict]:
    database = Database(Settings().database_url.get_secret_value(), pool_size=1)
    try:
        return [await service.verify(database, source, noted=noted.get(source)) for source in service.SOURCES]
    finally:
        await database.close()


def _line(verdict: Verdict) -> str:
    head, fault = verdict.head, verdict.fault
    place = (
        f"{verdict.source:<9} {head.position - verdict.pruned.position} entries, head {head.position} {head.hash.hex()}"
    )
    if fault is None:
        return f"{place}: sound"
    return f"{place}: BROKEN at {fault.position} (entry {fault.entry_id or 'not there'}): {fault.reason}"


def _document(verdicts: list[Verdict], *, sound: bool) -> str:
    chains = {
        one.source: {
            "position": one.head.position,
            "hash": one.head.hash.hex(),
            "pruned_position": one.pruned.position,
            "fault": one.fault
            and {"position": one.fault.position, "entry_id": str(one.fault.entry_id), "reason": one.fault.reason},
        }
        for one in verdicts
    }
    return json.dumps({"sound": sound, "chains": chains}, indent=1)
