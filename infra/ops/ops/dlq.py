"""`quill dlq`: events that a consumer could never handle, and what becomes of them."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from common.events import DURABLES
from nats.errors import Error as NatsError

from ops import house
from ops.house import ANSWER_SECONDS, AsJson, Broker, Message, Refused, Settings

STREAM = "DLQ"
BURIAL = ("Quill-Reason", "Quill-Subject", "Nats-")  # what the consumer added to the event's own headers
AGAIN = {one.name: one.again for one in DURABLES}

app = typer.Typer(no_args_is_help=True, help="Dead letters: events that a consumer could never handle.")

Number = Annotated[int, typer.Argument(min=1, help="As `quill dlq ls` says", metavar="NO")]
Numbers = Annotated[list[int] | None, typer.Argument(min=1, help="As `quill dlq ls` says", metavar="[NO]...")]
All = Annotated[bool, typer.Option("--all", help="Every dead letter")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask")]


def durable_of(letter: Message) -> str:
    """The durable that buried it."""
    return letter.subject.rpartition(".")[2]


@app.command("ls")
def list_letters(as_json: AsJson = False) -> None:
    """List dead letters."""
    letters = house.run(_load(None))
    if as_json:
        house.print_json([_told(one) for one in letters])
        return
    rows = [(one.seq, one.at, durable_of(one), one.headers.get("Quill-Reason"), _event(one)) for one in letters]
    house.print_table(("no#", "buried (UTC)", "durable", "reason", "event"), rows, without="no dead letters")


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """Show the headers and the body of a dead letter; bodies of events hold ids only."""
    (letter,) = house.run(_load([number]))
    if as_json:
        house.print_json(_told(letter) | {"headers": letter.headers, "body": _body(letter)})
        return
    typer.echo(f"no: {number}\nburied: {house.utc(letter.at)} UTC\ndurable: {durable_of(letter)}")
    for name, value in letter.headers.items():
        typer.echo(f"{name}: {value}")
    typer.echo(f"\n{json.dumps(_body(letter), indent=1)}")  # escapes whatever a terminal would obey


@app.command()
def replay(numbers: Numbers = None, everything: All = False, as_json: AsJson = False) -> None:
    """Hand dead letters again to the consumers that buried them, and to nobody else.

    Each leaves the list. What cannot be handled now either is buried anew, under another number.
    """
    letters = house.run(_load(_chosen(numbers, everything=everything)))
    _act(letters, _hand_again, "handed again to", as_json=as_json)


@app.command()
def drop(numbers: Numbers = None, everything: All = False, yes: Yes = False, as_json: AsJson = False) -> None:
    """Remove dead letters for good."""
    letters = house.run(_load(_chosen(numbers, everything=everything)))
    if letters and not yes:
        typer.confirm(f"Remove {_listed([one.seq for one in letters])} for good?", abort=True)
    _act(letters, _remove, "dropped from", as_json=as_json)


def _listed(numbers: Sequence[int]) -> str:
    return f"dead letter{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _chosen(numbers: list[int] | None, *, everything: bool) -> list[int] | None:
    if bool(numbers) == everything:
        house.fail("say which: numbers as `quill dlq ls` lists them, or --all")
    return None if everything else numbers


async def _load(numbers: Sequence[int] | None) -> list[Message]:
    """These dead letters, or all; raises Refused when one is not there."""
    async with Settings().broker() as broker:
        if numbers is None:
            return [one async for one in broker.messages(STREAM)]
        return [await _letter(broker, number) for number in dict.fromkeys(numbers)]


async def _letter(broker: Broker, number: int) -> Message:
    found = await broker.next_message(STREAM, subject=">", seq=number)
    if found is None or found.seq != number:
        raise Refused(f"there is no dead letter {number}")
    return found


def _act(letters: Sequence[Message], act: Any, done: str, *, as_json: bool) -> None:
    """Do something to each letter, and tell of all to which it was done, also if one of them is refused."""
    acted_on: list[Message] = []

    async def act_on_all() -> None:
        async with Settings().broker() as broker:
            for one in letters:
                await act(broker, one)
                acted_on.append(one)
                if not as_json:
                    typer.echo(f"{one.seq} {done} {durable_of(one)}")

    try:
        house.run(act_on_all())
    finally:
        if as_json:
            house.print_json([_told(one) for one in acted_on])


async def _hand_again(broker: Broker, letter: Message) -> None:
    """Publish it to its durable alone, then remove it; interrupted in between, it can be done again."""
    subject = AGAIN.get(durable_of(letter))
    if subject is None:
        raise Refused(f"{letter.seq} belongs to {durable_of(letter)}, which is no durable any more; drop it")
    kept = {name: value for name, value in letter.headers.items() if not name.startswith(BURIAL)}
    # The number alone would come again after the stream was lost, and what bears it would be taken for a duplicate.
    headers = {**kept, "Nats-Msg-Id": f"again-{letter.seq}-{letter.at.isoformat()}"}
    try:
        await broker.client.jetstream().publish(subject, letter.body, timeout=ANSWER_SECONDS, headers=headers)
    except (NatsError, OSError, TimeoutError) as error:
        raise Refused(f"NATS did not take {letter.seq} ({type(error).__name__}); it stays where it is") from error
    await _remove(broker, letter)


async def _remove(broker: Broker, letter: Message) -> None:
    await broker.ask(f"STREAM.MSG.DELETE.{STREAM}", seq=letter.seq)


def _told(letter: Message) -> dict[str, Any]:
    return {
        "no": letter.seq,
        "buried": letter.at,
        "durable": durable_of(letter),
        "reason": letter.headers.get("Quill-Reason"),
        "event": _event(letter),
        "id": letter.headers.get("ce-id"),
    }


def _event(letter: Message) -> str:
    """What was announced; after a second burial only its own header still says so."""
    return letter.headers.get("ce-type") or letter.headers.get("Quill-Subject") or "–"


def _body(letter: Message) -> Any:
    text = letter.body.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
