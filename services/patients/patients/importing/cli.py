"""The command `quill import`."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from common.db import Database
from common.errors import QuillError
from common.work import Work

from patients.fhir import open_fhir
from patients.importing.report import Report
from patients.importing.service import Import, Pace
from patients.importing.sources import Sources
from patients.operations import OPERATIONS
from patients.settings import Settings

ROWS_REFUSED, STOPPED = 1, 3
_URI = r"[A-Za-z][A-Za-z0-9+.\-]*:\S+"

app = typer.Typer(no_args_is_help=True, help="Bring in what other systems have.")


async def _import(settings: Settings, sources: Sources, report: Report, **how: Any) -> None:
    database = Database(settings.database_url.get_secret_value(), pool_size=how["at_once"])
    try:
        async with open_fhir(settings.fhir_url) as fhir:
            # The running service announces what is stored here, and completes what a killed run leaves behind.
            work = Work("patients", database, fhir, kinds=OPERATIONS)
            await Import(work=work, report=report, **how).run(sources)
    finally:
        await database.close()


def _named(source: str) -> str:
    if not re.fullmatch(_URI, source):
        raise typer.BadParameter("must be a URI that names the other system, such as https://pas.example.org/fhir")
    return source


@app.command()
def patients(  # noqa: PLR0913 - one for each option
    files: Annotated[list[Path], typer.Argument(help="Bundles, NDJSON, folders of both; - is NDJSON")],
    source: Annotated[str, typer.Option(callback=_named, help="URI of the system they come from; always the same one")],
    rate: Annotated[float | None, typer.Option(min=0.01, help="Patients a second at most")] = None,
    at_once: Annotated[int, typer.Option(min=1, max=32, help="Groups of up to 25 patients under way together")] = 4,
    patience: Annotated[float, typer.Option(min=0, help="Seconds to wait for a server that is away")] = 60,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen")] = False,
) -> None:
    """Import FHIR R4 patients: each once, however often and from wherever it is started again.

    Ends with 0, with 1 when rows were refused, with 3 when it stopped before the end.
    """
    try:
        sources = Sources(files)
    except OSError as error:
        raise typer.BadParameter(f"{error.filename}: {error.strerror}") from error
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # standard output is the report's
    report, stopped = Report(sources, dry_run=dry_run), list[str]()
    how = {"source": source, "pace": Pace(rate), "at_once": at_once, "patience": patience, "dry_run": dry_run}
    try:
        asyncio.run(_import(Settings(), sources, report, **how))
    except* QuillError as group:
        stopped = [str(error) for error in group.exceptions]
    report.close()
    if stopped:
        typer.echo(f"quill: stopped ({stopped[0]}); the same command goes on from here", err=True)
    raise typer.Exit(STOPPED if stopped else ROWS_REFUSED if report.refused else 0)
