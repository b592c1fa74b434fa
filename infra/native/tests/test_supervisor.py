"""Keeping real servers alive, stopping them, and what a killed launcher leaves."""

import asyncio
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from native import nats, postgres
from native.errors import LaunchError
from native.home import Home, write_json
from native.leftovers import end_leftovers, is_ours, mark
from native.ports import choose_ports
from native.process import Command, Program, run_to_end
from native.supervisor import Supervisor


@pytest.fixture
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="quill-"))  # PostgreSQL's user can reach it, unlike tmp_path
    home = Home(folder)
    home.create()
    yield home
    shutil.rmtree(folder)


@pytest.fixture
def reports() -> list[str]:
    return []


def supervisor_of(home: Home, reports: list[str]) -> Supervisor:
    return Supervisor(home, nats=lambda: {}, report=reports.append)


def nats_of(home: Home) -> Program:
    ports = choose_ports(home, ["nats", "nats-monitor"])
    return nats.bare_program(home, port=ports["nats"], monitor_port=ports["nats-monitor"])


def cluster_of(home: Home) -> postgres.Cluster:
    return postgres.Cluster(home, port=choose_ports(home, ["postgres"])["postgres"], password="q-test")


def recorded(home: Home, name: str) -> int | None:
    processes = json.loads(home.fleet.read_text())["processes"]
    return next((entry["pid"] for entry in processes if entry["name"] == name), None)


def lives(pid: int) -> bool:
    with suppress(OSError):
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


def wait_until(condition: object, *, seconds: float = 15) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_killed_server_is_restarted_and_recorded_under_its_new_pid(home: Home, reports: list[str]) -> None:
    async def scenario() -> tuple[int, int]:
        supervisor, program = supervisor_of(home, reports), nats_of(home)
        first = await supervisor.start(program)
        assert recorded(home, "nats") == first
        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(wait_until, lambda: recorded(home, "nats") not in {first, None})
        while not await program.ready():
            await asyncio.sleep(0.05)
        second = recorded(home, "nats")
        await supervisor.stop()
        assert second is not None
        return first, second

    first, second = asyncio.run(scenario())
    assert not lives(first)
    assert not lives(second)
    assert not home.fleet.exists()
    assert reports == ["nats ended (-9); starting it again in 0.2 s"]


def test_killed_postgres_keeps_what_was_committed(home: Home, reports: list[str]) -> None:
    async def scenario() -> None:
        supervisor, cluster = supervisor_of(home, reports), cluster_of(home)
        await postgres.create_cluster(cluster)
        program = postgres.program(cluster)
        first = await supervisor.start(program)
        address = cluster.url("postgres", cluster.password, database="postgres")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(wait_until, lambda: recorded(home, "postgres") not in {first, None})
        while not await program.ready():
            await asyncio.sleep(0.05)
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        await supervisor.stop()

    asyncio.run(scenario())


def test_postmaster_lock_that_names_a_stranger_is_no_obstacle(home: Home, reports: list[str]) -> None:
    async def scenario() -> None:
        supervisor, cluster = supervisor_of(home, reports), cluster_of(home)
        await postgres.create_cluster(cluster)
        (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")
        await supervisor.start(postgres.program(cluster))
        await supervisor.stop()

    asyncio.run(scenario())
    assert reports == []


def test_nats_killed_while_it_tried_its_store_becomes_ready_again(home: Home, reports: list[str]) -> None:
    store = home.root / "nats" / "jetstream"
    store.mkdir(parents=True)
    (store / "_test_123").touch()

    async def scenario() -> None:
        supervisor = supervisor_of(home, reports)
        await supervisor.start(dataclasses.replace(nats_of(home), patience=10))
        await supervisor.stop()

    asyncio.run(scenario())


def test_server_that_cannot_start_ends_the_start_with_its_log(home: Home, reports: list[str]) -> None:
    command = Command(argv=(sys.executable, "-c", "raise SystemExit('no licence')"))

    async def never() -> bool:
        return False

    async def scenario() -> None:
        supervisor = supervisor_of(home, reports)
        try:
            await supervisor.start(Program(name="broken", command=command, port=1, ready=never, patience=1.5))
        finally:
            await supervisor.stop()

    with pytest.raises(LaunchError, match=r"(?s)broken does not become ready.*no licence"):
        asyncio.run(scenario())
    assert len(reports) >= 2


def test_server_that_ignores_the_polite_signal_is_killed(home: Home, reports: list[str]) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    log = home.log("deaf")

    async def ready() -> bool:
        return log.exists() and "deaf" in log.read_text()

    command = Command(argv=(sys.executable, "-c", code))

    async def scenario() -> float:
        supervisor = supervisor_of(home, reports)
        await supervisor.start(Program(name="deaf", command=command, port=1, ready=ready, grace=0.3))
        began = time.monotonic()
        await supervisor.stop()
        return time.monotonic() - began

    assert 0.3 <= asyncio.run(scenario()) < 5


def test_failed_command_tells_its_exit_code_and_log(home: Home) -> None:
    command = Command(argv=(sys.executable, "-c", "import sys; print(sys.stdin.read()); sys.exit(3)"))
    with pytest.raises(LaunchError, match=r"(?s)Seeding failed with exit code 3.*told"):
        asyncio.run(run_to_end(command, what="Seeding", log=home.log("seed"), seconds=20, stdin=b"told"))


def test_command_that_takes_too_long_is_ended(home: Home) -> None:
    command = Command(argv=(sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(LaunchError, match="longer than"):
        asyncio.run(run_to_end(command, what="Seeding", log=home.log("seed"), seconds=0.3))


LAUNCHER = """
import asyncio, sys
from pathlib import Path
from native import nats
from native.home import Home
from native.supervisor import Supervisor

async def main():
    home = Home(Path(sys.argv[1]))
    supervisor = Supervisor(home, nats=lambda: {}, report=print)
    await supervisor.start(nats.bare_program(home, port=int(sys.argv[2]), monitor_port=int(sys.argv[3])))
    print("up", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_servers_die_with_a_launcher_that_is_killed(home: Home) -> None:
    ports = choose_ports(home, ["nats", "nats-monitor"])
    arguments = [str(home.root), str(ports["nats"]), str(ports["nats-monitor"])]
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, *arguments], stdout=subprocess.PIPE)
    assert launcher.stdout is not None
    with launcher.stdout:
        assert launcher.stdout.readline() == b"up\n"
        pid = recorded(home, "nats")
        assert pid is not None
        assert is_ours(home, "nats", pid)
        launcher.kill()
        launcher.wait()
    wait_until(lambda: not lives(pid))


def test_leftover_of_this_home_is_ended_and_a_recycled_pid_is_not(home: Home) -> None:
    sleep = ["sleep", "60"]
    leftover = subprocess.Popen(sleep, env={"PATH": os.environ["PATH"], **mark(home, "letters")})
    stranger = subprocess.Popen(sleep)
    entries = [{"name": "letters", "pid": leftover.pid}, {"name": "auth", "pid": stranger.pid}]
    write_json(home.fleet, {"processes": entries})
    try:
        wait_until(lambda: is_ours(home, "letters", leftover.pid))
        assert end_leftovers(home, seconds=1) == ["letters"]
        assert leftover.wait(5) == -signal.SIGTERM
        assert stranger.poll() is None
        assert not home.fleet.exists()
    finally:
        for process in (leftover, stranger):
            process.kill()
            process.wait()
