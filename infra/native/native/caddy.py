"""Caddy, the only door: the root Caddyfile with this copy's port and the services' addresses."""

import sysconfig
from pathlib import Path

from native.errors import LaunchError
from native.home import Home
from native.leftovers import mark
from native.ports import is_free
from native.process import Command, Program
from native.services import upstreams
from native.settings import REPOSITORY, SERVICES, Settings

METRICS = "caddy-metrics"  # the name of its port for Prometheus
_TIER = 3


def program(home: Home, settings: Settings, *, ports: dict[str, int], web_root: Path) -> Program:
    """Caddy on QUILL_PORT; its own data stays in the home."""
    env = {
        # Scripts often name the address; for browsers only changes that come from localhost count as ours.
        "QUILL_SITE_ADDRESS": f"{settings.origin} http://127.0.0.1:{settings.port}",
        "QUILL_PORT": str(settings.port),
        "QUILL_BIND": "127.0.0.1",
        "QUILL_DISCOVERY": "static",
        "QUILL_WEB_ROOT": str(web_root),
        "XDG_DATA_HOME": str(home.root / "caddy"),
        "XDG_CONFIG_HOME": str(home.root / "caddy"),
        **{f"QUILL_{service.upper()}_UPSTREAMS": upstreams(settings, ports, service) for service in SERVICES},
        **({"QUILL_METRICS": "on", "QUILL_METRICS_PORT": str(ports[METRICS])} if settings.observe else {}),
        **mark(home, "caddy"),
    }
    executable = Path(sysconfig.get_path("scripts")) / "caddy"
    argv = (str(executable), "run", "--adapter", "caddyfile", "--config", str(REPOSITORY / "Caddyfile"))
    return Program(
        name="caddy",
        command=Command(argv=argv, env=env, cwd=home.root),
        port=settings.port,
        ready=lambda: _listens(settings.port),
        tier=_TIER,
    )


def check_port(port: int) -> None:
    """Raise LaunchError when somebody else already listens on the public port."""
    if not is_free(port):
        raise LaunchError(f"Port {port} is taken; choose another with QUILL_PORT, for example QUILL_PORT={port + 1}.")


async def _listens(port: int) -> bool:
    return not is_free(port)
