"""`quill export`: a patient's whole record in a file, as the API gives it to somebody who may read it, and checked."""

import hashlib
import sys
import zipfile
import zlib
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import typer
from common.settings import PREFIX
from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ops import house
from ops.archive import new_file
from ops.house import AsJson, Refused

STANDSTILL_SECONDS = 60.0  # without a byte; Quill ends an answer before, unless it waits for a busy printer
MANIFEST = "manifest.json"
INCOMPLETE = 3  # exit code
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

app = typer.Typer(no_args_is_help=True, help="A whole record in one file, for a subject access request.")


class Door(BaseSettings):
    """Where people reach Quill, if a running fleet says so."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    public_origin: str


class Listed(BaseModel):
    """A file of the archive, as its manifest names it."""

    path: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What an archive says that it holds; `missing`: what could not be made."""

    made_at: datetime
    files: list[Listed]
    missing: list[str]


@app.command()
def patient(
    patient_id: Annotated[UUID, typer.Argument(metavar="ID", help="The patient's id")],
    username: Annotated[str, typer.Option(help="Your account, which must be allowed to read the record")],
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="A new file; record-ID.zip unless named")] = None,
    url: Annotated[str | None, typer.Option(help="Where people reach Quill; the running fleet's unless named")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a patient's letters, demographics and openEHR record into one file, and check that it is whole.

    The password, and the code of a second factor, are asked for, or read from standard input, a line each. Exit code 1:
    there is no file; 3: it is whole, and names letters that could not be printed.
    """
    path = to or Path(f"record-{patient_id}.zip")
    manifest = house.run(export(url or Door().public_origin, username, patient_id, path))
    if as_json:
        house.print_json({"file": str(path), **manifest.model_dump()})
    else:
        typer.echo(f"{path}: whole, {len(manifest.files)} files, made {house.utc(manifest.made_at)} (UTC)")
        for one in manifest.missing:
            typer.echo(f"missing, because it could not be printed: {one}")
    raise typer.Exit(INCOMPLETE if manifest.missing else 0)


async def export(origin: str, username: str, patient_id: UUID, path: Path) -> Manifest:
    """Put the record into a new file, in a session that ends with the command.

    Raises:
        Refused: Quill does not let this account in or have the record, or the archive is not whole; no file is left.
    """
    if urlsplit(origin).scheme != "https" and urlsplit(origin).hostname not in LOOPBACK:
        raise Refused("a password is sent to https:// only, or to this machine")
    try:
        async with httpx.AsyncClient(base_url=origin, timeout=STANDSTILL_SECONDS) as client:
            await _sign_in(client, username)
            try:
                return await _download(client, f"/api/patients/{patient_id}/export", path)
            finally:
                with suppress(httpx.HTTPError):
                    await client.post("/api/auth/logout")
    except httpx.HTTPError as error:
        raise Refused(f"{origin} does not answer, or broke off ({type(error).__name__})") from error


async def _sign_in(client: httpx.AsyncClient, username: str) -> None:
    credentials = {"username": username, "password": _ask("Password")}
    answer = await client.post("/api/auth/login", json=credentials)
    if challenge := _problem(answer).get("challenge"):
        form = {"challenge": challenge, "code": _ask("Code of your second factor")}
        answer = await client.post("/api/auth/login/totp", json=form)
    _check_given(answer)
    session = answer.json()
    client.headers["Authorization"] = f"Bearer {session['access_token']}"
    client.headers["X-CSRF-Token"] = session["csrf_token"]


def _ask(what: str) -> str:
    """What somebody types unseen, or the next line of standard input; never an argument, which others can see."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    if line := sys.stdin.readline().rstrip("\r\n"):
        return line
    raise Refused(f"standard input has no line for: {what}")


async def _download(client: httpx.AsyncClient, call: str, path: Path) -> Manifest:
    async with client.stream("GET", call) as answer:
        if answer.status_code != 200:
            await answer.aread()
        _check_given(answer)
        with new_file(path) as file:
            async for piece in answer.aiter_bytes():
                file.write(piece)
            return check(file)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    return dict(answer.json()) if is_problem else {}


def _check_given(answer: httpx.Response) -> None:
    if answer.status_code == 200:
        return
    wait = answer.headers.get("retry-after")
    again = f"; try again in {wait} s" if wait else ""
    raise Refused(f"Quill refuses: {_problem(answer).get('title', 'no reason given')} ({answer.status_code}){again}")


def check(file: IO[bytes]) -> Manifest:
    """What an archive holds, after comparing every file in it with its checksum.

    Raises:
        Refused: it is cut, or not what its manifest says.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = Manifest.model_validate_json(archive.read(MANIFEST))
            found = [_sum(archive, name) for name in archive.namelist() if name != MANIFEST]
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValidationError) as error:
        raise Refused("the archive is cut or damaged, so there is no file; try again") from error
    if found != manifest.files:
        raise Refused("the archive is not what its manifest says, so there is no file; try again")
    return manifest


def _sum(archive: zipfile.ZipFile, name: str) -> Listed:
    with archive.open(name) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return Listed(path=name, bytes=archive.getinfo(name).file_size, sha256=digest)
