"""Web Push: we connect where a user tells us to, so that where and what we send is held to the letter (SSRF)."""

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

import httpx
import psycopg
import pytest
from e2e.client import (
    Person,
    assert_problem,
    eventually,
    inbox,
    new_linked_patient,
    new_patient_account,
    register,
    sent_push,
    unique,
)
from e2e.push_receiver import PushReceiver, Reply, Subscriber, base64url
from fleet import Fleet
from native.home import write_text

from attack.browser import at_once
from attack.people import Cast

PUBLIC = "8.8.8.8"  # never connected to: every name is turned before anything is sent
INNER = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1"),  # noqa: S104
    *(
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fc00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ),
    *(
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
    ),
]


class Inside:
    """A server of the inner network that nobody outside may reach: it counts who comes."""

    def __init__(self) -> None:
        first = socket.create_server(("127.0.0.1", 0))
        self.port: int = first.getsockname()[1]
        self.doors = [first, socket.create_server(("::1", self.port), family=socket.AF_INET6)]
        for door in self.doors:
            door.setblocking(False)
        self._visits = 0

    @property
    def visits(self) -> int:
        """How many have connected so far."""
        for door in self.doors:
            with suppress(BlockingIOError):
                while True:
                    door.accept()[0].close()
                    self._visits += 1
        return self._visits


@pytest.fixture
def inside() -> Iterator[Inside]:
    inside = Inside()
    yield inside
    for door in inside.doors:
        door.close()


class Names:
    """The DNS as the fleet sees it, in the hands of an attacker."""

    def __init__(self, fleet: Fleet) -> None:
        self.file = fleet.home / "names.json"

    def lead(self, names: Mapping[str, Sequence[str]], *, port: int = 443) -> None:
        """Give these names, and no others, these addresses."""
        entries = {name: [(address, port) for address in addresses] for name, addresses in names.items()}
        write_text(self.file, json.dumps(entries))


@pytest.fixture
def names(fleet: Fleet) -> Iterator[Names]:
    names = Names(fleet)
    yield names
    names.file.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def account(fleet: Fleet) -> Iterator[Person]:
    with new_patient_account(fleet) as person:
        yield person


@pytest.fixture
def user(account: Person) -> Iterator[Person]:
    """Somebody without devices."""
    yield account
    for device in devices(account):
        account.delete(f"/api/push/registrations/{device}")


def devices(person: Person) -> list[str]:
    return [device["id"] for device in person.get("/api/push/registrations").json()["items"]]


def register_at(person: Person, endpoint: str, **keys: str) -> httpx.Response:
    """Ask for an endpoint with good keys, but for these."""
    subscription = Subscriber.at(endpoint).to_json()
    return person.post("/api/push/register", subscription | {"keys": subscription["keys"] | keys})


def state(person: Person) -> str:
    """What became of the newest notification."""
    return str(inbox(person)["items"][0]["state"])


@pytest.mark.parametrize(
    "endpoint",
    [
        *("https://evil.example/x", "https://googleapis.com/x", "https://push.apple.com/x", "https://localhost/x"),
        *(
            "https://fcm.googleapis.com.evil.example/x",
            "https://evilfcm.googleapis.com/x",
            "https://fcm-googleapis.com/x",
        ),
        *(
            "https://evilpush.apple.com/x",
            "https://fcm.googleapis.com./x",
            "https://fcm.googleapis.com..evil.example/x",
        ),
        *("http://fcm.googleapis.com/x", "ftp://fcm.googleapis.com/x", "file:///etc/passwd", "//fcm.googleapis.com/x"),
        *("gopher://fcm.googleapis.com/x", "javascript:alert(1)", "https:fcm.googleapis.com/x", "x", ""),
        *("https://fcm.googleapis.com:8443/x", "https://fcm.googleapis.com:80/x", "https://fcm.googleapis.com:0443/x"),
        *("https://fcm.googleapis.com:/x", "https://fcm.googleapis.com:443443/x", "https://fcm.googleapis.com:-1/x"),
        *(
            "https://user@fcm.googleapis.com/x",
            "https://user:secret@fcm.googleapis.com/x",
            "https://@fcm.googleapis.com/x",
        ),
        *("https://fcm.googleapis.com@evil.example/x", "https://fcm.googleapis.com:443@evil.example/x"),
        *("https://evil.example\\@fcm.googleapis.com/x", "https://evil.example#.push.apple.com/x"),
        *("https://evil.example?.push.apple.com/x", "https://evil.example%2f.push.apple.com/x"),
        *("https://127.0.0.1/x", "https://127.1/x", "https://2130706433/x", "https://0x7f000001/x", "https://[::1]/x"),
        *("https://[::ffff:127.0.0.1]/x", "https://[fe80::1%25lo]/x", "https://8.8.8.8/x", "http://169.254.169.254/x"),
        *("https://fcm.googleapis.com/ü", "https://ｆcm.googleapis.com/x", "https://fcm。googleapis。com/x"),
        *(
            "https://fcm.googleapis.com/a b",
            "https://fcm.googleapis.com/x\r\nX-Evil: 1",
            "https://fcm.googleapis.com\t/x",
        ),
        *(" https://fcm.googleapis.com/x", "https://fcm.googleapis.com/x\n", "https://fcm.googleapis.com"),
        pytest.param("https://fcm.googleapis.com/".ljust(2049, "x"), id="2049 characters"),
        pytest.param("https://fcm.googleapis.com/".ljust(100_000, "x"), id="100000 characters"),
    ],
)
def test_endpoint_that_is_no_push_service_is_refused(user: Person, endpoint: str) -> None:
    answer = register_at(user, endpoint)
    problem = assert_problem(answer, 422, "invalid")
    assert problem["errors"][0]["loc"] == ["body", "endpoint"]
    assert len(endpoint) < 2 or endpoint not in answer.text
    assert devices(user) == []


