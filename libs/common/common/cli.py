"""The `quill` command: what the installed parts offer to whoever runs the house. No command stands here."""

import os
import sys
from importlib.metadata import entry_points

import typer
from pydantic import ValidationError

from common.settings import PREFIX


def main() -> None:
    """Run a command of a part; `quill` alone lists them.

    A part registers a typer app in the entry-point group `quill.commands`. It runs in the environment of its service:
    that of this process, completed by whoever knows of a running one (group `quill.environments`).
    """
    points = {point.name: point for point in entry_points(group="quill.commands")}
    chosen = points.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if chosen is not None:
        _complete_environment(service=chosen.module.partition(".")[0])
    app = typer.Typer(name="quill", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    for name in [chosen.name] if chosen else sorted(points):  # loading a part takes a while
        app.add_typer(points[name].load(), name=name)
    try:
        app()
    except ValidationError as error:
        names = ", ".join(f"{PREFIX}{str(row['loc'][0]).upper()}" for row in error.errors() if row["loc"])
        sys.exit(f"quill: start the fleet first, or run this in a service's environment; missing or wrong: {names}")


def _complete_environment(service: str) -> None:
    for source in entry_points(group="quill.environments"):
        for name, value in source.load()(service).items():
            os.environ.setdefault(name, value)
