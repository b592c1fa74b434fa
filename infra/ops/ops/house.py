"""What the operator's commands share: their settings, the broker as they see it, and what they print."""

import asyncio
import base64
import json
import re
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from common import clock
from common.db import Database, StorageUnavailable
from common.nats import servers
from common.settings import PREFIX, ServiceSettings
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import SecretStr
from pydantic_core import to_json
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from rich.box import SIMPLE
from rich.console import Console, JustifyMethod
from rich.table import Table

SERVICES = ("auth", "patients", "letters", "notify")
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 5.0
ABSENT = {10037, 10059}  # JetStream's err_code: no such message, no such stream
_SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Refused(Exception):
    """The command cannot do what it was asked; says why in a sentence."""


class Settings(BaseSettings):
    """Where everything is and how an operator gets in; each can come from a file named by QUILL_<NAME>_FILE.

    A URL of a service or of NATS may name several replicas, separated by commas. Settings without a text below them
    mean what they mean to the services (docs/generate.py).
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True, frozen=True)

    nats_url: str
    nats_user: str = "operator"
    """The user of these commands on NATS."""
    nats_password: SecretStr
    nats_monitor_url: str
    """NATS' own monitor, such as `http://nats:8222`; those of a cluster's servers are separated by commas."""
    auth_database_url: SecretStr
    """auth's database under the role that auth itself has."""
    patients_database_url: SecretStr
    """The same for patients."""
    letters_database_url: SecretStr
    """The same for letters."""
    notify_database_url: SecretStr
    """The same for notify."""
    auth_url: str
    patients_url: str
    letters_url: str
    notify_url: str
    public_origin: str
    caddy_url: str
    """Where Caddy answers inside, such as `http://caddy:8080`."""
    fhir_url: str
    ehrbase_url: str
    ehrbase_user: str
    ehrbase_password: SecretStr
    services_folder: Path = Path("services")
    """Where the services' migrations are."""
    secret_files: str = ""
    """Files with secrets, separated by spaces, whose permissions `quill doctor` checks."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *args: PydanticBaseSettingsSource, **kwargs: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return ServiceSettings.settings_customise_sources(settings_cls, *args, **kwargs)

    def replicas(self, service: str) -> Mapping[str, str]:
        """The URL of each replica: letters, letters-2, and so on."""
        urls = str(getattr(self, f"{service}_url")).split(",")
        return {service if number == 1 else f"{service}-{number}": url for number, url in enumerate(urls, 1)}

    def monitors(self) -> Mapping[str, str]:
        """The URL of the monitor of each NATS server: nats, or nats-0, nats-1, and so on."""
        urls = self.nats_monitor_url.split(",")
        return {"nats" if len(urls) == 1 else f"nats-{number}": url for number, url in enumerate(urls)}

    @property
    def copies(self) -> int:
        """How many copies each stream should have: one on each NATS server."""
        return len(self.monitors())

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[Database]:
        """A service's database under the role that the service itself has."""
        database = Database(getattr(self, f"{service}_database_url").get_secret_value(), pool_size=1)
        try:
            yield database
        finally:
            await database.close()

    @asynccontextmanager
    async def broker(self) -> AsyncIterator["Broker"]:
        """JetStream as the operator's user may use it.

        Raises:
            Refused: NATS does not answer, or does not let the operator in.
        """
        client = Client()
        try:
            await self._connect(client)
            yield Broker(client)
        finally:
            await client.close()

    async def _connect(self, client: Client) -> None:
        user, password = self.nats_user, self.nats_password.get_secret_value()
        inbox = f"_INBOX_{user}".encode()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):  # the client's own bounds one try, and it tries sixty times
                await client.connect(
                    servers(self.nats_url), user=user, password=password, inbox_prefix=inbox, error_cb=_keep_silent
                )
        except (NatsError, OSError, TimeoutError) as error:
            raise Refused(f"NATS at {self.nats_url} does not let {user} in ({type(error).__name__})") from error