def test_endpoint_that_is_nearly_a_trusted_origin_is_refused(user: Person, push_service: PushReceiver) -> None:
    origin, port = push_service.origin, push_service.server_port
    nearly = [
        *(origin.replace("http:", "https:"), origin + "0", f"http://127.0.0.1:{port + 1}", "http://127.0.0.1"),
        *(
            f"http://localhost:{port}",
            f"http://127.1:{port}",
            f"http://user@127.0.0.1:{port}",
            f"{origin}@evil.example",
        ),
    ]
    for other in nearly:
        assert_problem(register_at(user, f"{other}/push/x"), 422, "invalid")


def test_endpoint_of_2048_characters_is_taken(user: Person, names: Names) -> None:
    names.lead({"fcm.googleapis.com": [PUBLIC]})
    assert register_at(user, "https://fcm.googleapis.com/".ljust(2048, "x")).status_code == 201


@pytest.mark.parametrize("address", INNER)
def test_push_service_whose_name_leads_inside_is_not_registered(
    user: Person, names: Names, inside: Inside, address: str
) -> None:
    for addresses in ([address], [PUBLIC, address], [address, PUBLIC]):
        names.lead({"web.push.apple.com": addresses}, port=inside.port)
        answer = register_at(user, "https://web.push.apple.com/x")
        assert_problem(answer, 422, "invalid")
        assert address not in answer.text
    assert (devices(user), inside.visits) == ([], 0)


