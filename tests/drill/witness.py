"""Which version made and which took each event: rows keep the connection that they came by, and the kernel knows whose
it is."""

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg
from fleet import Fleet
from native import postgres
from native.settings import SERVICES
from psycopg import sql

# Where a service keeps the ids of events that it handled, and in which column. (Patients follows none.)
TAKEN = {"auth": ("audit_entries", "id"), "letters": ("inbox", "event_id"), "notify": ("inbox", "event_id")}
NOTE = sql.SQL("ALTER TABLE {} ADD COLUMN port integer, ALTER COLUMN port SET DEFAULT inet_client_port()")
READ = sql.SQL("SELECT {}, port FROM {}")


@dataclass(frozen=True)
class Crossing:
    """Two services, and the versions of the replicas between which an event went."""

    maker: str
    taker: str
    made_by: str
    taken_by: str


@dataclass
class Witness:
    """Looks at a fleet's databases, which it makes note who writes; `versions` says what each replica is."""

    fleet: Fleet
    versions: Mapping[str, str]
    seen: dict[int, str] = field(default_factory=dict)  # the version behind each connection's port

    def __post_init__(self) -> None:
        for service in SERVICES:
            with self._database(service) as database:
                for table in {"outbox", TAKEN.get(service, ("outbox", ""))[0]}:
                    database.execute(NOTE.format(sql.Identifier(table)))

    def look(self) -> None:
        """See whose the connections are that are open now."""
        processes = self.fleet.processes
        for name, version in self.versions.items():
            ports = _ports_towards(processes["postgres"]["port"], pid=processes[name]["pid"])
            self.seen |= dict.fromkeys(ports, version)

    def crossings(self) -> Counter[Crossing]:
        """How many events went between which versions of which services, as far as their connections were seen."""
        made = {service: self._rows(service, "outbox", "id") for service in SERVICES}
        taken = {service: self._rows(service, *place) for service, place in TAKEN.items()}
        return Counter(
            Crossing(maker, taker, made[maker][event], taken[taker][event])
            for maker in made
            for taker in taken
            for event in made[maker].keys() & taken[taker].keys()
        )

    def _rows(self, service: str, table: str, column: str) -> dict[UUID, str]:
        read = READ.format(sql.Identifier(column), sql.Identifier(table))
        with self._database(service) as database:
            return {event: self.seen[port] for event, port in database.execute(read) if port in self.seen}

    def _database(self, service: str) -> psycopg.Connection[tuple[UUID, int]]:
        port, password = self.fleet.processes["postgres"]["port"], self.fleet.secrets["database_postgres"]
        url = postgres.url(postgres.SUPERUSER, password, port=port, database=service)
        return psycopg.connect(url)


def _ports_towards(server: int, *, pid: int) -> set[int]:
    """The ports from which a process is connected to one on this machine (proc(5): fd, net/tcp)."""
    sockets = set[str]()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            sockets.add(os.readlink(descriptor))
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return {_port(row[1]) for row in rows if _port(row[2]) == server and f"socket:[{row[9]}]" in sockets}


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
