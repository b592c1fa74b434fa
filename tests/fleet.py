"""Servers for tests, started once per run: a PostgreSQL, a NATS, and the whole fleet as `make run` starts it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from common import clock
from e2e.push_receiver import PushReceiver, push_receiver
from native import bare, postgres
from native.home import Home, write_text
from native.http import TLS
from native.ports import free_port, is_free
from native.secrets import NATS_USERS, load_secrets
from oidc_provider import oidc_settings

ROOT = Path(__file__).parents[1]
START_SECONDS = 600  # the first start builds the FHIR server
STOP_SECONDS = 60
MIGRATIONS = """
from alembic.config import main

for step in (["upgrade", "head"], ["check"], ["downgrade", "base"], ["upgrade", "head"]):
    main(step)
"""
MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 4 * 2**30  # noqa: S108 - and bytes; a run takes less than two


@dataclass(frozen=True)
class Fleet:
    """A running fleet; everything that can change is read anew from its files."""

    home: Path
    port: int

    @property
    def url(self) -> str:
        """The public door, Caddy."""
        return f"http://localhost:{self.port}"

    @property
    def accounts(self) -> list[dict[str, str]]:
        """The demo's accounts: role, username, password, patient_id of a linked patient."""
        accounts: list[dict[str, str]] = json.loads((self.home / "demo-accounts.json").read_text())
        return accounts

    @property
    def processes(self) -> dict[str, dict[str, Any]]:
        """By name: pid, port, url of each process as fleet.json has them now."""
        return {entry["name"]: entry for entry in self._state()["processes"]}

    @property
    def fhir_url(self) -> str:
        return str(self.processes["fhir"]["url"])

    @property
    def openehr_url(self) -> str:
        return str(self.processes["openehr"]["url"])

    @property
    def openehr_user(self) -> str:
        return "letters"

    @property
    def openehr_password(self) -> str:
        return self.secrets["openehr_password"]

    @property
    def nats_url(self) -> str:
        """The broker's address; those of a cluster are separated by commas."""
        return str(self._state()["nats"]["url"])

    @property
    def partner(self) -> dict[str, str]:
        """User and password of the NATS user for other systems."""
        partner: dict[str, str] = self._state()["nats"]["partner"]
        return partner

    @property
    def secrets(self) -> dict[str, str]:
        """Every secret of this fleet, by the names of native.secrets."""
        return dict(load_secrets(Home(self.home)))

    @property
    def oidc_port(self) -> int:
        """Where auth expects its identity provider; a test starts one there."""
        told = Path(f"/proc/{self.processes['auth']['pid']}/environ").read_bytes().split(b"\0")
        return next(int(line.rpartition(b":")[2]) for line in told if line.startswith(b"QUILL_OIDC_ISSUER="))

    @property
    def push_port(self) -> int:
        """Where the fleet trusts a push service; a test starts one there."""
        return int((self.home / "push-origin").read_text().strip().rpartition(":")[2])

    def account(self, role: str, *, number: int = 1) -> dict[str, str]:
        """The first (or another) account with a role."""
        return [account for account in self.accounts if account["role"] == role][number - 1]

    def log(self, name: str) -> str:
        """Everything that a process has logged."""
        return Home(self.home).log(name).read_text(errors="replace")

    def kill(self, name: str, signum: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one process and return its pid; the launcher starts what dies again."""
        pid = int(self.processes[name]["pid"])
        os.kill(pid, signum)
        return pid

    def database(self, service: str) -> str:
        """The URL of a service's database under the role that the service itself has."""
        return postgres.url(
            service, self.secrets[f"database_{service}"], port=self.processes["postgres"]["port"], database=service
        )

    @property
    def ahead(self) -> float:
        """How many seconds the services' clocks were moved; kept in the home, for whoever else tests this fleet."""
        kept = self.home / "clock"
        return float(kept.read_text()) if kept.exists() else 0.0

    def move_clock(self, seconds: float, *, but: Collection[str] = ()) -> None:
        """Bring every service so many seconds further into the future (a fleet started with QUILL_TEST_CLOCK=1).

        Args:
            seconds: how many.
            but: processes that stand still and are brought there by the next call.
        """
        write_text(self.home / "clock", str(self.ahead + seconds))
        for name in self.processes.keys() - set(but):
            self.set_clock(name)

    def set_clock(self, name: str) -> None:
        """Bring one process to where the services' clocks were moved; OSError where it does not answer."""
        port = json.loads((self.home / "ports.json").read_text()).get(f"{name}-clock")
        if port and self.ahead:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as order:
                order.sendall(f"{self.ahead}\n".encode())
                if order.recv(16) != b"moved\n":
                    raise ConnectionError(f"{name} did not move its clock")

    def replicas(self, *services: str) -> list[str]:
        """The processes of these services: letters, letters-2, and so on."""
        return [name for name in self.processes if name.partition("-")[0] in services]

    def restart(self, *names: str, seconds: float = 60) -> None:
        """Kill processes and wait until their successors listen, with their clocks where they were."""
        killed, deadline = {name: self.kill(name) for name in names}, time.monotonic() + seconds
        for name, pid in killed.items():
            while self.processes.get(name, {"pid": pid})["pid"] == pid or is_free(self.processes[name]["port"]):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{name} did not come back:\n{self.log(name)[-2000:]}")
                time.sleep(0.05)
            self.set_clock(name)

    def replace(self, *names: str, seconds: float = 60) -> None:
        """End replicas as an orchestrator does, and wait until those that come in their places are ready."""
        ended, deadline = {name: self.kill(name, signal.SIGTERM) for name in names}, time.monotonic() + seconds
        for name, pid in ended.items():
            while self.processes.get(name, {"pid": pid})["pid"] == pid or not _is_ready(self.processes[name]["port"]):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{name} did not come back:\n{self.log(name)[-2000:]}")
                time.sleep(0.05)

    def lose_broker_store(self, name: str = "nats", *, streams: Sequence[str] = ()) -> int:
        """Take a broker's disk away while it stands still, so that it writes nothing more, and kill it: its pid.

        Args:
            name: of its process.
            streams: only these, of a broker without others; what the disk had is kept all the same.
        """
        disk, lost = self.home / name / "jetstream", self.home / name / f"lost-{time.time_ns()}"
        pid = self.kill(name, signal.SIGSTOP)
        try:
            if streams:
                shutil.copytree(disk, lost)
                for stream in streams:
                    shutil.rmtree(disk / "QUILL" / "streams" / stream)
            else:
                disk.rename(lost)
        finally:
            os.kill(pid, signal.SIGKILL)
        return pid

    @contextmanager
    def frozen(self, *names: str) -> Iterator[None]:
        """Processes that accept connections and answer nothing."""
        pids = [self.kill(name, signal.SIGSTOP) for name in names]
        try:
            yield
        finally:
            assert [self.kill(name, signal.SIGCONT) for name in names] == pids

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.home / "fleet.json").read_text())
        return state


