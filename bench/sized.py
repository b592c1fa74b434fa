"""What a fleet has used and holds, and what a thousand of something took of it. All but `read` is pure."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from native.errors import LaunchError
from native.home import read_json
from native.postgres import SUPERUSER
from own_fleet import processor_seconds
from speed import machine, report
from speed.stage import Stage

MEGABYTE = 1e6
HOUR = 3600.0
THOUSAND = 1000.0
RENEWED_MINUTES = 14  # by the app, a minute before a token ends
RENEWALS = "renewals"
LOG = "write-ahead log"  # is recycled, so it is in no sum
# The parts of a cost, with their headings.
PARTS = {
    "cpu": "Processor: seconds of one core",
    "disk": "Disk: MB more",
    "memory": "Memory: MB more",
}
SEEN = 0.005  # what is less is a dash
DATABASES = "SELECT datname, pg_database_size(oid) FROM pg_database WHERE NOT datistemplate"
WRITTEN = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"
BEGIN = "<!-- make sizing writes from here -->"


@dataclass(frozen=True)
class Reading:
    """A fleet at a time (by `time.monotonic`): processor seconds so far, megabytes in memory and on disk, by name."""

    at: float
    cpu: Mapping[str, float]
    disk: Mapping[str, float]
    memory: Mapping[str, float]


@dataclass(frozen=True)
class Cost:
    """What a thousand of something took, or an hour of idleness: seconds of a core and megabytes, by name."""

    what: str
    cpu: Mapping[str, float]
    disk: Mapping[str, float]
    memory: Mapping[str, float]

    def as_json(self) -> Mapping[str, Any]:
        """Every figure."""
        return asdict(self)

    def sum_of(self, part: str) -> float:
        """All of a part that stays."""
        figures: Mapping[str, float] = getattr(self, part)
        return sum(value for name, value in figures.items() if name != LOG)


async def read(stage: Stage) -> Reading:
    """The fleet once nothing is left to do. Memory of PostgreSQL is left out: its processes share most of it."""
    await stage.settle()
    database = await stage.database(SUPERUSER)
    disk = {f"database {name}": size / MEGABYTE for name, size in await database.fetch(DATABASES)}
    disk |= {f"stream {name}": size / MEGABYTE for name, size in await _streams(stage)}
    disk[LOG] = float(await database.fetchval(WRITTEN)) / MEGABYTE
    used = {name: one["pid"] for name, one in stage.fleet.processes.items() if "postgres" not in name}
    memory = {name: machine.memory_megabytes(pid) for name, pid in used.items()}
    return Reading(time.monotonic(), processor_seconds(stage.fleet), disk, memory)


async def _streams(stage: Stage) -> Sequence[tuple[str, int]]:
    """Each stream with its bytes, as NATS' monitor tells them."""
    monitor = f"http://127.0.0.1:{read_json(stage.fleet.home.ports)['nats-monitor']}/jsz"
    async with httpx.AsyncClient(trust_env=False) as client:
        told = (await client.get(monitor, params={"accounts": "true", "streams": "true"})).raise_for_status().json()
    streams = [stream for account in told["account_details"] for stream in account.get("stream_detail", [])]
    return [(stream["name"], stream["state"]["bytes"]) for stream in streams]


def idle_hour(before: Reading, after: Reading) -> Cost:
    """What a fleet that nobody uses takes in an hour."""
    times = HOUR / (after.at - before.at)
    parts = {part: _times(_between(before, after, part), times) for part in ("cpu", "disk")}
    return Cost("an hour of idleness", **parts, memory={})


def cost(what: str, before: Reading, after: Reading, *, number: int, idle: Cost) -> Cost:
    """What a thousand of something cost, by what so many did, without what the idle fleet takes in that time."""
    hours = (after.at - before.at) / HOUR
    parts = {part: _between(before, after, part) for part in PARTS}
    for part, figures in parts.items():
        parts[part] = {name: value - getattr(idle, part).get(name, 0.0) * hours for name, value in figures.items()}
    return Cost(f"1,000 {what}", **{part: _times(figures, THOUSAND / number) for part, figures in parts.items()})


def _between(before: Reading, after: Reading, part: str) -> Mapping[str, float]:
    old: Mapping[str, float] = getattr(before, part)
    new: Mapping[str, float] = getattr(after, part)
    return {name: value - old.get(name, 0.0) for name, value in new.items()}


def _times(figures: Mapping[str, float], factor: float) -> Mapping[str, float]:
    return {name: factor * value for name, value in figures.items()}


def table(costs: Sequence[Cost]) -> str:
    """All costs side by side in Markdown; then what a thousand people cost who have the app open for an hour."""
    lines = [f"| | {' | '.join(one.what for one in costs)} |", f"|---|{'---|' * len(costs)}"]
    for part, heading in PARTS.items():
        lines += [f"| **{heading}** |{' |' * len(costs)}", *_rows(costs, part)]
    (renewals,) = (one for one in costs if one.what.endswith(RENEWALS))
    cpu, disk = (renewals.sum_of(part) * 60 / RENEWED_MINUTES for part in ("cpu", "disk"))
    open_app = f"The app renews its token every {RENEWED_MINUTES} minutes: 1,000 people who leave it open cost"
    return "\n".join([*lines, "", f"{open_app} {_told(cpu)} s of one core and {_told(disk)} MB in an hour.", ""])


def _rows(costs: Sequence[Cost], part: str) -> Iterator[str]:
    names = dict.fromkeys(name for one in costs for name in getattr(one, part))
    whole = f"all, but for the {LOG}" if LOG in names else "all"
    for name in names:
        values = [getattr(one, part).get(name, 0.0) for one in costs]
        if any(abs(value) >= SEEN for value in values):
            yield f"| {name} | {' | '.join(map(_told, values))} |"
    yield f"| {whole} | {' | '.join(_told(one.sum_of(part)) for one in costs)} |"


def _told(value: float) -> str:
    return "–" if abs(value) < SEEN else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def publish(text: str, *, place: Path) -> None:
    """Put a text between the marks of a page.

    Raises:
        LaunchError: it has none.
    """
    if not report.put(text, place=place, begin=BEGIN):
        raise LaunchError(f"{place} has no place for the table")
