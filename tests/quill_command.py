"""The operator's command, `quill`, as tests run it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet import Fleet

QUILL = Path(sys.executable).with_name("quill")


@dataclass
class Output:
    """What a command said, and the code it ended with."""

    code: int
    text: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def quill(fleet: Fleet, *arguments: object, typed: str = "", folder: Path | None = None) -> Output:
    """The command as an operator types it, in a shell that knows the fleet's home, with `typed` on standard input."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QUILL_")}
    run = subprocess.run(
        [QUILL, *map(str, arguments)],
        env=environment | {"QUILL_HOME": str(fleet.home)},
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in run.stderr, run.stderr
    return Output(run.returncode, run.stdout, run.stderr)
