"""What the samples in samples/ are played on: a broker that is restarted, and their programs as partners start them."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from common.events import LetterCreated
from common.outbox import Envelope
from native.bare import NatsServer, nats_server
from native.build import build_once
from native.secrets import NATS_USERS
from native.settings import read_settings
from nats.aio.client import Client
from provision.streams import provision

SAMPLES = Path(__file__).parents[1] / "samples"
PASSWORDS = {user: f"q-{user}-password" for user in NATS_USERS}
NATSCLI = "v0.5.0"
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

    def left(self, durable: str) -> int:
        """How many messages a durable has not had acknowledged yet."""
        info = self.as_user("provision", lambda client: client.jetstream().consumer_info("LETTERS", durable))
        return int(info.num_pending + info.num_ack_pending)

    def as_user(self, user: str, act: Callable[[Client], Any]) -> Any:
        """What a user's act gives."""

        async def scenario() -> Any:
            client = Client()
            inbox = f"_INBOX_{user}".encode()
            await client.connect(self.server.url, user=user, password=PASSWORDS[user], inbox_prefix=inbox)
            try:
                return await act(client)
            finally:
                await client.close()

        return asyncio.run(scenario())


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
    broker: Broker
    name: str = field(default_factory=lambda: f"partner-{uuid4().hex}")

    @property
    def store(self) -> Path:
        return self.workshop / f"{self.name}.tsv"

    def handled(self) -> list[str]:
        """The ids of the events that were handled, each as often as it was."""
        lines = self.store.read_text().split("\n")[:-1] if self.store.exists() else []
        return [line.split("\t")[0] for line in lines]

    @contextmanager
    def at_work(self, *start: str) -> Iterator[None]:
        """Runs while the block does, and is killed after it without a warning."""
        partner = {"NATS_URL": self.broker.server.url, "NATS_USER": "partner", "NATS_PASSWORD": PASSWORDS["partner"]}
        with (self.workshop / "log").open("ab") as log:
            command, env = [*self.sample.run, self.name, *start], os.environ | partner
            process = subprocess.Popen(
                command, cwd=self.workshop, env=env, stdout=log, stderr=log, start_new_session=True
            )
            try:
                yield
                assert process.poll() is None, (self.workshop / "log").read_text()
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # with the command that a shell waits for
                process.wait()

    def wait_for(self, events: Sequence[UUID]) -> None:
        """Until these events were handled, each once and in this order, and everything is acknowledged."""
        wanted, deadline = [str(event) for event in events], time.monotonic() + WAIT_SECONDS
        while self.handled() != wanted or self.broker.left(self.name):
            told = f"{self.handled()} instead of {wanted}\n{(self.workshop / 'log').read_text()[-3000:]}"
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
