"""The fleet as `make run` starts it: its files, its processes, its main job."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
from fleet import Fleet
from native.home import Home
from native.story import play

NAMES = {"postgres", "nats", "caddy", "fhir", "openehr", "auth", "patients", "letters", "notify"}


def test_fleet_file_names_every_server_with_pid_and_port(fleet: Fleet) -> None:
    processes = fleet.processes
    assert processes.keys() == NAMES
    assert processes["caddy"]["port"] == fleet.port
    for entry in processes.values():
        assert Path(f"/proc/{entry['pid']}").exists()
        with socket.create_connection(("127.0.0.1", entry["port"]), timeout=5):
            pass
    assert processes["fhir"]["url"] == f"http://127.0.0.1:{processes['fhir']['port']}/fhir"
    assert processes["openehr"]["url"].endswith("/ehrbase/rest/openehr/v1")
    assert fleet.partner["user"] == "partner"


def test_recorded_pids_are_those_of_the_servers_that_listen(fleet: Fleet) -> None:
    for name, entry in fleet.processes.items():
        sockets = {os.readlink(path) for path in Path(f"/proc/{entry['pid']}/fd").iterdir()}
        listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        inodes = [f"socket:[{row[9]}]" for row in listening if row[3] == "0A" and _port(row[1]) == entry["port"]]
        inodes += _listening_on_ipv6(entry["port"])
        assert sockets & set(inodes), name


def _listening_on_ipv6(port: int) -> list[str]:
    rows = [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    return [f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and _port(row[1]) == port]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def test_nothing_listens_beyond_loopback(fleet: Fleet) -> None:
    ports = {entry["port"] for entry in fleet.processes.values()}
    for table, loopback in (("tcp", "0100007F"), ("tcp6", "0000000000000000FFFF00000100007F")):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            address, _, _ = line.split()[1].partition(":")
            if line.split()[3] == "0A" and _port(line.split()[1]) in ports:
                assert address == loopback, line


def test_demo_has_its_roles_and_two_linked_patients(fleet: Fleet) -> None:
    roles = [account["role"] for account in fleet.accounts]
    assert sorted(roles) == ["admin", "clinician", "patient", "patient"]
    linked = {fleet.account("patient", number=number)["patient_id"] for number in (1, 2)}
    assert len(linked) == 2


def test_files_with_secrets_are_readable_by_their_owner_only(fleet: Fleet) -> None:
    for name in ("secrets.json", "demo-accounts.json", "fleet.json", "logs/auth.log"):
        assert stat.S_IMODE((fleet.home / name).stat().st_mode) == 0o600, name


def test_no_secret_stands_in_a_command_line(fleet: Fleet) -> None:
    lines = [Path(f"/proc/{entry['pid']}/cmdline").read_text() for entry in fleet.processes.values()]
    assert [name for name, secret in fleet.secrets.items() if any(secret in line for line in lines)] == []


def test_health_of_the_whole_fleet_is_ok(fleet: Fleet) -> None:
    answer = httpx.get(f"{fleet.url}/api/health", timeout=5)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_main_job_is_played_through_the_public_door(fleet: Fleet) -> None:
    told: list[str] = []
    asyncio.run(play(Home(fleet.home), times=1, tell=told.append))
    assert len(told) == 11


def test_second_launcher_on_the_same_home_is_refused(fleet: Fleet) -> None:
    environment = {**os.environ, "QUILL_HOME": str(fleet.home), "QUILL_PORT": "1"}
    second = subprocess.run([sys.executable, "-m", "native", "run"], env=environment, capture_output=True, timeout=60)
    assert second.returncode == 1
    assert b"already runs the fleet" in second.stdout
    assert fleet.processes.keys() == NAMES


def test_killed_service_is_back_under_the_same_port(fleet: Fleet) -> None:
    before = fleet.processes["notify"]
    fleet.restart("notify")
    after = fleet.processes["notify"]
    assert after["pid"] != before["pid"]
    assert after["port"] == before["port"]
