"""The pure rules as truth tables: endpoints, addresses, keys, answers of push services, pauses, owners."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from e2e.push_receiver import base64url
from notify import policy
from notify.errors import EndpointRefused
from notify.models import TITLES

TRUSTED = frozenset({"http://127.0.0.1:9000", "https://push.hospital.example:8443"})
POINT = (
    ec.derive_private_key(7, ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc:def-_~", "https://fcm.googleapis.com"),
        ("https://FCM.GoogleAPIs.com/fcm/send/abc", "https://fcm.googleapis.com"),
        ("https://fcm.googleapis.com:443/fcm/send/abc", "https://fcm.googleapis.com"),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", "https://updates.push.services.mozilla.com"),
        ("https://eu.updates.push.services.mozilla.com/a", "https://eu.updates.push.services.mozilla.com"),
        ("https://web.push.apple.com/QGuQyavXutnMH9Y", "https://web.push.apple.com"),
        ("https://db5p.notify.windows.com/w/?token=BQYA%2b", "https://db5p.notify.windows.com"),
        ("http://127.0.0.1:9000/push/1", "http://127.0.0.1:9000"),
        ("https://push.hospital.example:8443/x", "https://push.hospital.example:8443"),
    ],
)
def test_endpoint_of_a_push_service_is_accepted(endpoint: str, origin: str) -> None:
    assert policy.check_endpoint(endpoint, trusted=TRUSTED) == origin


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "fcm.googleapis.com/x",
        "//fcm.googleapis.com/x",
        "http://fcm.googleapis.com/x",
        "ftp://fcm.googleapis.com/x",
        "https://fcm.googleapis.com",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com:80/x",
        "https://fcm.googleapis.com:/x",
        "https://fcm.googleapis.com:0443/x",
        "https://fcm.googleapis.com:443443/x",
        # userinfo, and hosts that only look like one of the list
        "https://user@fcm.googleapis.com/x",
        "https://user:password@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://fcm.googleapis.com%40evil.example/x",
        "https://evil.example/https://fcm.googleapis.com/x",
        "https://evil.example\\@fcm.googleapis.com/x",
        "https://fcm.googleapis.com\\@evil.example/x",
        "https://evil.example#@fcm.googleapis.com/x",
        "https://evil.example?@fcm.googleapis.com/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x",
        "https://fcm-googleapis.com/x",
        "https://googleapis.com/x",
        "https://push.apple.com/x",
        "https://evilpush.apple.com/x",
        "https://notify.windows.com/x",
        "https://fcm.googleapis.com./x",
        # addresses, in every spelling
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/x",
        # names that are not plain ASCII (IDNA), or look alike
        "https://fcm.googleapis.com\u3002evil.example/x",
        "https://ｆcm.googleapis.com/x",
        "https://fcm.googleapis\u2024com/x",
        "https://web.push.apple.com/\u212a",
        "https://xn--fcm-googleapis-com-.example/x",
        # labels that no name can have, which resolvers fail on
        *("https://.fcm.googleapis.com/x", "https://a..fcm.googleapis.com/x", f"https://{'a' * 64}.push.apple.com/x"),
        # what parsers disagree about
        " https://fcm.googleapis.com/x",
        "https://fcm.googleapis.com/x\n",
        "https://fcm.googleapis.com/a b",
        "https://fcm.\tgoogleapis.com/x",
        "https:/fcm.googleapis.com/x",
        "https:\\\\fcm.googleapis.com\\x",
        "https://fcm.googleapis.com/x#fragment",
        "https://fcm.googleapis.com/" + "a" * 2048,
        # a trusted origin is that origin only
        "https://127.0.0.1:9000/x",
        "http://127.0.0.1:9001/x",
        "http://127.0.0.1/x",
        "http://user@127.0.0.1:9000/x",
        "http://127.0.0.1:9000@evil.example/x",
        "https://push.hospital.example/x",
        "https://sub.push.hospital.example:8443/x",
        "http://127.0.0.1:9000/" + "a" * 2048,
    ],
)
def test_any_other_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(EndpointRefused):
        policy.check_endpoint(endpoint, trusted=TRUSTED)


def test_endpoint_of_2048_characters_is_accepted_and_one_more_refused() -> None:
    longest = "https://fcm.googleapis.com/".ljust(2048, "a")
    assert policy.check_endpoint(longest, trusted=TRUSTED) == "https://fcm.googleapis.com"
    with pytest.raises(EndpointRefused):
        policy.check_endpoint(longest + "a", trusted=TRUSTED)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("0.0.0.0", False),  # noqa: S104 - refused, not bound
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001::1", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
    ],
)
def test_only_addresses_of_the_open_internet_are_public(address: str, public: bool) -> None:
    assert policy.is_public(address) is public


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        (POINT[:-1], bytes(16)),
        (POINT + b"\0", bytes(16)),
        (b"\x02" + POINT[1:33], bytes(16)),
        (b"\x05" + POINT[1:], bytes(16)),
        (POINT[:-1] + bytes([POINT[-1] ^ 1]), bytes(16)),
        (b"\x04" + bytes(64), bytes(16)),
        (b"", bytes(16)),
        (POINT, bytes(15)),
        (POINT, bytes(17)),
        (POINT, b""),
    ],
)
def test_subscription_with_unusable_keys_is_refused(p256dh: bytes, auth: bytes) -> None:
    with pytest.raises(EndpointRefused):
        subscribe(base64url(p256dh), base64url(auth))


@pytest.mark.parametrize("broken", ["ab!d", "a", "ab\n", "a+/b" * 16, "é" * 22, "=" * 4])
def test_subscription_with_keys_that_are_not_base64url_is_refused(broken: str) -> None:
    with pytest.raises(EndpointRefused):
        subscribe(broken, base64url(bytes(16)))
    with pytest.raises(EndpointRefused):
        subscribe(base64url(POINT), broken)


def test_subscription_keeps_what_was_sent() -> None:
    known = subscribe(base64url(POINT), base64url(bytes(16)) + "==")
    assert (known.p256dh, known.auth) == (POINT, bytes(16))


def subscribe(p256dh: str, auth: str) -> policy.Subscription:
    return policy.check_subscription(
        endpoint="https://fcm.googleapis.com/x", p256dh=p256dh, auth=auth, trusted=frozenset()
    )


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ((200, 201, 202, 204), "accepted"),
        ((404, 410), "gone"),
        ((413,), "dropped"),
        ((None, 408, 425, 429, 500, 502, 503, 599), "later"),
        ((301, 302, 307, 400, 401, 403, 405, 415, 422), "refused"),
    ],
)
def test_each_answer_of_a_push_service_has_one_meaning(statuses: tuple[int | None, ...], verdict: str) -> None:
    assert {policy.judge(status) for status in statuses} == {verdict}


@pytest.mark.parametrize(
    ("tries", "retry_after", "seconds"),
    [
        (1, None, 1),
        (2, None, 4),
        (4, None, 64),
        (1, "0", 0),
        (1, "120", 120),
        (1, "999999999", 3600),
        (2, "soon", 4),
        (2, "-5", 4),
        (1, "1.5", 1),
        (2, "Mon, 23 Nov 99999999999 12:00:30 GMT", 4),
        (2, "Mon, 23 Nov 2026 12:00:30 +99999999999999999999", 4),
        (1, "Mon, 23 Nov 2026 12:00:30 GMT", 30),
        (1, "Mon, 23 Nov 2026 11:00:00 GMT", 0),
        (1, "Mon, 23 Nov 2099 11:00:00 GMT", 3600),
    ],
)
def test_pause_is_what_the_push_service_asks_for_within_an_hour(
    tries: int, retry_after: str | None, seconds: int
) -> None:
    assert policy.pause_before_next(tries, retry_after=retry_after, now=NOW) == timedelta(seconds=seconds)


def test_owner_is_the_last_linked_user_until_that_user_is_unlinked() -> None:
    first, second = uuid4(), uuid4()
    assert policy.owner_after(None, user_id=first, linked=True) == first
    assert policy.owner_after(first, user_id=second, linked=True) == second
    assert policy.owner_after(first, user_id=first, linked=False) is None
    assert policy.owner_after(second, user_id=first, linked=False) == second
    assert policy.owner_after(None, user_id=first, linked=False) is None


@pytest.mark.parametrize(("role", "allowed"), [("clinician", True), ("admin", True), ("patient", False)])
def test_staff_may_send_pushes(role: str, allowed: bool) -> None:
    assert (role in policy.SEND_PUSH.roles) is allowed


def test_sending_is_refused_while_revocations_cannot_be_known() -> None:
    assert policy.SEND_PUSH.vital


def test_texts_say_nothing_clinical() -> None:
    text = " ".join(TITLES.values()).lower()
    assert not [word for word in ("result", "clinic", "diagnos", "doctor", "ward", "discharge") if word in text]
