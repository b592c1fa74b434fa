"""The app factory of the attack fleet: the real services, with a clock that outlives restarts, names that a test can
point anywhere, proxies that lead nowhere, and a fault where one is planted. It runs in the services' processes, in the
folder of the home."""

import json
import os
import signal
import socket
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import aiohttp
from aiohttp.abc import ResolveResult
from common import clock
from fastapi import FastAPI
from native.home import write_text

# What tests leave in the home.
CLOCK, NAMES, FAULT = Path("clock"), Path("names.json"), Path("fault")

# Where nobody listens: a service that asked its environment for a proxy would reach nothing any more.
PROXIES = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")


def auth() -> FastAPI:
    return _make("auth")


def patients() -> FastAPI:
    return _make("patients")


def letters() -> FastAPI:
    return _make("letters")


def notify() -> FastAPI:
    return _make("notify")


def _make(service: str) -> FastAPI:
    if CLOCK.exists():
        clock.move_to(float(CLOCK.read_text()))
    os.environ.update(PROXIES | {name.lower(): value for name, value in PROXIES.items()})
    aiohttp.ThreadedResolver = StagedResolver  # type: ignore[misc]
    bed = Bed(service)
    bed.plant()
    signal.signal(signal.SIGUSR1, lambda *_: bed.plant())
    app: FastAPI = import_module(f"{service}.main").create_app()
    return app


class Bed:
    """Where a fault grows: the one that the home's file names, looked at again at every SIGUSR1."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._take_back: Callable[[], None] = lambda: None

    def plant(self) -> None:
        """Take back what was planted, plant what is to be, and say so in a file of this process."""
        self._take_back()
        name = FAULT.read_text() if FAULT.exists() else ""
        if name:
            self._take_back = self._planted(name)
        write_text(planted_file(Path(), os.getpid()), name)

    def _planted(self, name: str) -> Callable[[], None]:
        import pytest  # takes a while, and a service without faults does not need it

        from attack.faults import FAULTS

        patch = pytest.MonkeyPatch()
        if self._service in FAULTS[name].services:
            FAULTS[name].remove(patch)
        return patch.undo


def planted_file(home: Path, pid: int) -> Path:
    """Where a process says which fault it has."""
    return home / f"planted-{pid}"


class StagedResolver(aiohttp.ThreadedResolver):
    """The machine's resolver, but for names that a test has given addresses and ports."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        staged = json.loads(NAMES.read_text()) if NAMES.exists() else {}
        if host not in staged:
            return await super().resolve(host, port, family)
        return [_result(host, address, at) for address, at in staged[host]]


def _result(host: str, address: str, port: int) -> ResolveResult:
    shape = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=shape, proto=0, flags=0)
