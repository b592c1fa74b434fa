"""What the chart hands to NATS and PostgreSQL, tried on real servers: a cluster that loses one, databases, rights."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nats
import psycopg
import pytest
from chart import ROOT, SERVICES, of_kind, pod_specs
from native import bare, postgres
from native.nats import executable
from native.ports import free_port
from nats.aio.client import Client
from provision.streams import provision

NAMES = ("nats-0", "nats-1", "nats-2")
OWNERS = {"fhir": "fhir"} | {name: f"{name}_owner" for name in SERVICES}
USERS = ("AUTH", "PATIENTS", "LETTERS", "NOTIFY", "PROVISION", "OPERATOR", "PARTNER", "ROUTE")


@dataclass(frozen=True)
class Server:
    port: int
    route: int
    process: subprocess.Popen[bytes]


def told(name: str, client: int, routes: dict[str, int], folder: Path) -> dict[str, str]:
    """The environment of a pod of the StatefulSet, with places on this machine for those of the cluster."""
    own = {one["name"]: one.get("value", "") for one in pod_specs("default")["nats"]["containers"][0]["env"]}
    own |= {f"NATS_{user}_PASSWORD": f"q-{user.lower()}" for user in USERS}
    listed = own["NATS_ROUTES"].replace("$(NATS_ROUTE_PASSWORD)", own["NATS_ROUTE_PASSWORD"])
    for other, port in routes.items():
        assert f"{other}.nats-servers:6222" in listed
        listed = listed.replace(f"{other}.nats-servers:6222", f"127.0.0.1:{port}")
    places = {"NATS_HOST": "127.0.0.1", "NATS_PORT": str(client), "NATS_MONITOR_PORT": str(free_port())}
    stores = {"NATS_STORE_DIR": f'"{folder / name}"', "NATS_ROUTE_PORT": str(routes[name]), "NATS_ROUTES": listed}
    return own | places | stores | {"NATS_SERVER_NAME": name, "PATH": os.environ["PATH"]}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """Three servers with the configuration that their pods find in /etc/quill."""
    folder = tmp_path_factory.mktemp("nats")
    for name, text in of_kind("default", "ConfigMap")["nats"]["data"].items():
        (folder / name).write_text(text)
    (_, option, path) = pod_specs("default")["nats"]["containers"][0]["args"]
    assert (option, Path(path).parent) == ("--config", Path("/etc/quill"))
    ports: list[int] = []
    for _ in range(6):
        ports.append(free_port(avoid=ports))
    routes = dict(zip(NAMES, ports, strict=False))
    running: dict[str, Server] = {}
    try:
        for name, port in zip(NAMES, ports[3:], strict=True):
            with (folder / f"{name}.log").open("wb") as log:
                command = [executable(), "--config", str(folder / Path(path).name)]
                environment = told(name, port, routes, folder)
                running[name] = Server(
                    port, routes[name], subprocess.Popen(command, env=environment, stdout=log, stderr=log)
                )
        yield running
    finally:
        for server in running.values():
            with suppress(ProcessLookupError):
                server.process.kill()
            server.process.wait(20)


async def connect(servers: dict[str, Server], user: str) -> Client:
    alive = [f"nats://127.0.0.1:{one.port}" for one in servers.values() if one.process.poll() is None]
    return await nats.connect(
        alive, user=user, password=f"q-{user}", inbox_prefix=f"_INBOX_{user}".encode(), max_reconnect_attempts=-1
    )


async def patiently(attempt: Any) -> Any:
    """The outcome of a call that fails while the cluster finds a leader."""
    for _ in range(60):
        with suppress(nats.errors.Error, nats.js.errors.Error):
            return await attempt()
        await asyncio.sleep(0.5)
    return await attempt()


def test_streams_have_three_copies_and_take_events_after_a_server_was_lost(servers: dict[str, Server]) -> None:
    async def scenario() -> tuple[str, int]:
        maker = await connect(servers, "provision")
        await patiently(lambda: provision(maker.jetstream(), replicas=3))
        stream = await maker.jetstream().stream_info("LETTERS")
        assert stream.cluster
        assert stream.cluster.replicas
        assert {stream.cluster.leader, *(one.name for one in stream.cluster.replicas)} == set(NAMES)
        lost = str(stream.cluster.leader)
        await maker.close()
        letters = await connect(servers, "letters")
        before = await letters.jetstream().publish("quill.letters.v1.letter.created", b"{}")
        servers[lost].process.kill()
        servers[lost].process.wait(20)
        publish = lambda: letters.jetstream().publish("quill.letters.v1.letter.created", b"{}", timeout=2)  # noqa: E731
        after = await patiently(publish)
        await letters.close()
        return lost, after.seq - before.seq

    lost, apart = asyncio.run(scenario())
    assert lost in NAMES
    assert apart >= 1


def test_a_server_without_the_password_of_routes_stays_outside(servers: dict[str, Server], tmp_path: Path) -> None:
    for name, text in of_kind("default", "ConfigMap")["nats"]["data"].items():
        (tmp_path / name).write_text(text)
    known = next(server for server in servers.values() if server.process.poll() is None)
    routes = dict.fromkeys(NAMES, known.route) | {"nats-2": free_port()}
    environment = told("nats-2", free_port(), routes, tmp_path) | {"NATS_SERVER_NAME": "intruder"}
    environment["NATS_ROUTES"] = environment["NATS_ROUTES"].replace("q-route", "q-guessed")
    command = [executable(), "--config", str(tmp_path / "nats-cluster.conf")]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as intruder:
        ending = threading.Timer(30, intruder.kill)
        ending.start()
        assert intruder.stderr
        refusal = next((line for line in intruder.stderr if "Route Error" in line), "it was let in")
        ending.cancel()
        intruder.kill()
    assert "Authorization Violation" in refusal


def test_caddy_answers_its_probe_and_the_ingress_and_no_other_host(tmp_path: Path) -> None:
    (container,) = pod_specs("default")["caddy"]["containers"]
    port = str(free_port())
    pages = {"QUILL_WEB_ROOT": str(ROOT / "web/public"), "QUILL_BIND": "127.0.0.1"}
    own = (
        {one["name"]: one["value"].replace("8080", port) for one in container["env"]} | pages | {"HOME": str(tmp_path)}
    )
    command: list[str | Path] = [
        ROOT / ".venv/bin/caddy",
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        ROOT / "Caddyfile",
    ]
    probe = container["readinessProbe"]["httpGet"]
    named = {one["name"]: one["value"] for one in probe["httpHeaders"]}
    with subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as caddy:
        try:
            answer = httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=8))
            assert answer.get(probe["path"], headers=named).status_code == 200
            forwarded = named | {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
            assert "Strict-Transport-Security" in answer.get("/", headers=forwarded).headers
            assert answer.get("/", headers={"Host": "evil.example"}).status_code == 421
            answer.close()
        finally:
            caddy.terminate()


@pytest.mark.parametrize("size", ["default", "region"])
def test_jobs_make_databases_of_their_owners(size: str) -> None:
    """Each job, run twice, on one server for all; EHRbase's database needs ICU and uuid-ossp, which that one lacks."""
    folder = Path(tempfile.mkdtemp(prefix="quill-"))
    folder.chmod(0o711)  # where tests run as root, the server does not
    jobs = {name: one["data"] for name, one in of_kind(size, "ConfigMap").items() if name.startswith("databases-")}
    try:
        with bare.postgres_server(folder / "server") as server:
            for job, scripts in jobs.items():
                run_job(pod_specs(size)[job], scripts, folder / job, server)
            for database, owner in OWNERS.items():
                password = f"q-QUILL_DB_PASSWORD_{owner.upper()}"
                url = postgres.url(owner, password, port=server.port, database=database)
                with psycopg.connect(url, connect_timeout=5) as connection:
                    found = connection.execute(
                        "SELECT datdba::regrole::text FROM pg_database WHERE datname = %s", [database]
                    )
                    assert found.fetchone() == (owner,)
        assert sum("ehrbase/database.sql" in scripts["main.sql"] for scripts in jobs.values()) == 1
    finally:
        shutil.rmtree(folder)


def run_job(pod: Any, scripts: dict[str, str], folder: Path, server: bare.PostgresServer) -> None:
    """Run the job's command with its scripts where its volume would have them."""
    for item in pod["volumes"][1]["configMap"]["items"]:
        path = folder / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(scripts[item["key"]].replace("\\ir ehrbase/database.sql\n", ""))
    (container,) = pod["containers"]
    program, *options, script = container["command"]
    secrets = {one["name"]: f"q-{one['name']}" for one in container["env"] if one["name"].startswith("QUILL_DB")}
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGDATABASE": "postgres"}
    superuser = {"PGUSER": postgres.SUPERUSER, "PGPASSWORD": bare.PASSWORD}
    command = [postgres.wheel_binaries() / program, *options, folder / Path(script).name]
    for _ in range(2):
        subprocess.run(command, env=os.environ | secrets | place | superuser, check=True, timeout=60)
