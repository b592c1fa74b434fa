"""The rules of webhooks that need no server: where one may lead, what is signed, how long a receiver is left alone."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from common.events import FACTS
from notify.errors import UrlRefused
from notify.webhooks import policy

TRUSTED = frozenset({"http://127.0.0.1:9"})
NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://hooks.example.org", "https://hooks.example.org"),
        ("https://hooks.example.org/a/b?token=x%20y", "https://hooks.example.org"),
        ("https://hooks.example.org?a=b", "https://hooks.example.org"),
        ("HTTPS://Hooks.Example.ORG:443/x", "https://hooks.example.org"),
        ("https://xn--bcher-kva.example/x@y", "https://xn--bcher-kva.example"),
        ("http://127.0.0.1:9/x", "http://127.0.0.1:9"),
    ],
)
def test_url_of_a_named_server_or_of_an_added_origin_is_taken(url: str, origin: str) -> None:
    assert policy.check_url(url, trusted=TRUSTED) == origin


@pytest.mark.parametrize(
    "url",
    [
        *("", "hooks.example.org", "/x", "ftp://hooks.example.org/x", "file:///etc/passwd", "javascript:alert(1)"),
        *("http://hooks.example.org/x", "https://hooks.example.org:8443/x", "https://hooks.example.org:0443/x"),
        *("https://user@hooks.example.org/x", "https://a:b@hooks.example.org/x", "https://hooks.example.org/x#y"),
        *("https://hooks.example.org\\@127.0.0.1/x", "https://hooks.example.org /x", "https://hooks.example.org/x\n"),
        *("https://hooks.example.org/ä", "https://bücher.example/x", "https://hooks.example.org." + "/x"),
        *("https://8.8.8.8/x", "https://127.0.0.1/x", "https://169.254.169.254/latest", "https://[::1]/x"),
        *("https://2130706433/x", "https://0x7f000001/x", "https://0x7f.1/x", "https://127.1/x", "https://a.0x7f/x"),
        *("https://localhost/x", "https://intranet/x", "https://-a.example/x", "https://a..example/x"),
        *("http://127.0.0.1:90/x", "http://127.0.0.1:9@evil.example/x", "https://127.0.0.1:9/x"),
        "https://hooks.example.org/" + "a" * 2048,
    ],
)
def test_url_of_anything_else_is_refused_with_where_and_why(url: str) -> None:
    with pytest.raises(UrlRefused) as refusal:
        policy.check_url(url, trusted=TRUSTED)
    (error,) = refusal.value.members["errors"]
    assert (error["loc"], error["type"]) == (["body", "url"], "webhook_url")
    assert not url or url not in json.dumps(refusal.value.problem)


def test_signature_is_that_of_the_specification() -> None:
    # The vector of the Standard Webhooks libraries.
    headers = policy.headers_of(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        sent_at=datetime.fromtimestamp(1614265330, UTC),
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        body=b'{"test": 2432232314}',
    )
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_long_and_differ() -> None:
    first, second = policy.new_secret(), policy.new_secret()
    assert first.startswith("whsec_")
    assert (len(first), first == second) == (len("whsec_") + 44, False)


def test_every_fact_but_the_audit_trail_can_be_wanted() -> None:
    assert set(policy.NAMES) == {fact for fact in FACTS if fact.stream() != "AUDIT"}
    assert len(set(policy.NAMES.values())) == len(policy.NAMES)
    assert {"letter.created", "patient.updated", "session.revoked", "notification.read"} <= set(policy.NAMES.values())


@pytest.mark.parametrize(
    ("status", "tries", "verdict"),
    [
        *((200, 1, "accepted"), (204, policy.MAX_TRIES, "accepted"), (299, 2, "accepted")),
        *((410, 1, "gone"), (410, policy.MAX_TRIES, "gone")),
        *((status, 1, "later") for status in (None, 100, 301, 308, 400, 401, 404, 429, 500, 503)),
        *((status, policy.MAX_TRIES, "given_up") for status in (None, 302, 400, 500)),
        (None, policy.MAX_TRIES + 1, "given_up"),
    ],
)
def test_answers_lead_to(status: int | None, tries: int, verdict: str) -> None:
    assert policy.judge(status, tries=tries) == verdict


@pytest.mark.parametrize(
    ("tries", "retry_after", "pause"),
    [
        *((1, None, timedelta(seconds=5)), (2, None, timedelta(minutes=5)), (9, None, timedelta(hours=24))),
        *((1, "120", timedelta(seconds=120)), (1, "999999999", timedelta(hours=24)), (2, "1", timedelta(minutes=5))),
        *((1, "soon", timedelta(seconds=5)), (1, "Thu, 14 May 2026 10:30:00 GMT", timedelta(hours=1))),
    ],
)
def test_pauses_grow_and_can_be_asked_for(tries: int, retry_after: str | None, pause: timedelta) -> None:
    assert policy.pause_before_next(tries, retry_after=retry_after, now=NOW) == pause


def test_receiver_that_takes_nothing_is_dead_when_the_first_fact_is_given_up() -> None:
    assert sum(policy.PAUSES, timedelta()) > policy.DISABLED_AFTER
    assert policy.is_dead(failing_since=NOW - timedelta(days=3), now=NOW)
    assert not policy.is_dead(failing_since=NOW - timedelta(days=2), now=NOW)
