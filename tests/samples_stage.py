"""What the samples in samples/ are played on: a broker that is restarted, and their programs as partners start them.

A pytest plugin, too: `workshop` is a sample that is ready to run, each of them in turn."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from common.events import LetterCreated
from common.outbox import Envelope
from native.bare import NatsServer, nats_server
from native.build import build_once
from native.secrets import NATS_USERS
from native.settings import read_settings
from nats.aio.client import Client
from programs import lack
from provision.streams import provision

SAMPLES = Path(__file__).parents[1] / "samples"
PASSWORDS = {user: f"q-{user}-password" for user in NATS_USERS}
NATSCLI = "v0.5.0"
ALL = os.environ.get("QUILL_SAMPLES") == "all"  # `make samples`; `make test` plays those that need nothing built
BUILD_SECONDS, WAIT_SECONDS = 900, 60


@dataclass(frozen=True)
class Sample:
    """A program in a language: what makes it ready, and how it is started."""

    language: str
    run: tuple[str, ...]
    build: tuple[tuple[str, ...], ...] = ()
    source: str = ""


SAMPLES_OF = {
    one.language: one
    for one in (
        Sample("python", (sys.executable, "follow.py"), source="follow.py"),
        Sample("shell", ("sh", "follow.sh"), source="follow.sh"),
        Sample("typescript", ("node", "dist/follow.js"), (("npm", "ci"), ("npx", "tsc")), "follow.ts"),
        Sample("go", ("./follow",), (("go", "build", "-o", "follow", "."),), "follow.go"),
        Sample(
            "java",
            ("java", "-cp", "target/classes:target/dependency/*", "Follow"),
            (("mvn", "--quiet", "--batch-mode", "package"),),
            "src/main/java/Follow.java",
        ),
    )
}


def built(sample: Sample, folder: Path) -> Path:
    """A copy of the sample's folder in which its program is ready to run."""
    workshop = Path(shutil.copytree(SAMPLES / sample.language, folder / sample.language))
    for command in sample.build:
        subprocess.run(command, cwd=workshop, check=True, timeout=BUILD_SECONDS, stdout=subprocess.DEVNULL)
    return workshop


def nats_command() -> Path:
    """The folder of the command `nats`, which is built once and kept in Quill's cache."""

    async def make(folder: Path) -> None:
        go = ["go", "install", f"github.com/nats-io/natscli/nats@{NATSCLI}"]
        subprocess.run(go, env=os.environ | {"GOBIN": str(folder)}, check=True, timeout=BUILD_SECONDS)

    cache = read_settings(os.environ).cache / "tools"
    return asyncio.run(build_once(cache / f"natscli-{NATSCLI}", make))


@pytest.fixture(scope="session")
def nats_command_on_the_path() -> Iterator[None]:
    """The shell's sample needs it; it is built once, with Go."""
    if not ALL and shutil.which("go") is None:
        lack("the command nats is built with Go, which is not here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{nats_command()}:{os.environ['PATH']}")
        yield


@pytest.fixture(scope="module", params=list(SAMPLES_OF) if ALL else ["python", "shell"])
def workshop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sample's program, named by its language."""
    if request.param == "shell":
        request.getfixturevalue("nats_command_on_the_path")
    return built(SAMPLES_OF[request.param], tmp_path_factory.mktemp("samples"))


async def as_user[T](url: str, user: str, password: str, act: Callable[[Client], Awaitable[T]]) -> T:
    """What a user's act at a broker gives."""
    client = Client()
    await client.connect(url, user=user, password=password, inbox_prefix=f"_INBOX_{user}".encode())
    try:
        return await act(client)
    finally:
        await client.close()


