"""`quill secrets`: keys of the fleet that are replaced while it works, in the file that has its secrets."""

import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic_settings import BaseSettings, SettingsConfigDict

from ops import house
from ops.house import Refused

PREVIOUS = "_previous"
STDIN = Path("-")
ENV = "QUILL_"

app = typer.Typer(no_args_is_help=True, help="Keys that are replaced while the fleet works.")


class Key(StrEnum):
    """The keys that overlap with the one before them."""

    PEPPER = "password-pepper"
    REFRESH = "refresh-key"
    AUTH = "auth-encryption-key"
    NOTIFY = "notify-encryption-key"


class Place(BaseSettings):
    """Where the secrets are, if a running fleet says so."""

    model_config = SettingsConfigDict(env_prefix=ENV, extra="ignore")

    backup_keys: Path | None = None


Which = Annotated[Key, typer.Argument(help="The key")]
In = Annotated[Path | None, typer.Option("--in", help="secrets.json or .env", metavar="FILE")]


@app.command()
def rotate(key: Which, file: In = None) -> None:
    """Put a new key in the place of one, which stays as the previous one; both work after the next start."""
    name = key.replace("-", "_")

    def replace(known: Mapping[str, str]) -> Mapping[str, str]:
        if known.get(name + PREVIOUS):
            raise Refused(f"{key} has a previous one still: `quill secrets retire {key}` when nothing needs it")
        if name not in known:
            raise Refused(f"there is no {name} to replace")
        return {name: "q" + secrets.token_hex(24), name + PREVIOUS: known[name]}

    _change(file, replace)
    typer.echo(f"{key} is new; restart the services, which know both, then see docs/operations.md")


@app.command()
def retire(key: Which, file: In = None) -> None:
    """Forget the key before; what only it opens is lost at the next start."""
    name = key.replace("-", "_") + PREVIOUS

    def forget(known: Mapping[str, str]) -> Mapping[str, str]:
        if not known.get(name):
            raise Refused(f"{key} has no previous one")
        return {name: ""}

    _change(file, forget)
    typer.echo(f"the previous {key} is gone from the next start on")


def load(place: Path) -> bytes:
    """What a file with secrets holds, or a folder with a file for each (a mounted Secret); `-` is standard input.

    Raises:
        Refused: it cannot be read.
    """
    try:
        if place == STDIN:
            return sys.stdin.buffer.read()
        return _lines(place) if place.is_dir() else place.read_bytes()
    except OSError as error:
        raise Refused(f"{place} cannot be read: {error.strerror}") from error


def _lines(folder: Path) -> bytes:
    """The files of a folder as an .env has them."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    return b"".join(b"%s=%s\n" % (file.name.encode(), file.read_bytes().rstrip(b"\n")) for file in files)


def read(content: bytes) -> Mapping[str, str]:
    """The values of a secrets.json or of an .env, by the names that the former has."""
    text = content.decode()
    if text.startswith("{"):
        return dict(json.loads(text))
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip().removeprefix(ENV).lower(): value.strip() for name, _, value in pairs}


def _change(file: Path | None, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
    async def write() -> None:
        place = file or Place().backup_keys
        if place is None:
            raise Refused("name the file with the fleet's secrets: --in FILE")
        try:
            text = place.read_text()
            _replace(place, _changed(text, change(read(text.encode()))))
        except OSError as error:
            raise Refused(f"{place} cannot be changed: {error.strerror}") from error

    house.run(write())


def _changed(text: str, values: Mapping[str, str]) -> str:
    """The file with these values; an empty one goes."""
    if text.startswith("{"):
        known = {**json.loads(text), **values}
        return json.dumps({name: value for name, value in known.items() if value}, indent=2) + "\n"
    named = {ENV + name.upper(): value for name, value in values.items()}
    kept = [line for line in text.splitlines() if line.partition("=")[0].strip() not in named]
    return "\n".join([*kept, *(f"{name}={value}" for name, value in named.items() if value)]) + "\n"


def _replace(file: Path, text: str) -> None:
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        new.write(text)
        new.flush()
        os.fsync(new.fileno())
    fresh.replace(file)
