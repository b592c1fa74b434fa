"""The revocation feed: it notices silence, misses nothing, leaves nothing behind, and doubts what it cannot read."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import pytest
from chaos.proxy import FaultProxy
from chaos.splits import bent
from common import clock, nats, revocation
from common.auth import Caller, TokenVerifier
from common.errors import BackendUnavailable, Unauthenticated
from common.events import BEAT_SUBJECT, SessionRevoked, UserUpdated
from common.nats import Link
from common.revocation import Denylist, Feed, Gate
from common.settings import ServiceSettings
from native.bare import NatsServer, nats_server
from native.ports import free_port
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError
from provision.streams import provision

pytestmark = pytest.mark.anyio

SILENCE = 31


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed that follows anew after a second without a beat."""
    monkeypatch.setattr(revocation, "REFOLLOW_SECONDS", 1.0)
    monkeypatch.setattr(revocation, "REPLAY_WAIT_SECONDS", 2.0)


@pytest.fixture(scope="module")
def broker(server_folder: Path) -> Iterator[NatsServer]:
    """A server of these tests' own: they count its consumers."""
    with nats_server(server_folder / "feed-nats") as server:
        yield server


@pytest.fixture
def door(broker: NatsServer) -> Iterator[FaultProxy]:
    """How the feed reaches the server."""
    proxy = FaultProxy(free_port(), target=lambda: broker.port)
    yield proxy
    proxy.stop()


def settings(port: int) -> ServiceSettings:
    nowhere = dict.fromkeys(("auth_url", "patients_url", "letters_url", "notify_url"), "http://127.0.0.1:1")
    own = {"nats_url": f"nats://127.0.0.1:{port}", "nats_user": "letters", "nats_password": "p"}
    others = {"mode": "demo", "public_origin": "http://localhost", "database_url": "no", "pseudonym_key": "k" * 40}
    return ServiceSettings.model_validate({**own, **nowhere, **others})


class CountingLink(Link):
    """Knows how often it was told to try another server."""

    moves = 0

    async def move_on(self) -> None:
        self.moves += 1


@dataclass
class Stage:
    """A feed behind a proxy, and auth's side of the server."""

    auth: Client
    link: CountingLink
    denylist: Denylist = field(default_factory=Denylist)

    def __post_init__(self) -> None:
        self.feed = Feed(self.link, self.denylist)

    async def say(self, subject: str, body: bytes = b"{}") -> None:
        await self.auth.jetstream().publish(subject, body)

    async def end_session(self) -> UUID:
        event = SessionRevoked(session_id=uuid4(), user_id=uuid4(), expires_at=clock.now())
        await self.say(SessionRevoked.subject, event.model_dump_json().encode())
        return event.session_id

    async def consumers(self) -> set[str]:
        """Those that feeds have on the server."""
        listed = await self.auth.jetstream().consumers_info("AUTH")
        return {one.name for one in listed if one.name.startswith("feed-")}

    async def beat_until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await self.say(BEAT_SUBJECT)
                await asyncio.sleep(0.1)

    async def follow_anew(self, times: int = 1) -> None:
        """Wait until the feed has had so many other consumers."""
        async with asyncio.timeout(60):
            for _ in range(times):
                before = await self.consumers()
                while not await self.consumers() - before:
                    await asyncio.sleep(0.1)


@pytest.fixture
async def stage(broker: NatsServer, door: FaultProxy, anyio_backend: str) -> AsyncIterator[Stage]:
    """A feed that auth is heard by."""
    auth, link = Client(), CountingLink(settings(door.port))
    await auth.connect(broker.url)
    with suppress(NotFoundError):
        await auth.jetstream().delete_stream("AUTH")
    await provision(auth.jetstream())
    made = Stage(auth, link)
    running = [asyncio.create_task(link.run()), asyncio.create_task(made.feed.run())]
    await made.beat_until(lambda: made.feed.fresh)
    yield made
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await link.close()
    await auth.close()


def caller(session_id: UUID | None = None, *, token_version: int = 1) -> Caller:
    return Caller(
        user_id=uuid4(),
        session_id=session_id or uuid4(),
        roles=frozenset({"clinician"}),
        patient_id=None,
        token_version=token_version,
        amr=("pwd",),
        csrf_hash="",
        expires_at=2**40,
        token="t",
    )


