"""Commands of the documents that say so are run as they stand, against the fleet."""

import os
import subprocess

import pytest
from documentation import ROOT, Command, commands
from fleet import Fleet

OURS = [one for one in commands() if one.run_by == "tests/e2e/test_documentation.py"]


@pytest.mark.parametrize("command", OURS, ids=str)
def test_command_of_a_document_succeeds(fleet: Fleet, command: Command) -> None:
    line = command.line.replace("http://localhost:8080", fleet.url)
    kept = {"QUILL_CACHE"}  # where make finds its uv
    environment = {name: value for name, value in os.environ.items() if name in kept or not name.startswith("QUILL_")}
    environment |= {"QUILL_HOME": str(fleet.home), "QUILL_PORT": str(fleet.port)}
    run = subprocess.run(
        ["sh", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
