"""Streams have a copy on each server that there is: the doctor says where one is missing, and a restore makes them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest
from native import bare, nats
from native.bare import NatsServer
from native.home import Home
from native.ports import choose_ports
from native.secrets import NATS_USERS
from native.settings import Settings as Launched
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from ops import stores, streams
from ops.backup import BackupSettings
from ops.findings import Finding, State, settled
from ops.house import Refused
from ops_house import House, settings_of
from provision.streams import provision
from pydantic import SecretStr

pytestmark = pytest.mark.anyio

PASSWORDS = {user: f"q-{user}-password" for user in (*NATS_USERS, "route")}


class Cluster:
    """Three servers, and one that stands alone."""

    def __init__(self, servers: Mapping[str, Popen[bytes]], ports: Mapping[str, int], alone: NatsServer) -> None:
        self.servers, self.alone = servers, alone
        self.url = nats.urls(Launched(Path(), Path(), nats_nodes=3), ports)
        self.monitors = ",".join(f"http://127.0.0.1:{ports[f'{name}-monitor']}" for name in servers)
        self.first = NatsServer(ports["nats-0"], ports["nats-0-monitor"], PASSWORDS)


@pytest.fixture(scope="module")
def cluster(server_folder: Path) -> Iterator[Cluster]:
    launched = Launched(server_folder, server_folder, nats_nodes=3)
    home = Home(server_folder / "ops-cluster")
    home.create()
    ports = choose_ports(home, nats.port_names(launched))
    alone = bare.nats_server(server_folder / "ops-alone", passwords=PASSWORDS)
    with bare.nats_cluster(home.root, launched, ports=ports, passwords=PASSWORDS) as servers, alone as one:
        yield Cluster(servers, ports, one)


@pytest.fixture
def of_cluster(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> BackupSettings:
    return _settings(House(cluster.first, {}), monkeypatch, nats_url=cluster.url, nats_monitor_url=cluster.monitors)


@pytest.fixture
def of_one(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> BackupSettings:
    return _settings(House(cluster.alone, {}), monkeypatch)


def _settings(house: House, monkeypatch: pytest.MonkeyPatch, **changes: str) -> BackupSettings:
    for name, value in settings_of(house).items():
        monkeypatch.setenv(name, value)
    return BackupSettings().model_copy(update=changes)


@asynccontextmanager
async def jetstream_of(settings: BackupSettings, user: str) -> AsyncIterator[JetStreamContext]:
    password = SecretStr(PASSWORDS[user])
    async with settings.model_copy(update={"nats_user": user, "nats_password": password}).broker() as broker:
        yield broker.client.jetstream(timeout=20)


async def patiently[T](attempt: Callable[[], Awaitable[T]]) -> T:
    """The outcome of a call that fails while the cluster finds its leaders."""
    for _ in range(60):
        with suppress(Refused, NatsError, TimeoutError):
            return await attempt()
        await asyncio.sleep(0.5)
    return await attempt()


async def provide(settings: BackupSettings, *, copies: int) -> None:
    """Streams as the fleet's start makes them, with this many copies."""

    async def attempt() -> None:
        async with jetstream_of(settings, "provision") as jetstream:
            await provision(jetstream, replicas=copies)

    await patiently(attempt)


async def publish(settings: BackupSettings) -> None:
    async with jetstream_of(settings, "letters") as jetstream:
        await jetstream.publish("quill.letters.v1.letter.created", b"{}")


async def snapshot(settings: BackupSettings) -> tuple[Mapping[str, Any], bytes]:
    async with settings.backup_broker() as broker:
        about, pieces = await streams.begin_snapshot(broker, "LETTERS")
        return about, b"".join([piece async for piece in pieces])


async def put_back(settings: BackupSettings, about: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    async with settings.backup_broker() as broker:
        await streams.restore(broker, "LETTERS", about, BytesIO(content), copies=settings.copies)
        found = await broker.stream("LETTERS")
        assert found is not None
        return found


async def findings(settings: BackupSettings) -> dict[str, Finding]:
    return {one.check: one for one in await settled("nats", partial(stores.check_broker, settings))}


async def told_of(settings: BackupSettings, check: str) -> Finding:
    """What the doctor finds, once it finds something there."""
    for _ in range(120):
        if check in (told := await findings(settings)):
            return told[check]
        await asyncio.sleep(0.5)
    raise AssertionError({name: one.found for name, one in told.items() if one.found != "nobody reads it"})


async def kept_by_each(cluster: Cluster, stream: str) -> None:
    """Wait until every server has the stream's messages itself.

    Just after a restore the leader calls copies current that are still empty, and they ask for them again after five
    seconds only (NATS 2.15)."""
    query = {"accounts": "true", "streams": "true"}
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        while True:
            told = [(await client.get(f"{url}/jsz", params=query)).json() for url in cluster.monitors.split(",")]
            accounts = [account for server in told for account in server["account_details"]]
            streams = [one for account in accounts for one in account["stream_detail"]]
            kept = [one["state"]["messages"] for one in streams if one["name"] == stream]
            if len(kept) == len(told) and len(set(kept)) == 1:
                return
            await asyncio.sleep(0.2)


async def test_doctor_names_streams_with_fewer_copies_than_servers(of_cluster: BackupSettings) -> None:
    await provide(of_cluster, copies=1)
    letters = await told_of(of_cluster, "stream LETTERS")
    assert (letters.state, letters.found) == (State.FAIL, "num_replicas is 1 instead of 3")
    await provide(of_cluster, copies=3)
    assert (await told_of(of_cluster, "streams")).found == "6 as the catalogue says, 3 copies each"


async def test_stream_of_a_cluster_comes_back_on_one_server_and_the_other_way(
    of_cluster: BackupSettings, of_one: BackupSettings
) -> None:
    await provide(of_cluster, copies=3)
    await provide(of_one, copies=1)
    await patiently(partial(publish, of_cluster))
    about, content = await patiently(partial(snapshot, of_cluster))
    alone = await put_back(of_one, about, content)
    assert (alone["config"]["num_replicas"], alone["state"]["messages"]) == (1, about["state"]["messages"])
    again = await patiently(partial(put_back, of_cluster, *await snapshot(of_one)))
    assert (again["config"]["num_replicas"], again["state"]["messages"]) == (3, about["state"]["messages"])


async def test_doctor_names_servers_whose_copies_are_behind(of_cluster: BackupSettings, cluster: Cluster) -> None:
    await provide(of_cluster, copies=3)
    await told_of(of_cluster, "streams")  # all copies are there, says their leader
    await kept_by_each(cluster, "LETTERS")
    cluster.servers["nats-2"].kill()
    cluster.servers["nats-2"].wait(20)
    letters = await told_of(of_cluster, "stream LETTERS")
    assert (letters.state, letters.found) == (State.WARN, "its copy on nats-2 is not up to date")