@pytest.mark.parametrize("first", range(0, len(INNER), 8))
def test_push_service_whose_name_leads_inside_only_later_is_not_connected_to(
    cast: Cast, user: Person, names: Names, inside: Inside, first: int
) -> None:
    turned = {f"d{number}.push.apple.com": [address] for number, address in enumerate(INNER[first : first + 8])}
    turned["mixed.push.apple.com"] = [PUBLIC, INNER[first]]
    names.lead({name: [PUBLIC] for name in turned})
    for name in turned:
        assert register_at(user, f"https://{name}/{unique()}").status_code == 201
    names.lead(turned, port=inside.port)
    sent_push(cast.clinician, user_id=user.id)
    eventually(lambda: inside.visits or state(user) != "pending")
    assert (state(user), len(devices(user)), inside.visits) == ("failed", len(turned), 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_of_a_push_service_is_not_followed(
    cast: Cast, user: Person, push_service: PushReceiver, inside: Inside, status: int
) -> None:
    elsewhere = push_service.subscribe()
    for target in (elsewhere.endpoint, f"http://127.0.0.1:{inside.port}/", f"//localhost:{inside.port}/"):
        phone = push_service.subscribe(Reply(status, {"Location": target}))
        register(user, phone)
    sent_push(cast.clinician, user_id=user.id)
    eventually(lambda: inside.visits or state(user) != "pending")
    assert (state(user), elsewhere.pushes, inside.visits) == ("failed", [], 0)


def test_proxy_of_the_environment_is_not_used(cast: Cast, user: Person, push_service: PushReceiver) -> None:
    phone = push_service.subscribe()  # the fleet's environment names proxies, and they lead nowhere (planting.py)
    register(user, phone)
    sent_push(cast.clinician, user_id=user.id)
    phone.wait()


POINT = Subscriber.at("").point
UNUSABLE = {
    "p256dh": {
        "off the curve": base64url(POINT[:-1] + bytes([POINT[-1] ^ 1])),
        "the origin": base64url(b"\4" + bytes(64)),
        "at infinity": base64url(b"\0"),
        "compressed": base64url(b"\2" + POINT[1:33]),
        "hybrid": base64url(b"\6" + POINT[1:]),
        "too short": base64url(POINT[:-1]),
        "too long": base64url(POINT + b"\0"),
        "no base64url": base64url(POINT)[:-1] + "!",
        "empty": "",
    },
    "auth": {
        "15 bytes": base64url(bytes(15)),
        "17 bytes": base64url(bytes(17)),
        "no base64url": "+" * 22,
        "line feed": base64url(bytes(16)) + "\n",
        "empty": "",
    },
}


@pytest.mark.parametrize(("key", "what"), [(key, what) for key, values in UNUSABLE.items() for what in values])
def test_subscription_with_unusable_keys_is_refused(
    user: Person, push_service: PushReceiver, key: str, what: str
) -> None:
    answer = register_at(user, push_service.subscribe().endpoint, **{key: UNUSABLE[key][what]})
    assert assert_problem(answer, 422, "invalid")["errors"][0]["loc"] == ["body", "keys", key]
    assert devices(user) == []


def test_subscription_is_unreadable_in_the_database(fleet: Fleet, user: Person, push_service: PushReceiver) -> None:
    phone = push_service.subscribe()
    device = register(user, phone)
    keys = phone.to_json()["keys"]
    secret = [phone.endpoint, phone.endpoint.rpartition("/")[2], *keys.values(), phone.auth.hex(), phone.point.hex()]
    with psycopg.connect(fleet.database("notify")) as notify:
        query = "SELECT row_to_json(d)::text FROM devices d WHERE id = %s"
        ((row,),) = notify.execute(query, [device["id"]]).fetchall()
    assert not [value for value in secret if value in row]


def test_user_has_ten_devices_however_fast_they_come(user: Person, push_service: PushReceiver) -> None:
    browsers = [push_service.subscribe() for _ in range(14)]
    answers = at_once([partial(user.post, "/api/push/register", phone.to_json()) for phone in browsers])
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 4
    assert_problem(user.post("/api/push/register", push_service.subscribe().to_json()), 409, "too-many-devices")
    assert len(devices(user)) == 10


def test_signing_out_ends_the_pushes_of_that_browser(
    fleet: Fleet, cast: Cast, user: Person, push_service: PushReceiver
) -> None:
    left, kept = push_service.subscribe(), push_service.subscribe()
    with Person(fleet.url).sign_in(user.user["username"]) as elsewhere:
        register(elsewhere, left)
        register(user, kept)
        elsewhere.sign_out()
    eventually(lambda: len(devices(user)) == 1)
    sent_push(cast.clinician, user_id=user.id)
    kept.wait()
    assert left.pushes == []


def test_endpoint_moves_to_whoever_registers_it_last(
    fleet: Fleet, cast: Cast, user: Person, push_service: PushReceiver
) -> None:
    phone = push_service.subscribe()
    register(user, phone)
    with new_patient_account(fleet) as stranger:
        register(stranger, phone)
        assert devices(user) == []
        sent_push(cast.clinician, user_id=user.id)
        theirs = sent_push(cast.clinician, user_id=stranger.id)
        (push,) = phone.wait()
    assert push.payload["notification_id"] == theirs


def test_push_reveals_neither_the_letter_nor_the_patient(fleet: Fleet, cast: Cast, push_service: PushReceiver) -> None:
    phone, canary = push_service.subscribe(), unique("canary")
    patient, patient_id = new_linked_patient(fleet, cast.clinician)
    with patient:
        register(patient, phone)
        letter = {"title": f"Review {canary}", "body": f"Dear Ada, {canary}"}
        uid = cast.clinician.post(f"/api/patients/{patient_id}/letters", letter).json()["uid"]
        (push,) = phone.wait()
        (entry,) = inbox(patient)["items"]
        assert push.payload == {"notification_id": entry["id"], "title": "You have a new letter"}
        assert (push.headers["ttl"], push.headers["urgency"], len(push.headers["topic"])) == ("86400", "normal", 32)
        seen = json.dumps([dict(push.headers), push.payload])
        told = (canary, uid, patient_id, patient.id, patient.user["username"])
        assert not [value for value in told if value in seen]


def test_push_says_the_same_to_everybody(cast: Cast, user: Person, push_service: PushReceiver) -> None:
    phones = [push_service.subscribe() for _ in range(2)]
    for phone in phones:
        register(user, phone)
    for template in ("new_letter", "please_call", "appointment_reminder"):
        sent_push(cast.clinician, user_id=user.id, template=template)
    texts = [{push.payload["title"] for push in phone.wait(number=3)} for phone in phones]
    assert texts[0] == texts[1] == {"You have a new letter", "Please call us", "A reminder about your appointment"}


def test_sender_never_learns_what_the_push_service_answers(
    cast: Cast, user: Person, push_service: PushReceiver
) -> None:
    told = []
    for reply in (Reply(201), Reply(400), Reply(403), Reply(404), Reply(500), Reply(None), Reply(307)):
        phone = push_service.subscribe(reply)
        device = register(user, phone)
        answer = cast.clinician.post("/api/push/send", {"user_id": user.id, "template": "test"})
        changing = {"date", "x-request-id"}
        headers = {name: value for name, value in answer.headers.items() if name not in changing}
        told.append((answer.status_code, set(answer.json()), headers))
        phone.wait()
        user.delete(f"/api/push/registrations/{device['id']}")
    assert told == [told[0]] * len(told)
