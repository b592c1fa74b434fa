"""The NATS server with JetStream: how it is started and asked whether it is ready."""

import sysconfig
from collections.abc import Mapping
from pathlib import Path

from native.home import Home
from native.http import answers
from native.leftovers import mark
from native.process import Command, Program
from native.settings import REPOSITORY

CONFIGURATION = REPOSITORY / "infra" / "nats" / "nats-server.conf"


def url(port: int) -> str:
    return f"nats://127.0.0.1:{port}"


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


def _remove_probes(home: Home) -> None:
    """A server that was killed while it tried whether its store can be written takes the trial for a lost account."""
    for probe in (home.root / "nats" / "jetstream").glob("_test_*"):
        probe.unlink()


def executable() -> str:
    return str(Path(sysconfig.get_path("scripts")) / "nats-server")
