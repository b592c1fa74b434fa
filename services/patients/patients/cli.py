"""Patients' part of the `quill` command."""

import asyncio

import typer
from common.db import Database
from common.work import Work

from patients.fhir import open_fhir
from patients.index import rebuild
from patients.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The search index of patients.")


async def _rebuild_index(settings: Settings) -> tuple[int, int]:
    database = Database(settings.database_url.get_secret_value())
    try:
        async with open_fhir(settings.fhir_url, timeout=60.0) as fhir:
            return await rebuild(Work("patients", database, fhir))
    finally:
        await database.close()


@app.command()
def rebuild_index() -> None:
    """Make the search index anew from the FHIR server."""
    indexed, forgotten = asyncio.run(_rebuild_index(Settings()))
    typer.echo(f"{indexed} patients indexed, {forgotten} forgotten")
