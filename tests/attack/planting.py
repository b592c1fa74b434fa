"""The app factory of the attack fleet: the real services, with a clock that outlives restarts, names that a test can
point anywhere, proxies that lead nowhere, and a fault where one is planted. It runs in the services' processes, in the
folder of the home."""

import json
import os
import socket
from importlib import import_module
from pathlib import Path

import aiohttp
from aiohttp.abc import ResolveResult
from attack.faults import FAULTS
from common import clock
from fastapi import FastAPI

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
    if FAULT.exists():
        FAULTS[FAULT.read_text()].plant(service)
    app: FastAPI = import_module(f"{service}.main").create_app()
    return app


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
