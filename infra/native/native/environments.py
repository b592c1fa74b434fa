"""What a service of the running fleet was told, for commands that act in its name."""

import os
from collections.abc import Mapping
from pathlib import Path

from native.home import Home, read_json
from native.settings import read_settings

_OURS = "QUILL_"


def of_running(service: str) -> Mapping[str, str]:
    """The settings in the environment of a service of the fleet in QUILL_HOME; none where it does not run."""
    home = Home(read_settings(os.environ).home)
    processes = (read_json(home.fleet) or {}).get("processes", [])
    pids = [entry["pid"] for entry in processes if entry["name"] == service]
    try:
        lines = Path(f"/proc/{pids[0]}/environ").read_text().split("\0") if pids else []
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if line.startswith(_OURS))
    return {name: value for name, _, value in pairs if name != "QUILL_CLOCK_PORT"}
