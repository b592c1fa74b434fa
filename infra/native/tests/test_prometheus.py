"""Prometheus as the launcher starts it: it finds every replica under its service, has the rules, and is on loopback."""

import asyncio
import json
import os
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from native import caddy, prometheus
from native.errors import LaunchError
from native.home import Home
from native.ports import choose_ports
from native.services import Backends, Context
from native.settings import Settings, read_settings
from native.supervisor import Supervisor
from programs import lack
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

NAMES = ("auth", "patients", "letters", "letters-2", "notify", "caddy")


class Replica(BaseHTTPRequestHandler):
    """Tells what the client library writes."""

    def do_GET(self) -> None:
        registry = CollectorRegistry()
        Gauge("quill_look_done", "Of a test", ["look"], registry=registry).labels("backlogs").set(1)
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)
        self.end_headers()
        self.wfile.write(generate_latest(registry))

    def log_message(self, *_: object) -> None:
        """The test looks at what Prometheus has."""


@contextmanager
def replicas(ports: dict[str, int]) -> Iterator[None]:
    servers = [HTTPServer(("127.0.0.1", ports[name]), Replica) for name in NAMES if name != "notify"]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    for server in servers:
        server.shutdown()
        server.server_close()


def ask(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=5) as answer:
        return json.load(answer)["data"]


def page(port: int) -> int:
    """The status of the page that a person gets first; without its files, Debian's answers 500."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


async def seen(port: int, query: str, *, number: int) -> dict[str, float]:
    """The values of a query by replica, once there are so many."""
    path = "query?" + urllib.parse.urlencode({"query": query})
    async with asyncio.timeout(120):
        while len(found := (await asyncio.to_thread(ask, port, path))["result"]) < number:
            await asyncio.sleep(0.2)
    return {one["metric"]["replica"]: float(one["value"][1]) for one in found}


def test_prometheus_watches_every_replica_with_the_rules_and_for_nobody_else(server_folder: Path) -> None:
    home = Home(server_folder / "prometheus")
    home.create()
    settings = Settings(home=home.root, cache=read_settings(os.environ).cache, replicas={"letters": 2}, observe=True)
    ports = choose_ports(home, [*NAMES, "prometheus"])
    ports[caddy.METRICS] = ports["caddy"]
    context = Context(home, settings, ports, {}, Backends("", "", "", "", ""))
    supervisor = Supervisor(home, nats=dict, report=lambda _line: None)

    async def scenario() -> None:
        try:
            executable = await prometheus.find(home, settings.cache)
        except LaunchError as error:
            lack(f"Prometheus cannot be had here: {error}")
        try:
            await supervisor.start(prometheus.program(context, executable))
            up = await seen(ports["prometheus"], 'up{job="quill"}', number=len(NAMES))
            assert up == {name: float(name != "notify") for name in NAMES}
            told = await seen(ports["prometheus"], 'quill_look_done{service="letters"}', number=2)
            assert told == {"letters": 1, "letters-2": 1}
            (group,) = (await asyncio.to_thread(ask, ports["prometheus"], "rules"))["groups"]
            assert "QuillServiceDown" in {rule["name"] for rule in group["rules"]}
            assert await asyncio.to_thread(page, ports["prometheus"]) == 200
            assert not answers_beyond_loopback(ports["prometheus"])
        finally:
            await supervisor.stop()

    with replicas(ports):
        asyncio.run(scenario())


def answers_beyond_loopback(port: int) -> bool:
    tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table]
    listening = {row[1].rpartition(":")[0] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")}
    loopback = socket.inet_aton("127.0.0.1")[::-1].hex().upper()
    return listening != {loopback}
