"""`quill doctor`: what an operator would look at first, a line for each check."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops import copy, doors, house, stores
from ops.findings import Check, Finding, State, settled
from ops.house import SERVICES, AsJson, Settings

COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}

app = typer.Typer(help="What is wrong with the fleet, and what to do.")


@app.callback(invoke_without_command=True)
def doctor(as_json: AsJson = False) -> None:
    """Look at everything and say what is wrong and what to do; exit code 1 when something has to be mended."""
    findings = house.run(examine(Settings()))
    if as_json:
        house.print_json(findings)
    else:
        _print(findings)
    raise typer.Exit(any(one.state is State.FAIL for one in findings))


async def examine(settings: Settings) -> Sequence[Finding]:
    """Every finding, in the order of the checks; all run at once."""
    checks = _checks(settings)
    found = await asyncio.gather(*(settled(name, check) for name, check in checks.items()))
    return [one for findings in found for one in findings]


def _checks(settings: Settings) -> Mapping[str, Check]:
    replicas = {name: url for service in SERVICES for name, url in settings.replicas(service).items()}
    copied = copy.CopySettings()
    return {
        "machine": partial(doors.check_machine, settings),
        **{f"{service} database": partial(stores.check_database, settings, service) for service in SERVICES},
        **({"copy": partial(copy.check, copied)} if copied.copy_database else {}),
        "nats": partial(stores.check_broker, settings),
        **{f"{name} monitor": partial(stores.check_monitor, name, url) for name, url in settings.monitors().items()},
        "fhir": partial(doors.check_fhir, settings),
        "openehr": partial(doors.check_openehr, settings),
        **{name: partial(doors.check_replica, name, url) for name, url in replicas.items()},
        "health": partial(doors.check_health, settings),
        "keys": partial(doors.check_keys, settings),
        "caddy": partial(doors.check_caddy, settings),
    }


def _print(findings: Sequence[Finding]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    for one in findings:
        text = f"{one.found}: {one.advice}" if one.advice else one.found
        table.add_row(Text(one.state, style=COLOURS[one.state]), Text(one.check), Text(text))
    Console(highlight=False).print(table)
    number = {state: sum(one.state is state for one in findings) for state in State}
    to_do = [f"{number[State.FAIL]} to mend", f"{number[State.WARN]} to look at"]
    typer.echo("all well" if len(findings) == number[State.OK] else ", ".join(to_do))
