"""Where the client connects: to the addresses that were checked, through no proxy, after no redirect."""

import http.server
import threading
from collections.abc import Iterator

import pytest
from e2e.push_receiver import PushReceiver, Reply, Subscriber, push_receiver
from notify import service
from notify.errors import EndpointRefused
from notify.policy import Subscription, check_subscription
from notify.push import PushClient
from notify.settings import Settings
from notify_stage import Stage

pytestmark = pytest.mark.anyio

MESSAGE = b'{"notification_id": "n", "title": "This is a test notification"}'
HOST = "web.push.apple.com"


def subscription_of(browser: Subscriber, *, endpoint: str | None = None) -> Subscription:
    known = browser.to_json()
    trusted = frozenset({browser.endpoint.rsplit("/push/", 1)[0]})
    return check_subscription(endpoint=endpoint or known["endpoint"], trusted=trusted, **known["keys"])


@pytest.mark.parametrize("later", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"], []])
async def test_name_that_turns_to_an_inner_address_after_registration_is_not_connected_to(
    stage: Stage, receiver: PushReceiver, later: list[str]
) -> None:
    patient, browser = stage.user(), receiver.subscribe()
    browser.endpoint = f"https://{HOST}/x"
    stage.dns.addresses[HOST] = ["8.8.8.8"]
    await stage.register(patient, browser)
    stage.dns.addresses[HOST] = later
    async with stage.sending():
        notification_id = await stage.send(user_id=patient.user_id, template="test")
        await stage.until_state(notification_id, "failed")
    assert stage.dns.asked == [HOST, HOST]
    assert len((await service.list_devices(stage.work, patient)).items) == 1


async def test_name_is_resolved_once_for_a_connection(stage: Stage, receiver: PushReceiver) -> None:
    # 192.0.2.0/24 is for documentation (RFC 5737); it is refused before anything is connected to.
    stage.dns.addresses[HOST] = ["192.0.2.1"]
    subscription = subscription_of(receiver.subscribe(), endpoint=f"https://{HOST}/x")
    with pytest.raises(EndpointRefused):
        await stage.work.backend.client.send(subscription, MESSAGE, topic="t" * 32)
    assert stage.dns.asked == [HOST]


async def test_endpoint_that_is_no_longer_allowed_is_not_connected_to(stage: Stage, receiver: PushReceiver) -> None:
    known = subscription_of(receiver.subscribe())
    stale = Subscription("http://127.0.0.1:1/push", known.p256dh, known.auth)
    with pytest.raises(EndpointRefused):
        await stage.work.backend.client.send(stale, MESSAGE, topic="t" * 32)


@pytest.fixture
def proxy() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


async def test_proxies_of_the_environment_are_not_used(
    stage: Stage, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch, proxy: http.server.ThreadingHTTPServer
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.setenv("no_proxy", "")
    browser = receiver.subscribe()
    status_told, _ = await stage.work.backend.client.send(subscription_of(browser), MESSAGE, topic="t" * 32)
    assert (status_told, len(browser.pushes)) == (201, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(stage: Stage, receiver: PushReceiver, status: int) -> None:
    elsewhere = receiver.subscribe()
    browser = receiver.subscribe(Reply(status, {"Location": elsewhere.endpoint}))
    status_told, _ = await stage.work.backend.client.send(subscription_of(browser), MESSAGE, topic="t" * 32)
    assert (status_told, elsewhere.pushes) == (status, [])


async def test_cookies_of_push_services_are_not_kept(stage: Stage, receiver: PushReceiver) -> None:
    browser = receiver.subscribe(Reply(201, {"Set-Cookie": "track=1; Path=/"}))
    for _ in range(2):
        await stage.work.backend.client.send(subscription_of(browser), MESSAGE, topic="t" * 32)
    assert ["cookie" in push.headers for push in browser.pushes] == [False, False]


async def test_push_service_that_is_away_gives_no_answer(stage: Stage, receiver: PushReceiver) -> None:
    browser = receiver.subscribe(Reply(None))
    receiver.stopping.set()
    try:
        assert await stage.work.backend.client.send(subscription_of(browser), MESSAGE, topic="t" * 32) == (None, None)
    finally:
        receiver.stopping.clear()


async def test_signature_serves_an_origin_until_it_is_old(
    stage: Stage, receiver: PushReceiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with push_receiver() as other:
        both = settings.model_copy(update={"push_origins": f"{receiver.origin},{other.origin}"})
        client, phones = PushClient(both, lookup=stage.dns), (receiver.subscribe(), other.subscribe())
        for lifetime in (3600, 3600, 0):
            monkeypatch.setattr("notify.push.SIGNED_SECONDS", lifetime)
            for phone in phones:
                await client.send(subscription_of(phone), MESSAGE, topic="t" * 32)
        await client.close()
    (first, again, old), elsewhere = ([push.headers["authorization"] for push in phone.pushes] for phone in phones)
    assert first == again != old
    assert not {first, old} & set(elsewhere)


async def test_public_key_is_an_uncompressed_point_and_signing_changes_no_claims(
    stage: Stage, receiver: PushReceiver
) -> None:
    client = stage.work.backend.client
    assert len(client.public_key) == 87
    browser, other = receiver.subscribe(), receiver.subscribe()
    await client.send(subscription_of(browser), MESSAGE, topic="t" * 32)
    await client.send(subscription_of(other), MESSAGE, topic="t" * 32)
    first, second = browser.pushes[0], other.pushes[0]
    assert first.payload == second.payload
    assert first.body != second.body
