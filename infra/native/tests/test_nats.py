"""How the brokers are started: one as ever, or three that know of each other."""

import json
from pathlib import Path

import pytest
from native import nats
from native.home import Home
from native.ports import choose_ports
from native.secrets import NATS_USERS
from native.settings import read_settings

PASSWORDS = {user: f"q-{user}-password" for user in (*NATS_USERS, "route")}
CLUSTER = {"QUILL_NATS_NODES": "3"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_one_broker_has_the_names_of_ever_and_knows_of_no_other(home: Home) -> None:
    settings = read_settings({})
    ports = choose_ports(home, nats.port_names(settings))
    assert ports.keys() == {"nats", "nats-monitor"}
    (alone,) = nats.programs(home, settings, ports=ports, passwords=PASSWORDS)
    assert alone.name == "nats"
    assert alone.command.argv[1:] == ("--config", str(nats.CONFIGURATION))
    assert alone.command.env["NATS_STORE_DIR"] == f'"{home.root / "nats"}"'
    assert "NATS_ROUTES" not in alone.command.env
    assert nats.urls(settings, ports) == alone.url


def test_brokers_of_a_cluster_have_stores_of_their_own_and_know_of_each_other(home: Home) -> None:
    settings = read_settings(CLUSTER)
    ports = choose_ports(home, nats.port_names(settings))
    programs = nats.programs(home, settings, ports=ports, passwords=PASSWORDS)
    assert [one.name for one in programs] == ["nats-0", "nats-1", "nats-2"]
    assert nats.urls(settings, ports) == ",".join(one.url for one in programs)
    routes = [f"nats://route:{PASSWORDS['route']}@127.0.0.1:{ports[f'{one.name}-route']}" for one in programs]
    for one in programs:
        told = one.command.env
        assert one.command.argv[1:] == ("--config", str(nats.CLUSTERED))
        assert json.loads(told["NATS_ROUTES"]) == routes
        assert told["NATS_SERVER_NAME"] == one.name
        assert told["NATS_ROUTE_PORT"] == str(ports[f"{one.name}-route"])
        assert told["NATS_STORE_DIR"] == f'"{home.root / one.name}"'
        assert told["QUILL_PROCESS"] == f"{one.name}@{home.root}"


def test_ways_that_a_test_chose_are_the_only_ones(home: Home) -> None:
    settings = read_settings({**CLUSTER, "QUILL_TEST_ROUTES": json.dumps({"nats-0>nats-1": 1234})})
    ports = choose_ports(home, nats.port_names(settings))
    first, second, _ = nats.programs(home, settings, ports=ports, passwords=PASSWORDS)
    assert json.loads(first.command.env["NATS_ROUTES"])[1].endswith("@127.0.0.1:1234")
    assert json.loads(second.command.env["NATS_ROUTES"])[1].endswith(f"@127.0.0.1:{ports['nats-1-route']}")
    assert first.command.argv[3:] == ("--cluster_advertise", "127.0.0.1:1")


def test_probe_of_a_store_is_removed_from_the_store_of_its_broker(home: Home) -> None:
    settings = read_settings(CLUSTER)
    _, second, _ = nats.programs(home, settings, ports=dict.fromkeys(nats.port_names(settings), 1), passwords=PASSWORDS)
    probes = [home.root / name / "jetstream" / "_test_1" for name in nats.names(settings)]
    for probe in probes:
        probe.parent.mkdir(parents=True)
        probe.touch()
    second.prepare()
    assert [probe.exists() for probe in probes] == [True, False, True]
