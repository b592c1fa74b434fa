"""What is kept in QUILL_HOME: the lock, secrets and ports."""

import base64
import json
import re
import socket
import stat
from pathlib import Path

import pytest
from native.errors import LaunchError
from native.home import Home, read_json, write_json
from native.ports import HeldPorts, choose_ports, free_port, is_free
from native.secrets import DEMO_ACCOUNTS, NATS_USERS, load_secrets


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


def test_a_second_launcher_is_refused_while_the_first_holds_the_home(home: Home) -> None:
    with home.held(), pytest.raises(LaunchError, match="already runs the fleet"), Home(home.root).held():
        pass
    with home.held():
        pass


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LaunchError, match="QUILL_HOME"):
        Home(tmp_path / "file" / "home").create()


def test_a_file_cut_short_reads_as_absent(home: Home) -> None:
    home.fleet.write_text('{"processes": [')
    assert read_json(home.fleet) is None


def test_secrets_are_made_once_and_only_their_owner_reads_them(home: Home) -> None:
    first = load_secrets(home)
    assert stat.S_IMODE(home.secrets.stat().st_mode) == 0o600
    assert load_secrets(home) == first
    assert len(set(first.values())) == len(first)


def test_a_secret_that_is_new_in_this_version_is_added_and_the_others_stay(home: Home) -> None:
    first = dict(load_secrets(home))
    write_json(home.secrets, {name: value for name, value in first.items() if name != "refresh_key"})
    second = load_secrets(home)
    assert second["refresh_key"] != first["refresh_key"]
    assert {**second, "refresh_key": ""} == {**first, "refresh_key": ""}


def test_damaged_secrets_stop_the_start_instead_of_being_replaced(home: Home) -> None:
    home.secrets.write_text("{")
    with pytest.raises(LaunchError, match="damaged"):
        load_secrets(home)


def test_secrets_have_the_forms_their_readers_need(home: Home) -> None:
    secrets = load_secrets(home)
    assert all(secrets[f"nats_{user}"][0].isalpha() for user in NATS_USERS)
    assert all(len(secrets[name]) >= 32 for name in ("pseudonym_key", "password_pepper", "refresh_key"))
    assert len(base64.urlsafe_b64decode(secrets["vapid_private_key"] + "=")) == 32
    words = r"[a-z]{5}(-[a-z]{5}){3}"
    assert all(re.fullmatch(words, secrets[f"demo_{account}"]) for account in DEMO_ACCOUNTS)


def test_ports_are_kept_unless_somebody_took_one(home: Home) -> None:
    first = choose_ports(home, ["postgres", "nats"])
    assert choose_ports(home, ["postgres", "nats"]) == first
    with socket.create_server(("127.0.0.1", first["nats"])):
        assert not is_free(first["nats"])
        second = choose_ports(home, ["postgres", "nats"])
    assert second["postgres"] == first["postgres"]
    assert second["nats"] not in first.values()
    assert json.loads(home.ports.read_text()) == second


def test_held_port_is_nobody_elses_until_its_server_is_started() -> None:
    port = free_port()
    held = HeldPorts([port])
    assert not is_free(port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    held.release(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)


def test_port_that_cannot_be_held_is_left_as_it_is() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        port = server.getsockname()[1]
        HeldPorts([port]).release(port)
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
