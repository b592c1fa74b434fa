"""`quill events`: what was announced, how far its readers are, and how both are done again after a loss."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from common import clock
from common.db import Database
from common.events import DURABLES, RETENTION, STREAMS, Durable
from common.outbox import OutboxRow
from sqlalchemy import ColumnElement, func, select, update
from sqlmodel import col

from ops import house
from ops.house import SERVICES, AsJson, Broker, Message, Refused, Settings

FACTS = "quill.*.v1.>"
POLL_SECONDS = 0.25
BATCH = 1000

app = typer.Typer(no_args_is_help=True, help="Announced facts, their streams and durables.")

Since = Annotated[
    datetime | None, typer.Option(parser=house.moment, metavar="TIME", help="10m, 2h, 3d ago, or 2026-11-26T15:00Z")
]


@app.command()
def tail(
    subject: Annotated[str, typer.Option(help="NATS subject, with wildcards")] = FACTS,
    since: Since = None,
    follow: Annotated[bool, typer.Option(help="Wait for what comes; else stop at the present")] = True,
    as_json: AsJson = False,
) -> None:
    """Print facts as they come, one a line: time, type, what it is about, id."""

    async def print_facts() -> None:
        async with Settings().broker() as broker:
            async for message in facts(broker, subject, since=since or clock.now(), follow=follow):
                house.print_json(_told(message), indent=None) if as_json else typer.echo(_line(message))

    house.run(print_facts())


async def facts(broker: Broker, subject: str, *, since: datetime, follow: bool) -> AsyncIterator[Message]:
    """Facts of all streams by their times; what else is there (signs of life, events handed again) is left out."""
    streams = await broker.streams(subject)
    if not streams:
        raise Refused(f"no stream keeps {subject}")
    start: dict[str, dict[str, Any]] = {stream: {"since": since} for stream in streams}
    while True:
        heads = {stream: await broker.next_message(stream, subject=subject, **start[stream]) for stream in streams}
        for _ in range(BATCH):  # then all are looked at anew, so that a busy stream does not hide a quiet one
            if not (waiting := [head for head in heads.values() if head is not None]):
                break
            first = min(waiting, key=lambda head: head.at)
            if "ce-type" in first.headers and not first.subject.startswith("quill.again."):
                yield first
            start[first.stream] = {"seq": first.seq + 1}
            heads[first.stream] = await broker.next_message(first.stream, subject=subject, seq=first.seq + 1)
        if not any(heads.values()):
            if not follow:
                return
            await asyncio.sleep(POLL_SECONDS)


def _told(message: Message) -> dict[str, Any]:
    """The envelope of an event and its place; never its body."""
    names = {"type": "ce-type", "source": "ce-source", "subject": "ce-subject", "id": "ce-id"}
    envelope = {name: message.headers.get(header) for name, header in names.items()}
    return {"time": message.at, **envelope, "stream": message.stream, "seq": message.seq}


def _line(message: Message) -> str:
    at = message.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return " ".join([at, *(message.headers.get(name, "–") for name in ("ce-type", "ce-subject", "ce-id"))])


@app.command("ls")
def list_streams(as_json: AsJson = False) -> None:
    """List streams and durables, and how far each durable is."""

    async def look() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        async with Settings().broker() as broker:
            streams = [await stream_state(broker, stream.name) for stream in STREAMS]
            durables = [await durable_state(broker, one) for s in STREAMS for one in await broker.durables(s.name)]
            return streams, durables

    streams, durables = house.run(look())
    if as_json:
        house.print_json({"streams": streams, "durables": durables})
        return
    rows = [(s["stream"], s["messages"], s["bytes"], s["first"], s["last"]) for s in streams]
    house.print_table(("stream", "messages#", "bytes#", "first (UTC)", "last (UTC)"), rows, without="")
    typer.echo()
    lags = [house.age(one["oldest"]) if one["oldest"] else "–" for one in durables]
    numbers = [[one[name] for name in ("durable", "pending", "unacknowledged", "redelivered")] for one in durables]
    columns = ("durable", "pending#", "unacked#", "redelivered#", "lag#")
    house.print_table(columns, [[*row, lag] for row, lag in zip(numbers, lags, strict=True)], without="no durables")


async def stream_state(broker: Broker, name: str) -> dict[str, Any]:
    """How much a stream holds, and of when; numbers are None where the stream is missing."""
    state = ((await broker.stream(name)) or {}).get("state", {})
    filled = bool(state.get("messages"))
    return {
        "stream": name,
        "messages": state.get("messages"),
        "bytes": state.get("bytes"),
        "first": datetime.fromisoformat(state["first_ts"]) if filled else None,
        "last": datetime.fromisoformat(state["last_ts"]) if filled else None,
    }


async def durable_state(broker: Broker, info: dict[str, Any]) -> dict[str, Any]:
    """How far a durable is; `oldest` is when the first message came that it has not handled."""
    return {
        "durable": info["name"],
        "stream": info["stream_name"],
        "pending": info["num_pending"],
        "unacknowledged": info["num_ack_pending"],
        "redelivered": info["num_redelivered"],
        "pulls": info["num_waiting"],
        "oldest": await _oldest(broker, info) if info["num_pending"] or info["num_ack_pending"] else None,
    }


async def _oldest(broker: Broker, info: dict[str, Any]) -> datetime | None:
    config, seq = info["config"], info["ack_floor"]["stream_seq"] + 1
    subjects = config.get("filter_subjects") or [config.get("filter_subject") or ">"]
    found = [await broker.next_message(info["stream_name"], subject=subject, seq=seq) for subject in subjects]
    return min((message.at for message in found if message), default=None)


@app.command()
def replay(
    durable: Annotated[str, typer.Argument(help="Name of a durable of the catalogue")],
    since: Since = None,
    everything: Annotated[bool, typer.Option("--all", help="From the first message that the stream has")] = False,
    as_json: AsJson = False,
) -> None:
    """Hand a durable its messages again, while its service runs.

    The service knows what it has handled and does none of it twice. What is new waits behind what is handed again.
    """
    chosen = next((one for one in DURABLES if one.name == durable), None)
    if chosen is None:
        house.fail(f"no durable {durable}; there are: {', '.join(one.name for one in DURABLES)}")
    if everything == (since is not None):
        house.fail("say from when on: --since TIME, or --all")

    async def move() -> int:
        async with Settings().broker() as broker:
            return await move_back(broker, chosen, since=since)

    number = house.run(move())
    if as_json:
        house.print_json({"durable": durable, "messages": number})
    else:
        typer.echo(f"{number} messages go to {durable}; it leaves alone what it has handled before")


async def move_back(broker: Broker, durable: Durable, *, since: datetime | None) -> int:
    """Move a durable to the first message of a time (of all, if None); returns how many it has before it then.

    It is never moved forward: what it has not handled yet stays before it, however old that is. The server moves it in
    place (JetStream's consumer reset, NATS 2.14), so that the service which pulls from it notices nothing.
    """
    stream = durable.event.stream()
    known = next((one for one in await broker.durables(stream) if one["name"] == durable.name), None)
    if known is None:
        raise Refused(f"the server has no durable {durable.name}; provision makes it")
    first = None if since is None else await broker.next_message(stream, subject=">", since=since)
    unhandled = int(known["ack_floor"]["stream_seq"]) + 1
    wanted = first.seq if first else unhandled if since else 1
    told = await broker.ask(f"CONSUMER.RESET.{stream}.{durable.name}", seq=min(wanted, unhandled))
    return int(told["num_pending"])


@app.command()
def republish(
    service: Annotated[str, typer.Argument(help=", ".join(SERVICES))],
    since: Annotated[datetime, typer.Option(parser=house.moment, metavar="TIME", help="Stored from then on")],
    until: Since = None,
    as_json: AsJson = False,
) -> None:
    """Have a service publish its facts again, after a stream was lost; it keeps those of 30 days.

    The service's own relay does it, with the same ids and in their order, so it must run. Durables leave alone what was
    handled; integrators see the ids that they know.
    """
    if service not in SERVICES:
        house.fail(f"no service {service}; there are: {', '.join(SERVICES)}")

    async def reopen_all() -> int:
        async with Settings().database(service) as database:
            return await reopen(database, since=since, until=until)

    number = house.run(reopen_all())
    if as_json:
        house.print_json({"service": service, "events": number})
    else:
        typer.echo(f"{number} events of {service} are published again, in their order, by its relay")


async def reopen(database: Database, *, since: datetime, until: datetime | None = None) -> int:
    """Mark published facts as not yet published, oldest first, none of them older than 30 days; returns how many.

    What is older could come again for longer than consumers know what they handled.
    """
    oldest, last, number = max(since, clock.now() - RETENTION), 0, 0
    stored = col(OutboxRow.created_at) >= oldest
    if until is not None:  # else all there are now, by their places: another machine's clock may be ahead of ours
        stored &= col(OutboxRow.created_at) <= until
    async with database.transaction() as session:
        newest = await session.scalar(select(func.max(OutboxRow.seq))) or 0
    while places := await _reopen_some(database, stored & col(OutboxRow.seq).between(last + 1, newest)):
        last, number = max(places), number + len(places)
    return number


async def _reopen_some(database: Database, wanted: ColumnElement[bool]) -> Sequence[int]:
    published = col(OutboxRow.published_at).is_not(None)
    some = select(col(OutboxRow.id)).where(published, wanted).order_by(col(OutboxRow.seq)).limit(BATCH)
    again = update(OutboxRow).where(col(OutboxRow.id).in_(some)).values(published_at=None)
    async with database.transaction() as session:
        return [seq or 0 for seq in await session.scalars(again.returning(col(OutboxRow.seq)))]
