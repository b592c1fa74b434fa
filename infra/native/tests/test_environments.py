"""Commands act in the name of a service that runs, with what it was told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from native.environments import of_running
from native.home import Home, write_json
from native.secrets import load_secrets
from native.services import Backends, Context, environment
from native.settings import read_settings
from ops.house import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A fleet whose one service is told a secret."""
    home = Home(tmp_path)
    told = {"QUILL_DATABASE_URL": "postgresql://here", "QUILL_CLOCK_PORT": "18000", "OTHER": "unasked"}
    with subprocess.Popen([sys.executable, "-c", "input()"], env=told, stdin=subprocess.PIPE) as service:
        write_json(home.fleet, {"processes": [{"name": "auth", "pid": service.pid, "port": 1}]})
        monkeypatch.setenv("QUILL_HOME", str(tmp_path))
        yield home
        service.kill()


@pytest.mark.usefixtures("home")
def test_running_service_lends_its_settings_but_not_its_clock() -> None:
    assert of_running("auth") == {"QUILL_DATABASE_URL": "postgresql://here"}
    assert of_running("letters") == {}


def test_operator_is_told_where_everything_is_whatever_runs(home: Home) -> None:
    names = (
        "postgres",
        *(name + kind for name in ("nats-0", "nats-1", "nats-2") for kind in ("", "-monitor")),
        "fhir",
        "openehr",
        "auth",
        "patients",
        "letters",
        "letters-2",
        "notify",
    )
    write_json(home.ports, {name: 20000 + number for number, name in enumerate(names)})
    chosen = {"QUILL_PORT": "8642", "QUILL_REPLICAS": "letters=2", "QUILL_HOME": "relative"}
    chosen["QUILL_NATS_NODES"] = "3"
    with subprocess.Popen([sys.executable, "-c", "input()"], env=chosen, stdin=subprocess.PIPE) as launcher:
        home.lock.write_text(str(launcher.pid))
        told = of_running("ops")
        launcher.kill()
    assert {f"QUILL_{name.upper()}" for name, field in Settings.model_fields.items() if field.is_required()} <= set(
        told
    )
    assert told["QUILL_PUBLIC_ORIGIN"] == "http://localhost:8642"
    assert told["QUILL_LETTERS_URL"] == "http://127.0.0.1:20011,http://127.0.0.1:20012"
    assert told["QUILL_NATS_URL"].split(",") == [f"nats://127.0.0.1:{port}" for port in (20001, 20003, 20005)]
    assert told["QUILL_NATS_MONITOR_URL"].split(",") == [f"http://127.0.0.1:{port}" for port in (20002, 20004, 20006)]
    assert told["QUILL_NATS_PASSWORD"] == load_secrets(home)["nats_operator"]
    assert told["QUILL_SECRET_FILES"].split()[0] == str(home.secrets)
    home.fleet.unlink()
    assert of_running("ops") == {}


def test_command_without_a_fleet_says_what_it_needs(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "QUILL_HOME": str(tmp_path)}
    command = [str(Path(sys.executable).with_name("quill")), "keys", "rotate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "start the fleet first" in done.stderr
    assert "QUILL_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def context(home: Home) -> Context:
    """What a launcher knows that was told nothing."""
    names = ("postgres", "nats", "auth", "patients", "letters", "notify")
    return Context(
        home=home,
        settings=read_settings({}),
        ports=dict.fromkeys(names, 1),
        secrets=load_secrets(home),
        backends=Backends("fhir", "openehr", "quill", "password", "system"),
    )


def test_person_chooses_some_settings_of_services_whose_defaults_are_their_own(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUILL_TIME_ZONE", "Europe/Berlin")
    monkeypatch.setenv("QUILL_LOGIN_FAILURES_PER_MINUTE", "7")
    monkeypatch.setenv("QUILL_LOG_LEVEL", "")
    told = environment(context, "notify")
    assert (told["QUILL_TIME_ZONE"], told["QUILL_LOGIN_FAILURES_PER_MINUTE"]) == ("Europe/Berlin", "7")
    assert told["QUILL_REGISTRATIONS_PER_HOUR"] == "1000"
    assert not {"QUILL_LOG_LEVEL", "QUILL_QUIET_HOURS"} & told.keys()


def test_person_chooses_the_letterhead_and_nothing_else_of_letters(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("QUILL_LETTERHEAD_NAME", "QUILL_EHRBASE_SYSTEM_ID", "QUILL_OTHER"):
        monkeypatch.setenv(name, "chosen")
    told = environment(context, "letters")
    assert [name for name, value in told.items() if value == "chosen"] == ["QUILL_LETTERHEAD_NAME"]
    assert "QUILL_LETTERHEAD_NAME" not in environment(context, "notify")
