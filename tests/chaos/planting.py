"""The app factory of the chaos fleet: the real services, with fail points, with a clock that outlives restarts, and
with fault proxies before their backends. It runs in the services' processes, in the folder of the home."""

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

from chaos import failpoints
from common import clock
from fastapi import FastAPI
from native.leftovers import MARK

# What a run leaves in the home: where services are brought to, by the name of the port that they were told.
CLOCK, PORTS, DETOURS, FAULT = Path("clock"), Path("ports.json"), Path("detours.json"), Path("fault")
SPARED = Path("spared.json")  # the processes that reach no fail point
ADDRESSES = ("QUILL_FHIR_URL", "QUILL_EHRBASE_URL", "QUILL_NATS_URL", "QUILL_DATABASE_URL")


def auth() -> Any:
    return _make("auth")


def patients() -> Any:
    return _make("patients")


def letters() -> Any:
    return _make("letters")


def notify() -> Any:
    return _make("notify")


def _make(service: str) -> Any:
    if CLOCK.exists():
        clock.move_to(float(CLOCK.read_text()))
    _take_detours()
    _plant(service)
    app: FastAPI = import_module(f"{service}.main").create_app()
    name = os.environ[MARK].partition("@")[0]
    return app if name in json.loads(SPARED.read_text()) else failpoints.install(service, app)


def _take_detours() -> None:
    ports = json.loads(PORTS.read_text())
    for name, port in json.loads(DETOURS.read_text()).items():
        for variable in ADDRESSES:
            if variable in os.environ:
                os.environ[variable] = os.environ[variable].replace(f"127.0.0.1:{ports[name]}", f"127.0.0.1:{port}")


def _plant(service: str) -> None:
    """Take one protection away for good, where the home names it."""
    if FAULT.exists():
        import pytest  # takes a while, and a run without faults does not need it
        from chaos.faults import FAULTS

        fault = FAULTS[FAULT.read_text()]
        if service in fault.services:
            fault.remove(pytest.MonkeyPatch())
