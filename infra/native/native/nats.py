"""NATS with JetStream, one server or a cluster: how each is started, and asked whether it is ready."""

import json
import sysconfig
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from native.home import Home
from native.http import answers
from native.leftovers import mark
from native.process import Command, Program
from native.settings import REPOSITORY, Settings

CONFIGURATION = REPOSITORY / "infra" / "nats" / "nats-server.conf"
CLUSTERED = CONFIGURATION.with_name("nats-cluster.conf")
_NOWHERE = "127.0.0.1:1"


def names(settings: Settings) -> list[str]:
    """The process names of the servers: nats, or nats-0, nats-1, and so on."""
    return ["nats"] if settings.nats_nodes == 1 else [f"nats-{number}" for number in range(settings.nats_nodes)]


def port_names(settings: Settings) -> list[str]:
    """Under which names their ports are chosen: for clients, monitors and, in a cluster, for each other."""
    own = names(settings)
    routes = [f"{name}-route" for name in own if settings.nats_nodes > 1]
    return [*own, *(f"{name}-monitor" for name in own), *routes]


def url(port: int) -> str:
    return f"nats://127.0.0.1:{port}"


def urls(settings: Settings, ports: Mapping[str, int]) -> str:
    """The addresses of all servers, as services take them."""
    return ",".join(url(ports[name]) for name in names(settings))


def programs(
    home: Home, settings: Settings, *, ports: Mapping[str, int], passwords: Mapping[str, str]
) -> list[Program]:
    """The servers with the fleet's users; `passwords` has each user's, and that of the routes of a cluster."""
    if settings.nats_nodes == 1:
        return [program(home, port=ports["nats"], monitor_port=ports["nats-monitor"], passwords=passwords)]
    return [_member(home, settings, name, ports=ports, passwords=passwords) for name in names(settings)]


def _member(
    home: Home, settings: Settings, name: str, *, ports: Mapping[str, int], passwords: Mapping[str, str]
) -> Program:
    """One server of a cluster."""
    alone = program(home, port=ports[name], monitor_port=ports[f"{name}-monitor"], passwords=passwords)
    found_at = {
        other: settings.test_routes.get(f"{name}>{other}", ports[f"{other}-route"]) for other in names(settings)
    }
    routes = [f"nats://route:{passwords['route']}@127.0.0.1:{port}" for port in found_at.values()]
    # Servers tell each other where they are; where tests chose the ways between them, there must be no others.
    silent = ("--cluster_advertise", _NOWHERE) if settings.test_routes else ()
    env = {
        **alone.command.env,
        **mark(home, name),
        "NATS_SERVER_NAME": name,
        "NATS_STORE_DIR": f'"{home.root / name}"',
        "NATS_ROUTE_PORT": str(ports[f"{name}-route"]),
        "NATS_ROUTES": json.dumps(routes),
    }
    return replace(
        alone,
        name=name,
        command=replace(alone.command, argv=(executable(), "--config", str(CLUSTERED), *silent), env=env),
        prepare=lambda: _remove_probes(home, name),
    )


def program(home: Home, *, port: int, monitor_port: int, passwords: Mapping[str, str]) -> Program:
    """The server with the fleet's users; `passwords` maps each user to a password that begins with a letter."""
    env = {
        **mark(home, "nats"),
        **{f"NATS_{user.upper()}_PASSWORD": password for user, password in passwords.items()},
        "NATS_HOST": "127.0.0.1",
        "NATS_PORT": str(port),
        "NATS_MONITOR_PORT": str(monitor_port),
        "NATS_STORE_DIR": f'"{home.root / "nats"}"',  # quoted: it is read as a piece of configuration
    }
    return Program(
        name="nats",
        command=Command(argv=(executable(), "--config", str(CONFIGURATION)), env=env),
        port=port,
        ready=lambda: answers(f"http://127.0.0.1:{monitor_port}/healthz"),
        prepare=lambda: _remove_probes(home),
        url=url(port),
    )


def bare_program(home: Home, *, port: int, monitor_port: int) -> Program:
    """JetStream without users and permissions, for tests of one part."""
    argv = ("--addr", "127.0.0.1", "--port", str(port), "--http_port", str(monitor_port), "--jetstream")
    return Program(
        name="nats",
        command=Command(
            argv=(executable(), *argv, "--store_dir", str(home.root / "nats")),
            env=mark(home, "nats"),
        ),
        port=port,
        ready=lambda: answers(f"http://127.0.0.1:{monitor_port}/healthz"),
        prepare=lambda: _remove_probes(home),
        url=url(port),
    )


def _remove_probes(home: Home, name: str = "nats") -> None:
    """A server that was killed while it tried whether its store can be written takes the trial for a lost account."""
    for probe in (home.root / name / "jetstream").glob("_test_*"):
        probe.unlink()


def executable() -> str:
    return str(Path(sysconfig.get_path("scripts")) / "nats-server")
