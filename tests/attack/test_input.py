"""Input: whatever is not one clear document of the right shape is refused, quickly, without an echo or a trace."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from access import read_calls
from e2e.client import Person
from fleet import Fleet

from attack.people import Cast

MARK = "Canary5d1f"
ROUNDS = 5
UID, LETTER = "018f4ed5-3bb0-7c1d-9d2c-0123456789ab", "018f4ed5-3bb0-7c1d-9d2c-0123456789ac"
BIRTH_DATE, SECRET = "1961-04-12", f"{MARK} a phrase nobody has"
NAME = {"use": "official", "family": MARK}
SHOWN: dict[str, Any] = {
    **{"name": {"family": MARK}, "active": True, "birth_date": BIRTH_DATE, "gender": "female", "nhs_number": None},
    **{"identifiers": [], "telecom": [], "addresses": [], "emergency_contacts": []},
}

# Every call that takes a body: who makes it, and a body that would be taken but for the mark where that is no word.
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "POST /api/auth/register": ("nobody", {"username": MARK, "email": "a@example.org", "password": SECRET}),
    "POST /api/auth/login": ("nobody", {"username": MARK, "password": SECRET}),
    "POST /api/auth/login/totp": ("nobody", {"challenge": MARK, "code": "123456"}),
    "POST /api/auth/activate": ("nobody", {"activation_code": MARK, "password": SECRET}),
    "POST /api/auth/password": ("clinician", {"current_password": SECRET, "new_password": SECRET}),
    "POST /api/auth/totp/enrol": ("clinician", {"password": SECRET}),
    "POST /api/auth/totp/confirm": ("clinician", {"code": MARK}),
    "POST /api/auth/totp/disable": ("clinician", {"password": SECRET, "code": "123456"}),
    "POST /api/auth/users": ("admin", {"username": MARK, "email": "a@example.org", "roles": ["clinician"]}),
    f"PATCH /api/auth/users/{UID}": ("admin", {"roles": [MARK]}),
    "POST /api/auth/patient-links": ("clinician", {"birth_date": MARK, "patient_id": UID}),
    "POST /api/auth/patient-links/redeem": ("patient", {"code": MARK, "birth_date": BIRTH_DATE}),
    "POST /api/patients": ("clinician", {"nhs_number": MARK}),
    f"PUT /api/patients/{UID}/demographics": ("clinician", SHOWN),
    "POST /api/fhir/patients": ("clinician", {"resourceType": "Patient", "name": [NAME]}),
    f"POST /api/patients/{UID}/letters": ("clinician", {"title": MARK, "body": MARK}),
    f"PUT /api/patients/{UID}/letters/{LETTER}": ("clinician", {"title": MARK, "body": MARK, "reason": MARK}),
    f"POST /api/patients/{UID}/letters/{LETTER}/withdraw": ("clinician", {"reason": MARK}),
    "POST /api/push/register": ("patient", {"endpoint": MARK, "keys": {"p256dh": "x", "auth": "x"}}),
    "POST /api/push/send": ("clinician", {"user_id": MARK, "template": "test"}),
    "POST /api/webhooks": ("admin", {"url": MARK, "events": ["letter.created"]}),
}


def within(text: str) -> Callable[[str], bytes]:
    """The document with this in its first text."""
    return lambda document: document.replace(MARK, MARK + text, 1).encode()


def besides(member: str) -> Callable[[str], bytes]:
    """The document with one more member."""
    return lambda document: f"{document[:-1]},{member}}}".encode()


def instead(value: str) -> Callable[[str], bytes]:
    """The document with another value of its first member."""
    return lambda document: (json.dumps({**json.loads(document), first(document): "="}).replace('"="', value)).encode()


def first(document: str) -> str:
    return str(next(iter(json.loads(document))))


def twice(document: str, *, spelling: str | None = None) -> bytes:
    """The document with its first member repeated."""
    members = json.loads(document)
    name = first(document)
    return besides(f'"{spelling or name}":{json.dumps(members[name])}')(document)


def escaped_twice(document: str) -> bytes:
    return twice(document, spelling=f"\\u{ord(first(document)[0]):04x}{first(document)[1:]}")


HOSTILE: dict[str, Callable[[str], bytes]] = {
    **{f"{code:#04x} escaped": within(f"\\u{code:04x}") for code in (0, 1, 8, 0x0B, 0x0C, 0x0E, 0x1B, 0x1F, 0x7F)},
    **{f"{code:#04x} as it is": within(chr(code)) for code in (0, 1, 9, 0x0A, 0x1F, 0x7F)},
    "high surrogate alone": within("\\ud83d"),
    "low surrogate alone": within("\\ude00"),
    "surrogates the wrong way round": within("\\ude00\\ud83d"),
    "surrogate in UTF-8": lambda document: within("=")(document).replace(b"=", b"\xed\xa0\x80"),
    "overlong UTF-8": lambda document: within("=")(document).replace(b"=", b"\xc0\x80"),
    "Latin-1": lambda document: within("=")(document).replace(b"=", b"\xe9"),
    "control character in a name": besides(f'"{MARK}\\u0000":1'),
    "surrogate in a name": besides(f'"{MARK}\\ud800":1'),
    "UTF-16": lambda document: document.encode("utf-16"),
    "UTF-16 without a mark": lambda document: document.encode("utf-16-le"),
    "UTF-32": lambda document: document.encode("utf-32"),
    "UTF-8 with a mark": lambda document: document.encode("utf-8-sig"),
    "repeated member": twice,
    "repeated member in another spelling": escaped_twice,
    "repeated member further in": besides(f'"x":{{"{MARK}":1,"{MARK}":2}}'),
    "unknown member": besides(f'"unknown":"{MARK}"'),
    "unknown member with a name of the language": besides(f'"__class__":{{"__init__":"{MARK}"}}'),
    "100 unknown members": besides(",".join(f'"u{number}":"{MARK}"' for number in range(100))),
    "20,000 unknown members": besides(",".join(f'"u{number}":1' for number in range(20_000))),
    "unknown member with a long name": besides(f'"{"x" * 100_000}":1'),
    "unknown member with a name that is text": besides(f'"{MARK} {MARK}":1'),
    "80,000 objects in an array": instead("[" + "{}," * 80_000 + "{}]"),
    "100,000 arrays": instead("[" * 100_000 + "]" * 100_000),
    "100,000 arrays that never end": instead("[" * 100_000),
    "30,000 objects one in another": instead('{"a":' * 30_000 + "1" + "}" * 30_000),
    "a depth of 65": instead("[" * 65 + f'"{MARK}"' + "]" * 65),
    "1e999": instead("1e999"),
    "-1e999": instead("-1e999"),
    "NaN": instead("NaN"),
    "Infinity": instead("Infinity"),
    "-Infinity": instead("-Infinity"),
    "5,000 digits": instead("9" * 5_000),
    "4,000 digits": instead("9" * 4_000),
    "20,000 digits after the point": instead("0." + "9" * 20_000),
    "number": instead("7"),
    "fraction": instead("7.5"),
    "true": instead("true"),
    "array of null": instead("[null]"),
    "object": instead(f'{{"{MARK} {MARK}":"{MARK}"}}'),
    "array of objects": instead(f'[{{"{MARK} {MARK}":"{MARK}"}}]'),
    "array of arrays": instead(f'[["{MARK}"]]'),
    "array around": lambda document: f"[{document}]".encode(),
    "text around": lambda document: json.dumps(document).encode(),
    "two documents": lambda document: (document + document).encode(),
    "half a document": lambda document: document[: len(document) // 2].encode(),
    "comment": lambda document: f"/* {MARK} */{document}".encode(),
    "comma at the end": lambda document: f"{document[:-1]},}}".encode(),
    "quotes of Python": lambda document: document.replace('"', "'").encode(),
    "nothing but null": lambda _: b"null",
    "white space": lambda _: b" \n\t",
    "no bytes": lambda _: b"",
    "NUL bytes": lambda _: b"\0" * 1000,
    "gzip": lambda _: bytes.fromhex("1f8b0800000000000203ab564a5412b252aa05003f8cdd470a000000"),
}


@pytest.fixture(scope="module")
def people(fleet: Fleet, cast: Cast) -> Iterator[Callable[[str], Person]]:
    with Person(fleet.url) as nobody:
        yield lambda who: nobody if who == "nobody" else getattr(cast, who)


@pytest.fixture(scope="module")
def ledger(fleet: Fleet) -> Iterator[Callable[[], dict[str, int]]]:
    """How many rows the services have of whatever a refused request must leave no trace in."""
    tables = {"auth": ["users"], "patients": ["operations"], "letters": ["operations"]}
    tables["notify"] = ["operations", "devices", "notifications"]
    open_ones = {service: psycopg.connect(fleet.database(service), autocommit=True) for service in tables}

    def count(service: str, table: str) -> int:
        ((number,),) = open_ones[service].execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608
        return int(number)

    yield lambda: {f"{service} {one}": count(service, one) for service, names in tables.items() for one in names}
    for connection in open_ones.values():
        connection.close()


def send(person: Person, call: str, body: bytes, content_type: str = "application/json") -> httpx.Response:
    method, path = call.split()
    return person.http.request(method, path, content=body, headers={"Content-Type": content_type, "If-Match": '"1"'})


def assert_refused(answer: httpx.Response, status: int) -> None:
    """4xx in the form of the place, and nothing of what was sent."""
    assert answer.status_code == status, (answer.request.url, answer.status_code, answer.text[:300])
    outcome = answer.request.url.path.startswith("/api/fhir/")
    assert answer.headers["Content-Type"].startswith("application/fhir+json" if outcome else "application/problem+json")
    assert len(answer.content) < 6_000


def test_bodies_of_this_file_are_all_that_are_taken() -> None:
    takes = {str(call) for call in read_calls() if call.method in {"POST", "PUT", "PATCH"}}
    bodiless = {"logout", "logout-all", "refresh", "read"}
    named = {call.replace(UID, "{patient_id}" if "patients" in call else "{user_id}") for call in BODIES}
    named = {call.replace(LETTER, "{uid}") for call in named}
    assert {call for call in takes if call.rpartition("/")[2] not in bodiless} == named


@pytest.mark.parametrize("kind", HOSTILE)
def test_body_that_is_not_one_clear_document_of_its_shape_is_refused(
    people: Callable[[str], Person], ledger: Callable[[], dict[str, int]], kind: str
) -> None:
    before = ledger()
    for call, (who, body) in BODIES.items():
        answer = send(people(who), call, HOSTILE[kind](json.dumps(body)))
        assert_refused(answer, 422)
        assert MARK not in answer.text + str(answer.headers), call
    assert ledger() == before


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "*/*"),
        *("application/xml", "application/jsonp", "application/json-seq", "application/fhir+xml", "json", ","),
    ],
)
def test_body_of_another_kind_is_refused(people: Callable[[str], Person], content_type: str) -> None:
    for call, (who, body) in BODIES.items():
        answer = send(people(who), call, json.dumps(body).encode(), content_type)
        assert_refused(answer, 415)
        assert MARK not in answer.text


def seconds_of_work(fleet: Fleet) -> float:
    """How much the processor has worked for the services so far."""
    services = ("auth", "patients", "letters", "notify")
    pids = [entry["pid"] for name, entry in fleet.processes.items() if name.split("-")[0] in services]
    ticks = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in pids]
    return sum(int(user) + int(system) for user, system in ticks) / 100


@pytest.mark.parametrize(
    "kind",
    [
        *("100,000 arrays", "30,000 objects one in another", "80,000 objects in an array", "20,000 unknown members"),
        *("5,000 digits", "1e999", "UTF-16", "repeated member"),
    ],
)
def test_hostile_body_is_refused_with_little_work(fleet: Fleet, people: Callable[[str], Person], kind: str) -> None:
    call = "POST /api/auth/login"
    body = HOSTILE[kind](json.dumps(BODIES[call][1]))
    before = seconds_of_work(fleet)
    for _ in range(ROUNDS):
        assert_refused(send(people("nobody"), call, body), 422)
    assert seconds_of_work(fleet) - before < 0.1 * ROUNDS
