"""The commands of docs/consume-events.md, typed by somebody who has a broker with two letters instead of a fleet."""

import json
import os
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from samples_stage import PASSWORDS, open_broker

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/consume-events.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FLEET = ("make run\n", "make story\n")  # the fleet's own tests have these
FOLLOW = r"^(venv/bin/python follow.py .*)$"
# Ctrl-C, as soon as both letters are printed.
UNTIL_BOTH_ARE_THERE = r""": >printed
\1 >>printed &
until [ "$(wc -l <printed)" -eq 2 ]; do sleep 0.1; done
kill $!; wait $! || true; cat printed"""


@pytest.fixture
def typed(server_folder: Path, tmp_path: Path) -> str:
    """What the terminal shows; programs that would run until Ctrl-C get it."""
    script = "".join(block for block in COMMANDS if block not in FLEET)
    script = re.sub(FOLLOW, UNTIL_BOTH_ARE_THERE, script, flags=re.MULTILINE)
    with open_broker(server_folder / "page-nats") as broker:
        partner = {"user": "partner", "password": PASSWORDS["partner"]}
        (tmp_path / "fleet.json").write_text(json.dumps({"nats": {"url": broker.server.url, "partner": partner}}))
        for _ in range(2):
            broker.publish(uuid4())
        env = os.environ | {"HOME": str(tmp_path), "QUILL_HOME": str(tmp_path)}
        run = subprocess.run(
            ["sh", "-euc", script], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, timeout=120, check=True
        )
    return run.stdout


def test_page_leads_to_printed_events_and_to_reading_them_again(typed: str) -> None:
    lines = [line.split(" ")[:2] for line in typed.splitlines()]
    first, second = lines[:2]
    assert {subject for _, subject in lines} == {"quill.letters.v1.letter.created"}
    assert first != second
    assert lines == [first, second] * 3


def test_page_names_no_command_that_nothing_tries() -> None:
    assert [block for block in COMMANDS if block in FLEET] == list(FLEET)
    assert len(COMMANDS) == 4