@pytest.fixture(scope="session")
def fleet(server_folder: Path) -> Iterator[Fleet]:
    """The whole fleet with its demo data.

    QUILL_TEST_HOME names a running fleet to use instead, for quick turns while developing.
    """
    with running_fleet(server_folder / "fleet", instead=os.environ.get("QUILL_TEST_HOME")) as fleet:
        yield fleet


@contextmanager
def running_fleet(
    home: Path, *, instead: str | None = None, options: Sequence[str] = (), **settings: str
) -> Iterator[Fleet]:
    """A fleet that `make run` would start; at the end it must stop without remains.

    Args:
        home: its QUILL_HOME.
        instead: the home of a fleet that runs already, to use in its place.
        options: more words for `python -m native run`.
        settings: more of the launcher's variables.
    """
    if instead:
        yield Fleet(home=Path(instead), port=Fleet(Path(instead), 0).processes["caddy"]["port"])
        return
    fleet, told = Fleet(home=home, port=free_port()), home.with_suffix(".out")
    own = {"QUILL_HOME": str(home), "QUILL_PORT": str(fleet.port), "DEMO": "1"}
    own |= {f"QUILL_{name.upper()}": value for name, value in oidc_settings(free_port()).items()}
    with told.open("w+") as output:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "native", "run", *options],
            env={**os.environ, **own, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_up(fleet, launcher, output.name)
            yield fleet
            pids = [int(entry["pid"]) for entry in fleet.processes.values()]
        finally:
            _stop(launcher)
    assert launcher.returncode == 0, told.read_text()
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert not (fleet.home / "fleet.json").exists()


def _is_ready(port: int) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, verify=TLS).status_code == 200
    return False


def _wait_until_up(fleet: Fleet, launcher: subprocess.Popen[bytes], output: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (fleet.home / "demo-accounts.json").exists():
        if launcher.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"The fleet did not start:\n{Path(output).read_text()[-5000:]}", pytrace=False)
        time.sleep(0.2)


def _stop(launcher: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        launcher.send_signal(signal.SIGTERM)
    try:
        launcher.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        launcher.kill()
        launcher.wait()


@pytest.fixture(scope="module")
def push_service(fleet: Fleet) -> Iterator[PushReceiver]:
    """A push service at the one origin that the fleet trusts; tests that run tests of their own find the port free."""
    with push_receiver(fleet.push_port) as receiver:
        yield receiver


@pytest.fixture
def move_clock() -> Iterator[Callable[[float], None]]:
    """Puts the test's own process so many seconds ahead, until the test ends."""
    yield clock.move_to
    clock.move_to(0)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach; pytest's own temporary folders are closed to others.

    In memory where that has room: these servers need no disk, and one that is busy makes a statement take seconds.
    """
    parent = MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED else None
    with tempfile.TemporaryDirectory(prefix="quill-", dir=parent, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[bare.PostgresServer]:
    """A PostgreSQL without the fleet; `create_database()` gives the URL of an empty database."""
    with bare.postgres_server(server_folder / "postgres") as server:
        yield server


def migrated_database(server: bare.PostgresServer, service: str) -> str:
    """The URL of a database that a service's own migrations made, up, down and up again."""
    return server.create_database(template=_migrated(server, service))


@cache
def _migrated(server: bare.PostgresServer, service: str) -> str:
    name = f"migrated_{service}"
    subprocess.run(
        [sys.executable, "-c", MIGRATIONS],
        cwd=ROOT / "services" / service,
        env=os.environ | {"QUILL_MIGRATION_DATABASE_URL": server.create_database(name)},
        check=True,
        timeout=120,
    )
    return name


@pytest.fixture(scope="session")
def nats_server(server_folder: Path) -> Iterator[bare.NatsServer]:
    """A JetStream server without users: everyone may do everything."""
    with bare.nats_server(server_folder / "nats") as server:
        yield server


@pytest.fixture(scope="session")
def guarded_nats_server(server_folder: Path) -> Iterator[bare.NatsServer]:
    """A JetStream server with the fleet's users and permissions; `passwords` has each user's password."""
    passwords = {user: f"q-{user}-password" for user in NATS_USERS}
    with bare.nats_server(server_folder / "guarded-nats", passwords=passwords) as server:
        yield server
