"""What a service of the running fleet was told, for commands that act in its name."""

import os
from collections.abc import Mapping
from pathlib import Path

from native.home import Home, read_json
from native.settings import read_settings

_OURS = "QUILL_"
_OPERATOR = "ops"


def of_running(service: str) -> Mapping[str, str]:
    """The settings in the environment of a service of the fleet in QUILL_HOME; none where it does not run.

    The operator's commands are told where everything is, whatever of it is down at the moment.
    """
    home = Home(read_settings(os.environ).home)
    if service == _OPERATOR:
        return _of_operator(home)
    processes = (read_json(home.fleet) or {}).get("processes", [])
    pids = [entry["pid"] for entry in processes if entry["name"] == service]
    told = _told(str(pids[0])) if pids else {}
    return {name: value for name, value in told.items() if name != "QUILL_CLOCK_PORT"}


def _of_operator(home: Home) -> Mapping[str, str]:
    # What only these commands need; the others start in a fraction of the time.
    from native.fleet import backends
    from native.secrets import load_secrets
    from native.services import Context, operator_environment

    if not home.fleet.exists():
        return {}
    settings = read_settings(_told(home.lock.read_text().strip()) | {"QUILL_HOME": str(home.root)})
    ports, secrets = read_json(home.ports), load_secrets(home)
    servers = backends(settings, ports=ports, secrets=secrets)
    return operator_environment(Context(home, settings, ports=ports, secrets=secrets, backends=servers))


def _told(pid: str) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/environ").read_text().split("\0")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if line.startswith(_OURS))
    return {name: value for name, _, value in pairs}
