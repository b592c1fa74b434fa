"""What a server has acknowledged is on the copy, too, and comes back from it; commits wait for a copy that is away."""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from native.bare import PostgresServer, postgres_server
from ops import copy, databases
from ops.findings import Finding, State, settled
from ops_house import House
from quill_command import QUILL, Output

WRITERS, ENOUGH = 3, 300
IS_THERE = "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'"


def ask(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(question.encode()).fetchall()


def do(url: str, *orders: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for order in orders:
            connection.execute(order.encode())


def eventually(seen: Callable[[], object], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def quill(*words: object) -> Output:
    run = subprocess.run([QUILL, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in run.stderr, run.stderr
    return Output(run.returncode, run.stdout, run.stderr)


@dataclass
class Stage:
    """A server that waits for its disk, and the folder of its copy."""

    house: House
    place: Path
    running: ExitStack
    server: PostgresServer

    @property
    def data(self) -> Path:
        return self.place / "server/postgres"

    @property
    def copy(self) -> Path:
        return self.place / "copy"

    def know(self, server: PostgresServer) -> None:
        """Have commands ask this one."""
        self.server = server
        self.house.databases = {"letters": server.url("letters"), "notify": server.url("notify")}
        self.house.databases |= {name: server.url("postgres") for name in ("auth", "patients")}
        self.house.move_to(self.house.nats)
        os.environ["QUILL_COPY_DATABASE"] = server.url()

    def start(self) -> None:
        self.know(self.running.enter_context(postgres_server(self.place / "server", is_safe=True)))

    def lose(self) -> None:
        """Kill the server, and with it its disk."""
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        lost = self.data.rename(self.place / f"lost-{uuid4().hex[:8]}")
        shutil.rmtree(lost, ignore_errors=True)  # some of its processes may take an instant to end

    @contextmanager
    def kept(self) -> Iterator[None]:
        """The copy is kept, and commits wait for it."""
        with (self.place / "keep.log").open("ab") as log:
            keeper = subprocess.Popen([QUILL, "copy", "keep", self.copy], stdout=log, stderr=log)
        try:
            eventually(lambda: keeper.poll() is not None or ask(self.server.url(), IS_THERE))
            assert keeper.poll() is None, (self.place / "keep.log").read_text()
            yield
        finally:
            keeper.terminate()
            keeper.wait(30)


@pytest.fixture
def stage(house: House, server_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    place = server_folder / f"copied-{uuid4().hex[:8]}"
    place.mkdir(mode=0o711)
    monkeypatch.setenv("QUILL_COPY_DATABASE", "")  # what is set from here on ends with the test
    with ExitStack() as running:
        stage = Stage(house, place, running, PostgresServer(0))
        stage.start()
        for name in ("letters", "notify"):
            do(stage.server.create_database(name), "CREATE TABLE written (row text PRIMARY KEY)")
        yield stage


def write(url: str, row: str) -> None:
    do(url, f"INSERT INTO written VALUES ('{row}')")  # noqa: S608


def written(url: str) -> set[object]:
    return {row for (row,) in ask(url, "SELECT row FROM written")}


def write_until_lost(url: str, writer: int, acknowledged: list[str]) -> None:
    with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as connection:
        for number in range(1_000_000):
            connection.execute("INSERT INTO written VALUES (%s)", [f"{writer} {number}"])
            acknowledged.append(f"{writer} {number}")


def told_of_the_copy() -> Sequence[Finding]:
    """What `quill doctor` says of it."""
    return asyncio.run(settled("copy", lambda: copy.check(copy.CopySettings())))


def test_everything_acknowledged_comes_back_when_the_disk_is_lost_in_the_middle_of_writing(stage: Stage) -> None:
    acknowledged: list[str] = []
    url = stage.server.url("letters")
    with stage.kept():
        assert told_of_the_copy()[0].state is State.OK
        writers = [threading.Thread(target=write_until_lost, args=(url, n, acknowledged)) for n in range(WRITERS)]
        for one in writers:
            one.start()
        eventually(lambda: len(acknowledged) > ENOUGH)
        stage.lose()
        for one in writers:
            one.join()
    restored = quill("copy", "restore", stage.copy, stage.data)
    assert (restored.code, restored.errors) == (0, "")
    stage.start()
    assert set(acknowledged) - written(stage.server.url("letters")) == set()
    with stage.kept():  # a new series, with a base of what was restored
        write(stage.server.url("letters"), "after")
        stage.lose()
    assert quill("copy", "restore", stage.copy, stage.data).code == 0
    stage.start()
    assert {*acknowledged, "after"} <= written(stage.server.url("letters"))


def test_commits_wait_for_a_copy_that_is_away_until_it_is_back_or_given_up(stage: Stage) -> None:
    url = stage.server.url("letters")
    with stage.kept():
        write(url, "both are there")
    for row, way_out in (("until it is back", stage.kept), ("until it is given up", None)):
        waiting = threading.Thread(target=write, args=(url, row))
        waiting.start()
        waiting.join(1.5)
        assert waiting.is_alive()
        assert row not in written(url)
        told = told_of_the_copy()[0]
        assert (told.state, told.found.partition(",")[0]) == (State.FAIL, "away: commits wait for it")
        if way_out:
            with way_out():
                waiting.join(30)
        else:
            assert quill("copy", "off").code == 0
            waiting.join(30)
        assert not waiting.is_alive()
        assert row in written(url)
    assert told_of_the_copy()[0].state is State.WARN
    assert ask(url, "SELECT slot_name FROM pg_replication_slots") == []


def test_nothing_is_said_where_nobody_asked_for_a_copy(stage: Stage) -> None:
    assert told_of_the_copy() == []


def test_dropped_database_comes_back_as_it_was_and_the_others_stay(stage: Stage) -> None:
    letters, notify = stage.server.url("letters"), stage.server.url("notify")
    with stage.kept():
        for number in range(20):
            write(letters, f"row {number}")
        do(stage.server.url(), "DROP DATABASE letters")
        stage.server.create_database("another")
        do(stage.server.url(), "DROP DATABASE another")
        write(notify, "since")
    assert quill("copy", "off").code == 0
    stage.server.create_database("letters")
    restored = quill("copy", "restore", stage.copy, "--only", "letters")
    assert (restored.code, restored.errors) == (0, "")
    assert written(letters) == {f"row {number}" for number in range(20)}
    assert written(notify) == {"since"}
    again = quill("copy", "restore", stage.copy, "--only", "letters")
    assert again.errors.startswith("quill: letters is not empty; --replace puts the copy in its place")
    never = quill("copy", "restore", stage.copy, "--only", "notify", "--replace")
    assert never.errors.startswith("quill: notify was not dropped since base-")
    assert list(stage.copy.glob("recovering-*")) == []


def test_mistake_is_undone_in_one_database_or_in_the_whole_server(stage: Stage) -> None:
    letters, notify = stage.server.url("letters"), stage.server.url("notify")
    with stage.kept():
        time.sleep(1.1)  # a base is known by the second in which it was complete
        write(letters, "right")
        at = ask(letters, "SELECT clock_timestamp()")[0][0]
        assert isinstance(at, datetime)
        do(letters, "UPDATE written SET row = 'wrong'")
        write(notify, "since")
    assert quill("copy", "off").code == 0
    words = ("--until", at.isoformat())
    assert quill("copy", "restore", stage.copy, "--only", "letters", "--replace", *words).code == 0
    assert (written(letters), written(notify)) == ({"right"}, {"since"})
    other = stage.place / "then"
    assert quill("copy", "restore", stage.copy, other / "postgres", *words).code == 0
    with postgres_server(other, is_safe=True) as server:
        assert (written(server.url("letters")), written(server.url("notify"))) == ({"right"}, set())
        write(server.url("notify"), "goes on")
    late = quill("copy", "restore", stage.copy, stage.place / "late", "--until", "2126-01-01T00:00Z")
    assert late.errors.startswith(
        "quill: PostgreSQL does not recover: recovery ended before configured recovery target"
    )
    assert not (stage.place / "late").exists()


def test_keeper_waits_for_the_end_of_who_received_before(stage: Stage) -> None:
    with stage.kept():
        ((slot,),) = ask(stage.server.url(), "SELECT slot_name FROM pg_replication_slots")
    (stage.place / "other").mkdir()
    words = (f"--dbname={stage.server.url()}", f"--slot={slot}", f"--directory={stage.place / 'other'}")
    with subprocess.Popen([databases.programs() / "pg_receivewal", *words]) as other:
        eventually(lambda: ask(stage.server.url(), "SELECT slot_name FROM pg_replication_slots WHERE active"))
        threading.Timer(2, other.terminate).start()
        with stage.kept():
            write(stage.server.url("letters"), "later")


def test_bases_and_log_that_nobody_needs_are_removed(stage: Stage) -> None:
    with stage.kept():
        write(stage.server.url("letters"), "first")
    (series,) = (log.parent for log in stage.copy.glob("*/log"))
    first = min((series / "log").iterdir()).name
    for old in ("base-20200101T000000Z", "base-20200102T000000Z"):
        max(series.glob("base-*")).rename(series / old)
        do(stage.server.url(), "SELECT pg_switch_wal()")
        with stage.kept():
            eventually(lambda old=old: max(series.glob("base-*")).name > old)  # type: ignore[misc]
            write(stage.server.url("letters"), old)
            if old > "base-20200101T000000Z":
                eventually(lambda: min((series / "log").iterdir()).name > first)
    assert len(list(series.glob("base-*"))) == 2
    assert min(series.glob("base-*")).name == "base-20200102T000000Z"


def test_what_cannot_be_done_is_said_in_a_sentence(stage: Stage) -> None:
    folder, nowhere = stage.copy, stage.place / "nowhere/copy"
    kept = quill("copy", "keep", nowhere)
    assert (kept.code, kept.errors) == (1, f"quill: {nowhere} cannot be used: No such file or directory\n")
    folder.mkdir()
    there = quill("copy", "restore", folder, stage.data)
    assert (there.code, there.errors) == (1, f"quill: {stage.data} is there already: move it away first\n")
    assert quill("copy", "restore", folder, stage.place / "new").errors == f"quill: {folder} has no complete base\n"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert quill("copy", "keep", folder).errors.startswith(f"quill: {folder} is in use")
    do(stage.server.url(), "SELECT pg_create_physical_replication_slot('quill_copy_elsewhere', true)")
    assert f"PostgreSQL keeps log for a copy that is not in {folder}" in quill("copy", "keep", folder).errors
    (folder / "system").write_text("7")
    assert quill("copy", "keep", folder).errors.startswith(f"quill: {folder} has the copy of another PostgreSQL")
    assert quill("copy", "off").code == 0
    assert quill("copy", "restore", folder).code == 2
