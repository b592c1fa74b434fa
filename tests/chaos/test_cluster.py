"""Three brokers behind proxies: a split is a split, nothing is lost in it, and services find their way out of it."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chaos.proxy import Fault, FaultProxy
from chaos.splits import NODES, WAYS, bent, ways
from common import revocation, scrape
from common.db import Database
from common.errors import BackendUnavailable
from common.events import PatientCreated
from common.nats import Link
from common.outbox import WAITING, Relay
from common.revocation import Denylist, Feed
from common.settings import ServiceSettings
from common.work import Work
from common_tables import new_database
from native import bare, nats
from native.bare import PostgresServer
from native.ports import free_port
from native.secrets import NATS_USERS
from native.settings import read_settings
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from provision.streams import provision
from stand_in import ORIGIN

PASSWORDS = {user: f"q-{user}-password" for user in (*NATS_USERS, "route")}
SECONDS = 60
FACTS = 40

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Cluster:
    """The brokers, their doors for clients and the ways between them."""

    ports: Mapping[str, int]
    proxies: Mapping[str, FaultProxy]
    processes: Mapping[str, subprocess.Popen[bytes]]

    def routes(self, node: str) -> set[str]:
        """The brokers that one is connected to."""
        told = httpx.get(f"http://127.0.0.1:{self.ports[f'{node}-monitor']}/routez", timeout=5).json()
        return {route["remote_name"] for route in told["routes"] or ()}

    @asynccontextmanager
    async def client(self, user: str) -> AsyncIterator[Client]:
        """A client of all brokers, past the proxies."""
        client, inbox = Client(), f"_INBOX_{user}".encode()
        addresses = [nats.url(self.ports[node]) for node in NODES]
        await client.connect(addresses, user=user, password=PASSWORDS[user], inbox_prefix=inbox)
        try:
            yield client
        finally:
            await client.close()

    def settings(self, user: str) -> ServiceSettings:
        """What a service is told that reaches every broker by its door."""
        doors = ",".join(nats.url(self.proxies[node].port) for node in NODES)
        nowhere = dict.fromkeys(("auth_url", "patients_url", "letters_url", "notify_url"), "http://127.0.0.1:1")
        own = {"nats_url": doors, "nats_user": user, "nats_password": PASSWORDS[user]}
        others = {"mode": "demo", "public_origin": "http://localhost", "database_url": "no", "pseudonym_key": "k" * 40}
        return ServiceSettings.model_validate({**own, **nowhere, **others})


@pytest.fixture(scope="module")
def cluster(server_folder: Path) -> Iterator[Cluster]:
    """Three brokers with the streams of the catalogue, each of which has a copy on each."""
    told: dict[str, int] = {}
    for name in (*NODES, *WAYS):
        told[name] = free_port(avoid=told.values())
    settings = read_settings(
        {"QUILL_NATS_NODES": "3", "QUILL_TEST_ROUTES": json.dumps({way: told[way] for way in WAYS})}
    )
    ports: dict[str, int] = {}
    for name in nats.port_names(settings):
        ports[name] = free_port(avoid=[*told.values(), *ports.values()])
    with ExitStack() as stack:
        proxies = {}
        for name, port in told.items():
            _, way, broker = name.rpartition(">")
            proxies[name] = FaultProxy(port, target=partial(ports.__getitem__, f"{broker}-route" if way else name))
            stack.callback(proxies[name].stop)
        folder = server_folder / "cluster"
        running = bare.nats_cluster(folder, settings, ports=ports, passwords=PASSWORDS)
        found = Cluster(ports, proxies, stack.enter_context(running))
        asyncio.run(_provision(found))
        yield found


async def _provision(cluster: Cluster) -> None:
    async with cluster.client("provision") as client:
        await provision(client.jetstream(timeout=20), replicas=len(NODES))


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.1)


async def leader(client: Client, stream: str) -> str:
    """The broker that leads a stream."""
    async with asyncio.timeout(SECONDS):
        while True:
            info = await client.jetstream().stream_info(stream)
            if info.cluster and info.cluster.leader:
                return info.cluster.leader
            await asyncio.sleep(0.2)


@asynccontextmanager
async def linked(settings: ServiceSettings) -> AsyncIterator[Link]:
    link = Link(settings)
    running = asyncio.create_task(link.run())
    try:
        await asyncio.wait_for(link.connected.wait(), SECONDS)
        yield link
    finally:
        running.cancel()
        await link.close()


async def test_broker_that_is_cut_off_from_the_others_finds_no_way_around(cluster: Cluster) -> None:
    lonely, *others = NODES
    await until(lambda: all(cluster.routes(node) == {*NODES} - {node} for node in NODES))
    with bent((cluster.proxies[way] for way in ways(lonely)), "reset"):
        await until(lambda: cluster.routes(lonely) == set())
        await asyncio.sleep(5)  # they try every second
        assert cluster.routes(lonely) == set()
        assert [cluster.routes(node) for node in others] == [{others[1]}, {others[0]}]
    await until(lambda: cluster.routes(lonely) == {*others})


@pytest.mark.parametrize("fault", ["reset", "black hole"])
async def test_service_whose_broker_is_cut_off_from_the_others_goes_to_another(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr(revocation, "REFOLLOW_SECONDS", 2.0)
    monkeypatch.setattr(revocation, "REPLAY_WAIT_SECONDS", 3.0)
    doors = {proxy.port: node for node, proxy in cluster.proxies.items() if node in NODES}
    async with linked(cluster.settings("letters")) as link:
        feed = Feed(link, Denylist())
        following = asyncio.create_task(feed.run())
        await asyncio.wait_for(feed.replayed.wait(), SECONDS)
        assert link.client.connected_url
        lonely = doors[link.client.connected_url.port]  # type: ignore[index]
        with bent((cluster.proxies[way] for way in ways(lonely)), fault):

            def moved() -> bool:
                now = link.client.connected_url
                return now is not None and doors[now.port] != lonely  # type: ignore[index]

            await until(moved)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_server_that_is_cut_off_from_the_others_is_told_to_be_down(cluster: Cluster) -> None:
    async with linked(cluster.settings("letters")) as link:
        await seen(link, dict.fromkeys(NODES, 1.0))
        with bent((cluster.proxies[way] for way in ways("nats-1")), "reset"):
            await seen(link, {**dict.fromkeys(NODES, 1.0), "nats-1": 0.0})
        await seen(link, dict.fromkeys(NODES, 1.0))


async def seen(link: Link, wanted: Mapping[str, float]) -> None:
    """Wait until a service tells this of the servers."""
    async with asyncio.timeout(SECONDS):
        while await told(link) != wanted:
            if link.client.is_connected:
                await link.move_on()  # it may be connected to the one that is cut off
            await asyncio.sleep(1)


async def told(link: Link) -> Mapping[str, float] | None:
    with suppress(NatsError, TimeoutError, OSError, BackendUnavailable):
        gauges = await scrape.look_at_consumers("letters", [], link)
        (servers,) = (one for gauge in gauges for one in gauge.collect() if one.name == "quill_nats_server_up")
        return {sample.labels["server"]: sample.value for sample in servers.samples}
    return None


async def test_facts_announced_while_the_leader_of_their_stream_stands_still_are_stored_once(
    cluster: Cluster, postgres_server: PostgresServer
) -> None:
    database = Database(new_database(postgres_server))
    async with cluster.client("provision") as asking, linked(cluster.settings("patients")) as link:
        relay = Relay(database, link.client, origin=ORIGIN)
        relaying = asyncio.create_task(relay.run())
        work: Work[None] = Work("patients", database, None, relay)
        before = await messages(asking, "PATIENTS")
        frozen = cluster.processes[await leader(asking, "PATIENTS")]
        for number in range(FACTS):
            if number == FACTS // 4:
                os.kill(frozen.pid, signal.SIGSTOP)
            async with work.transaction() as session:
                work.announce(session, PatientCreated(patient_id=uuid4(), version=1))
            await asyncio.sleep(0.2)
        os.kill(frozen.pid, signal.SIGCONT)
        async with asyncio.timeout(SECONDS):
            while (await waiting(database)) > 0:
                await asyncio.sleep(0.2)
        stored = await messages(asking, "PATIENTS") - before
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
    await database.close()
    assert stored == FACTS


async def messages(client: Client, stream: str) -> int:
    """How many a stream has; asked until its leader answers, which may just have been chosen."""
    async with asyncio.timeout(SECONDS):
        while True:
            with suppress(NatsTimeout):
                return (await client.jetstream().stream_info(stream)).state.messages


async def waiting(database: Database) -> int:
    """How many facts are not published yet."""
    async with database.transaction() as session:
        number, _ = (await session.execute(WAITING)).one()
        return int(number)