@dataclass(frozen=True)
class Partner:
    """Somebody outside: where the broker is, and the password of the user `partner` there."""

    url: str
    password: str

    @property
    def environment(self) -> dict[str, str]:
        """What `. samples/partner.sh` sets."""
        return {"NATS_URL": self.url, "NATS_USER": "partner", "NATS_PASSWORD": self.password}

    def left(self, durable: str) -> int:
        """How many messages a durable has not had acknowledged yet."""

        async def count(client: Client) -> int:
            info = await client.jetstream().consumer_info("LETTERS", durable)
            return (info.num_pending or 0) + (info.num_ack_pending or 0)

        return asyncio.run(as_user(self.url, "partner", self.password, count))


@dataclass
class Broker:
    """A NATS server with the fleet's users and streams; a restart keeps its port and its store."""

    folder: Path
    server: NatsServer
    _running: ExitStack

    @contextmanager
    def away(self) -> Iterator[None]:
        """Down while the block runs, up again after it."""
        self._running.close()
        yield
        restarted = nats_server(self.folder, passwords=PASSWORDS, port=self.server.port)
        self.server = self._running.enter_context(restarted)

    def publish(self, event_id: UUID, *, message_id: str | None = None) -> None:
        """A letter's event; another `message_id` brings the same one into the stream again."""
        event = LetterCreated(letter_uid=uuid4(), patient_id=uuid4(), version=1, author_id=uuid4())
        about = {"type": event.subject, "subject": event.path, "dataschema": event.schema_path()}
        envelope = Envelope(id=event_id, source="/services/letters", **about)
        headers = envelope.headers() | ({"Nats-Msg-Id": message_id} if message_id else {})
        body = event.model_dump_json().encode()
        self.as_user("letters", lambda client: client.jetstream().publish(event.subject, body, headers=headers))

    @property
    def partner(self) -> Partner:
        return Partner(self.server.url, PASSWORDS["partner"])

    def as_user[T](self, user: str, act: Callable[[Client], Awaitable[T]]) -> T:
        """What a user's act gives."""
        return asyncio.run(as_user(self.server.url, user, PASSWORDS[user], act))


@contextmanager
def open_broker(folder: Path) -> Iterator[Broker]:
    """A broker with the catalogue's streams."""
    with ExitStack() as running:
        server = running.enter_context(nats_server(folder, passwords=PASSWORDS))
        broker = Broker(folder, server, running)
        broker.as_user("provision", lambda client: provision(client.jetstream()))
        yield broker


@dataclass
class Follower:
    """A sample's program at work under a durable's name, and the file that it keeps."""

    sample: Sample
    workshop: Path
    partner: Partner
    name: str = field(default_factory=lambda: f"partner-{uuid4().hex}")

    @property
    def store(self) -> Path:
        return self.workshop / f"{self.name}.tsv"

    def lines(self) -> list[list[str]]:
        """Id, subject and body of each event that was handled, as often as it was."""
        lines = self.store.read_text().split("\n")[:-1] if self.store.exists() else []
        return [line.split("\t") for line in lines]

    def handled(self) -> list[str]:
        """The ids of the events that were handled, each as often as it was."""
        return [line[0] for line in self.lines()]

    def is_done(self) -> bool:
        """Whether everything is acknowledged."""
        return self.partner.left(self.name) == 0

    def log(self) -> str:
        """What the program said."""
        return (self.workshop / "log").read_text()

    @contextmanager
    def at_work(self, *start: str) -> Iterator[None]:
        """Runs while the block does, and is killed after it without a warning."""
        with (self.workshop / "log").open("ab") as log:
            command, env = [*self.sample.run, self.name, *start], os.environ | self.partner.environment
            process = subprocess.Popen(
                command, cwd=self.workshop, env=env, stdout=log, stderr=log, start_new_session=True
            )
            try:
                yield
                assert process.poll() is None, self.log()
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # with the command that a shell waits for
                process.wait()

    def wait_for(self, events: Sequence[UUID]) -> None:
        """Until these events were handled, each once and in this order, and everything is acknowledged."""
        wanted, deadline = [str(event) for event in events], time.monotonic() + WAIT_SECONDS
        while self.handled() != wanted or not self.is_done():
            told = f"{self.handled()} instead of {wanted}\n{self.log()[-3000:]}"
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