class AnyToken(TokenVerifier):
    """Takes each token for this caller's."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    async def verify(self, token: str) -> Caller:
        return self.caller


class SilentFeed(Feed):
    fresh = False

    def __init__(self) -> None:
        pass


async def silent_auth(_: Caller) -> bool:
    raise BackendUnavailable


async def test_vital_calls_stop_when_auth_falls_silent_although_nats_answers(
    stage: Stage, move_clock: Callable[[float], None]
) -> None:
    gate = Gate(AnyToken(caller()), stage.denylist, stage.feed, ask_auth=silent_auth)
    await gate.admit("t", vital=True)
    for _ in range(20):
        await stage.say(BEAT_SUBJECT)
    await stage.follow_anew()
    move_clock(SILENCE)
    await stage.follow_anew(times=2)  # the beats of before are told again each time, and are no sign of life
    with pytest.raises(BackendUnavailable):
        await gate.admit("t", vital=True)
    await gate.admit("t", vital=False)
    await stage.beat_until(lambda: stage.feed.fresh)
    await gate.admit("t", vital=True)
    assert stage.link.moves == 0


async def test_beat_comes_by_the_same_consumer_as_the_end_of_a_session(stage: Stage) -> None:
    assert len(await stage.consumers()) == 1
    ended = await stage.end_session()
    await stage.beat_until(lambda: stage.denylist.refuses(caller(ended)))
    other = caller()
    updated = UserUpdated(user_id=other.user_id, roles=("patient",), disabled=False, token_version=2)
    await stage.say(UserUpdated.subject, updated.model_dump_json().encode())
    await stage.beat_until(lambda: stage.denylist.refuses(other))
    assert len(await stage.consumers()) == 1


async def test_sessions_that_ended_while_nats_was_away_are_known_before_the_feed_counts_as_fresh(
    stage: Stage, door: FaultProxy, move_clock: Callable[[float], None]
) -> None:
    with bent([door], "reset"):
        ended = [await stage.end_session() for _ in range(200)]
        move_clock(SILENCE)
        assert not stage.feed.fresh
    await stage.beat_until(lambda: stage.feed.fresh)
    assert all(stage.denylist.refuses(caller(one)) for one in ended)


async def test_nats_that_was_away_leaves_nothing_behind_and_what_is_told_then_is_no_gap(
    stage: Stage, door: FaultProxy
) -> None:
    subscriptions = len(stage.link.client._subs)
    with bent([door], "reset"):
        await asyncio.sleep(8)  # several times as long as it waits for an answer
    await stage.beat_until(lambda: stage.link.client.is_connected)
    await stage.follow_anew()
    async with asyncio.timeout(60):
        while len(await stage.consumers()) > 1:  # those of before have nobody to hear them, and are removed
            await stage.say(BEAT_SUBJECT)
            await asyncio.sleep(0.2)
    (followed,) = await stage.consumers()
    assert len(stage.link.client._subs) == subscriptions
    ended = await stage.end_session()
    await stage.beat_until(lambda: stage.denylist.refuses(caller(ended)))
    for _ in range(15):  # long enough to follow anew
        await stage.say(BEAT_SUBJECT)
        await asyncio.sleep(0.2)
    assert await stage.consumers() == {followed}


async def test_server_that_makes_no_consumer_is_left(stage: Stage) -> None:
    await stage.auth.jetstream().delete_stream("AUTH")
    async with asyncio.timeout(60):
        while stage.link.moves == 0:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("told", ["before", "meanwhile"])
async def test_revocation_that_cannot_be_read_makes_services_ask_auth_and_no_storm(
    stage: Stage, told: str, capfd: pytest.CaptureFixture[str], move_clock: Callable[[float], None]
) -> None:
    await stage.say(SessionRevoked.subject, json.dumps({"session": "another form"}).encode())
    async with asyncio.timeout(60):
        while stage.feed.fresh:
            await asyncio.sleep(0.1)
    if told == "before":
        await stage.follow_anew()
    followed = await stage.consumers()
    for _ in range(20):
        await stage.say(BEAT_SUBJECT)
        await asyncio.sleep(0.1)
    assert await stage.consumers() <= followed
    assert not stage.feed.fresh
    logged = capfd.readouterr().out
    assert "revocation cannot be read" in logged
    assert "another form" not in logged
    move_clock(revocation.KEPT_SECONDS + 1)  # none of the tokens that it may have ended lives any more
    await stage.beat_until(lambda: stage.feed.fresh)


async def test_health_tells_of_a_broker_that_connects_and_does_nothing(
    stage: Stage, door: FaultProxy, move_clock: Callable[[float], None]
) -> None:
    move_clock(SILENCE)
    await stage.follow_anew()  # auth is silent, NATS is not
    await stage.feed.check()
    with bent([door], "black hole"):
        move_clock(2 * SILENCE)
        assert stage.link.client.is_connected
        with pytest.raises(BackendUnavailable):
            await stage.feed.check()
    await stage.beat_until(lambda: stage.feed.fresh)
    await stage.feed.check()


def answering(*answers: bool | Exception) -> tuple[Callable[[Caller], Awaitable[bool]], list[Caller]]:
    """An auth that says this in turn, and whom it was asked about."""
    left, asked = list(answers), []

    async def ask(one: Caller) -> bool:
        asked.append(one)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask, asked


async def test_no_of_auth_is_remembered_when_auth_falls_silent(move_clock: Callable[[float], None]) -> None:
    ask, _ = answering(True, False, BackendUnavailable(), BackendUnavailable())
    gate = Gate(AnyToken(caller()), Denylist(), SilentFeed(), ask_auth=ask)
    await gate.admit("t", vital=True)
    for number, vital in enumerate((True, True, False), start=1):
        move_clock(6 * number)
        with pytest.raises(Unauthenticated):
            await gate.admit("t", vital=vital)


async def test_auth_is_asked_once_in_five_seconds_about_a_token(move_clock: Callable[[float], None]) -> None:
    ask, asked = answering(*[True] * 4)
    verifier = AnyToken(caller())
    gate = Gate(verifier, Denylist(), SilentFeed(), ask_auth=ask)
    for moved in (0, 0, 6, 6, 12, 12):
        move_clock(moved)
        await gate.admit("t", vital=True)
    assert len(asked) == 3
    verifier.caller = caller(verifier.caller.session_id, token_version=2)
    await gate.admit("t", vital=True)
    assert len(asked) == 4


async def test_newest_answers_are_kept_however_many_there_are() -> None:
    ask, asked = answering(*[True] * 2000)
    verifier = AnyToken(caller())
    gate = Gate(verifier, Denylist(), SilentFeed(), ask_auth=ask)
    for _ in range(1500):
        verifier.caller = caller()
        await gate.admit("t", vital=True)
        await gate.admit("t", vital=True)
    assert len(asked) == 1500


async def test_work_of_a_replay_grows_with_its_length_only(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, hashed, denylist = UUID.__hash__, 0, Denylist()
    feed = Feed(cast(Link, None), denylist)

    def counted(one: UUID) -> int:
        nonlocal hashed
        hashed += 1
        return plain(one)

    events = [SessionRevoked(session_id=uuid4(), user_id=uuid4(), expires_at=clock.now()) for _ in range(10_000)]
    messages = [
        Msg(_client=Client(), subject=SessionRevoked.subject, data=one.model_dump_json().encode()) for one in events
    ]
    monkeypatch.setattr(UUID, "__hash__", counted)
    for message in messages:
        feed._take(message)
    assert hashed <= 5 * len(events)
    assert all(denylist.refuses(caller(one.session_id)) for one in events)


async def test_what_was_learned_is_forgotten_once_no_token_lives_that_it_concerns(
    move_clock: Callable[[float], None],
) -> None:
    denylist, first = Denylist(), uuid4()
    denylist.end_session(first)
    move_clock(15 * 60)
    denylist.end_session(uuid4())
    assert denylist.refuses(caller(first))
    move_clock(17 * 60)
    denylist.end_session(uuid4())
    assert not denylist.refuses(caller(first))


async def test_answer_that_comes_after_all_while_a_service_leaves_is_no_error(
    door: FaultProxy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    link = Link(settings(door.port))
    await link.run()
    leave = link.client.close

    async def leave_late() -> None:
        door.set(None)
        await asyncio.sleep(0.5)
        await leave()

    monkeypatch.setattr(nats, "FLUSH_SECONDS", 0.1)
    monkeypatch.setattr(link.client, "close", leave_late)
    with bent([door], "black hole"):
        await link.close()
    assert [entry for entry in caplog.records if entry.levelname == "ERROR"] == []
