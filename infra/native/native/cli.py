"""The commands of the launcher: run, status, story."""

import asyncio
import os
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from native.errors import LaunchError
from native.home import Home, read_json
from native.leftovers import is_ours
from native.progress import Progress
from native.run import run as run_fleet
from native.settings import read_settings
from native.story import play

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Runs the whole fleet on this machine.")


@app.command()
def run(
    stores: Annotated[bool, typer.Option("--stores", help="PostgreSQL and NATS only, for `quill restore`")] = False,
) -> None:
    """Start everything, seed the demo, and stop it all on Ctrl-C or SIGTERM."""
    progress = Progress()
    try:
        settings = replace(read_settings(os.environ), stores_only=stores)
    except LaunchError as error:
        progress.text(f"make run: {error}")
        raise typer.Exit(1) from None
    raise typer.Exit(asyncio.run(run_fleet(settings, progress)))


@app.command()
def status() -> None:
    """List the processes of the running fleet; exit code 1 when there is none."""
    home = Home(read_settings(os.environ).home)
    processes = (read_json(home.fleet) or {}).get("processes", [])
    table = Table("name", "pid", "port", "alive", "log")
    for entry in processes:
        alive = "yes" if is_ours(home, entry["name"], entry["pid"]) else "no"
        table.add_row(entry["name"], str(entry["pid"]), str(entry["port"]), alive, str(home.log(entry["name"])))
    Console().print(table if processes else f"No fleet runs in {home.root}.")
    raise typer.Exit(0 if processes else 1)


@app.command()
def story(times: int = typer.Argument(1, min=1)) -> None:
    """Play the main job against the running fleet, one or more times."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        home = Home(read_settings(os.environ).home)
        asyncio.run(play(home, times=times, tell=lambda line: console.print(line, markup=False)))
    except LaunchError as error:
        console.print(f"make story: {error}", markup=False)
        raise typer.Exit(1) from None
