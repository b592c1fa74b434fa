"""The receiver that docs/webhooks.md shows, run as it stands there."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from common.events import LetterCreated
from e2e.push_receiver import Hook
from notify.settings import Settings
from notify.webhooks import sender
from notify_stage import Stage
from sqlalchemy import text

pytestmark = pytest.mark.anyio

PAGE = (Path(__file__).parents[3] / "docs/webhooks.md").read_text()
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="session")
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def settings(settings: Settings, port: int) -> Settings:
    return settings.model_copy(update={"webhook_origins": f"http://127.0.0.1:{port}"})


@pytest.fixture
async def example(stage: Stage, port: int, tmp_path: Path) -> AsyncIterator[Path]:
    """What the example prints, while it runs as a registered webhook."""
    made = await stage.webhook(Hook.at(f"http://127.0.0.1:{port}/"))
    with receiver(tmp_path, secret=made.secret, port=port) as printed:
        async with asyncio.timeout(10):
            while not await asyncio.to_thread(answers, port):
                await asyncio.sleep(0.05)
        yield printed


@contextmanager
def receiver(folder: Path, *, secret: str, port: int) -> Iterator[Path]:
    env = {"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret, "PORT": str(port)}
    with (folder / "printed").open("w") as output:
        process = subprocess.Popen([sys.executable, "-c", EXAMPLE], env=env, cwd=folder, stdout=output)
        try:
            yield folder / "printed"
        finally:
            process.terminate()
            process.wait(timeout=10)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def until_printed(printed: Path, number: int) -> list[str]:
    async with asyncio.timeout(10):
        while len(lines := printed.read_text().splitlines()) < number:
            await asyncio.sleep(0.05)
    return lines


async def test_receiver_of_the_page_takes_each_fact_once_and_nothing_forged(
    stage: Stage, example: Path, port: int
) -> None:
    event, event_id = LetterCreated(letter_uid=uuid4(), patient_id=uuid4(), version=1, author_id=uuid4()), uuid4()
    async with stage.sending(sender.run):
        await stage.tell(event, event_id=event_id)
        (line,) = await until_printed(example, 1)
    assert line.startswith("letter.created 20")
    assert str(event.letter_uid) in line
    # The same fact again, as after an answer that was lost.
    async with stage.work.database.transaction() as session:
        await session.execute(text("DELETE FROM inbox"))
    async with stage.sending(sender.run):
        await stage.tell(event, event_id=event_id)
        await stage.tell(event)
        lines = await until_printed(example, 2)
    assert len(lines) == 2
    forged = {"webhook-id": str(uuid4()), "webhook-timestamp": "1779183000", "webhook-signature": "v1,AAAA"}
    async with httpx.AsyncClient(trust_env=False) as client:
        for headers in (forged, {}):
            assert (await client.post(f"http://127.0.0.1:{port}/", json={}, headers=headers)).status_code == 401