async def _keep_silent(_error: Exception) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message."""

    stream: str
    seq: int
    subject: str
    at: datetime
    headers: Mapping[str, str]
    body: bytes


class Broker:
    """JetStream by its own requests (the client library lacks some): read, move back, hand again, remove."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def ask(self, call: str, **body: Any) -> dict[str, Any]:
        """One request of JetStream's API; what is absent leaves the answer without it.

        Raises:
            Refused: with the server's words, or because it does not answer.
        """
        try:
            answer = await self.client.request(f"$JS.API.{call}", to_json(body), timeout=ANSWER_SECONDS)
        except (NatsError, OSError, TimeoutError) as error:
            raise Refused(f"NATS does not answer {call} ({type(error).__name__})") from error
        told: dict[str, Any] = json.loads(answer.data)
        if (failure := told.get("error")) and failure.get("err_code") not in ABSENT:
            raise Refused(f"NATS refuses {call}: {failure.get('description')}")
        return told

    async def streams(self, subject: str) -> Sequence[str]:
        """The streams that keep messages of a subject."""
        return (await self.ask("STREAM.NAMES", subject=subject)).get("streams") or []

    async def stream(self, name: str) -> dict[str, Any] | None:
        """A stream's configuration and state as the server describes them; None if there is none."""
        told = await self.ask(f"STREAM.INFO.{name}")
        return told if "state" in told else None

    async def next_message(
        self, stream: str, *, subject: str, seq: int = 1, since: datetime | None = None
    ) -> Message | None:
        """The first stored message of a subject, from a sequence or from a time on."""
        start: dict[str, Any] = {"seq": seq} if since is None else {"start_time": since}
        found = (await self.ask(f"STREAM.MSG.GET.{stream}", next_by_subj=subject, **start)).get("message")
        return found and _message(stream, found)

    async def messages(self, stream: str, *, subject: str = ">") -> AsyncIterator[Message]:
        """Every stored message of a subject in its order."""
        seq = 1
        while (found := await self.next_message(stream, subject=subject, seq=seq)) is not None:
            yield found
            seq = found.seq + 1

    async def durables(self, stream: str) -> Sequence[dict[str, Any]]:
        """The durable consumers of a stream as the server describes them."""
        found: list[dict[str, Any]] = []
        while True:
            page = await self.ask(f"CONSUMER.LIST.{stream}", offset=len(found))
            found += page.get("consumers") or []
            if not page.get("consumers") or len(found) >= page["total"]:
                return [one for one in found if one["config"].get("durable_name")]


def _message(stream: str, found: Mapping[str, Any]) -> Message:
    _, _, lines = base64.b64decode(found.get("hdrs", "")).partition(b"\r\n")
    return Message(
        stream=stream,
        seq=found["seq"],
        subject=found["subject"],
        at=datetime.fromisoformat(found["time"]),
        headers=dict(BytesHeaderParser().parsebytes(lines).items()),
        body=base64.b64decode(found.get("data", "")),
    )


def run[T](command: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end; what it cannot do becomes a sentence on stderr and exit code 1."""
    try:
        return asyncio.run(command)
    except Refused as error:
        fail(str(error))
    except StorageUnavailable:
        fail("the database does not answer")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def fail(reason: str) -> NoReturn:
    """Say why on stderr and end with exit code 1."""
    typer.echo(f"quill: {reason}", err=True)
    raise typer.Exit(1)


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]


def print_json(value: object, *, indent: int | None = 1) -> None:
    """Print a value for programs."""
    typer.echo(to_json(value, indent=indent))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, without: str) -> None:
    """Print rows for people, in 80 columns where it is not a terminal.

    Args:
        columns: the headings; numbers stand on the right below one that ends in `#`, only the last breaks its lines.
        rows: as many values each.
        without: what to say when there is no row.
    """
    if not rows:
        typer.echo(without)
        return
    table = Table(box=SIMPLE, pad_edge=False, show_edge=False, collapse_padding=True)
    for name in columns:
        side: JustifyMethod = "right" if name.endswith("#") else "left"
        table.add_column(name.rstrip("#"), justify=side, no_wrap=name != columns[-1], overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row))
    Console(highlight=False, markup=False, emoji=False, file=sys.stdout).print(table)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return utc(value)
    return "–" if value is None else str(value)


def utc(at: datetime) -> str:
    """A time to the minute, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def span(seconds: float) -> str:
    """A duration as people say it."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def age(at: datetime) -> str:
    """How long ago that was."""
    return span(max(0.0, (clock.now() - at).total_seconds()))


def moment(text: str) -> datetime:
    """A time that somebody typed: how long ago (`90s`, `10m`, `2h`, `3d`), or ISO 8601 (UTC without an offset)."""
    if ago := _SPAN.fullmatch(text):
        return clock.now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither like 10m, 2h, 3d nor like 2026-11-26T15:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
