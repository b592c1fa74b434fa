"""The command of the audit trail, for whoever has to trust it."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from common.db import Database, StorageUnavailable
from pydantic import TypeAdapter

from auth.audit import service
from auth.audit.service import Verdict
from auth.settings import Settings

VERDICTS = TypeAdapter(list[Verdict])

app = typer.Typer(no_args_is_help=True, help="The audit trail.")


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
    noted: Annotated[Path | None, typer.Option(help="What --json printed earlier; it must still be true")] = None,
) -> None:
    """Walk along every chain and name the first entry that is not as it was stored; exit code 1 when there is one.

    Note what it prints in another place: whoever owns the database can write a whole chain anew, but none that leads
    through a head that was noted.
    """
    known = VERDICTS.validate_json(noted.read_bytes()) if noted else []
    try:
        verdicts = asyncio.run(_verify(known))
    except StorageUnavailable as error:
        typer.echo(f"audit: {error.title}", err=True)
        raise typer.Exit(2) from None
    typer.echo(VERDICTS.dump_json(verdicts, indent=1) if as_json else "\n".join(map(_line, verdicts)))
    raise typer.Exit(any(one.fault for one in verdicts))


async def _verify(known: list[Verdict]) -> list[Verdict]:
    noted = {one.source: one.head for one in known}
    database = Database(Settings().database_url.get_secret_value(), pool_size=1)
    try:
        return [await service.verify(database, source, noted=noted.get(source)) for source in service.SOURCES]
    finally:
        await database.close()


def _line(verdict: Verdict) -> str:
    fault = verdict.fault
    end = f"BROKEN at {fault.position}, {fault.reason}: {fault.entry_id or 'no entry'}" if fault else "sound"
    span = f"{verdict.pruned.position + 1} to {verdict.head.position}"
    return f"{verdict.source:<9}{span}, head {verdict.head.hash.hex()}: {end}"
