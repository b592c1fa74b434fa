"""People at the public door, for black-box tests: they sign in through Caddy and send what browsers send. No asserts on
one service's behaviour live here."""

import ipaddress
import itertools
import secrets
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import httpx
from e2e.push_receiver import Subscriber
from fleet import Fleet
from native.http import TLS

PASSWORD = "an entirely unremarkable phrase"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
BIRTH_DATE = "1961-04-12"
REFRESH_COOKIE, CSRF_COOKIE = "quill_refresh", "quill_csrf"


class Person:
    """Somebody with a browser of their own; after `sign_in` every call carries their token and CSRF token.

    Everybody comes from a loopback address of their own, so that nobody uses up the tries of somebody else's address.
    """

    def __init__(self, origin: str, *, address: str | None = None) -> None:
        self.origin = origin
        self.address = address or new_address()
        self.http = httpx.Client(
            base_url=origin,
            timeout=15,
            transport=httpx.HTTPTransport(local_address=self.address, verify=TLS, trust_env=False),
            headers={"Origin": origin},
        )
        weakref.finalize(self, self.http.close)  # tests that let a person go leave no open connection
        self.user: dict[str, Any] = {}
        self.password = PASSWORD

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    @property
    def id(self) -> str:
        return str(self.user["id"])

    @property
    def access_token(self) -> str:
        return self.http.headers["Authorization"].removeprefix("Bearer ")

    def sign_in(self, username: str, password: str = PASSWORD) -> Self:
        """Sign in and carry the session from now on."""
        answer = self.send("POST", "/api/auth/login", json={"username": username, "password": password})
        self.password = password
        return self.begin(answer)

    def refresh(self) -> Self:
        """Get new tokens by the cookie, for instance after being linked."""
        return self.begin(self.send("POST", "/api/auth/refresh"))

    def sign_out(self) -> None:
        """End the session; the dead token is kept for later calls."""
        assert self.send("POST", "/api/auth/logout").status_code == 204

    def begin(self, answer: httpx.Response) -> Self:
        """Carry the session of an answer from now on."""
        assert answer.status_code == 200, answer.text
        session = answer.json()
        self.http.headers["Authorization"] = f"Bearer {session['access_token']}"
        self.http.headers["X-CSRF-Token"] = session["csrf_token"]
        self.user = session["user"]
        return self

    def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        key: str | None = None,
        version: int | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> httpx.Response:
        """One request, whatever it answers.

        Args:
            key: for `Idempotency-Key`.
            version: for `If-Match`.
            headers: others; None leaves out one that would be sent.
        """
        extra: dict[str, str | None] = {
            "Idempotency-Key": key,
            "If-Match": None if version is None else f'"{version}"',
            **(headers or {}),
        }
        request = self.http.build_request(method, path, json=json)
        for name, value in extra.items():
            if value is not None:
                request.headers[name] = value
            elif headers and name in headers:
                request.headers.pop(name, None)
        return self.http.send(request)

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.send("GET", path, **kwargs)

    def post(self, path: str, json: object = None, **kwargs: Any) -> httpx.Response:
        return self.send("POST", path, json=json, **kwargs)

    def put(self, path: str, json: object = None, **kwargs: Any) -> httpx.Response:
        return self.send("PUT", path, json=json, **kwargs)

    def patch(self, path: str, json: object = None, **kwargs: Any) -> httpx.Response:
        return self.send("PATCH", path, json=json, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.send("DELETE", path, **kwargs)

    def every(self, path: str, **query: str) -> Iterator[Any]:
        """Every item of a paged list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            answer = self.http.get(path, params={"limit": "100", **query, **cursor})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}


def new_address() -> str:
    """A loopback address (RFC 1122 §3.2.1.3) that hardly any other test has."""
    return str(ipaddress.IPv4Address("127.1.0.0") + secrets.randbelow(2**24 - 2**17))


def unique(prefix: str = "u") -> str:
    """A name that no other test has."""
    return f"{prefix}{secrets.token_hex(6)}"


def demo_person(fleet: Fleet, role: str) -> Person:
    """The first demo account of a role, signed in: clinician, patient or admin."""
    account = fleet.account(role)
    return Person(fleet.url).sign_in(account["username"], account["password"])


def new_patient_account(fleet: Fleet) -> Person:
    """Somebody who has just registered and signed in; not linked to any record."""
    person, name = Person(fleet.url), unique()
    form = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "display_name": f"Test {name}"}
    answer = person.post("/api/auth/register", form)
    assert answer.status_code == 201, answer.text
    return person.sign_in(name)


def new_staff(fleet: Fleet, *roles: str) -> Person:
    """A fresh account with these roles, invited by the demo's administrator, activated and signed in."""
    name = unique("s")
    with demo_person(fleet, "admin") as admin:
        form = {"username": name, "email": f"{name}@example.org", "display_name": f"Dr {name}", "roles": [*roles]}
        answer = admin.post("/api/auth/users", form)
    assert answer.status_code == 201, answer.text
    person = Person(fleet.url)
    activation = {"activation_code": answer.json()["activation_code"], "password": PASSWORD}
    assert person.post("/api/auth/activate", activation).status_code == 204
    return person.sign_in(name)


_serials = itertools.count(secrets.randbelow(10**6))  # by the birthday paradox, a number drawn anew would meet another


def new_nhs_number() -> str:
    """A valid number of the range 999, which is kept for tests (modulus 11), other than the ones before."""
    while True:
        digits = [9, 9, 9, *map(int, f"{next(_serials) % 10**6:06d}")]
        check = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return "".join(map(str, [*digits, check % 11]))


def patient_resource(**members: Any) -> dict[str, Any]:
    """A FHIR R4 Patient that the contract accepts; `members` replace or add elements."""
    return {
        "resourceType": "Patient",
        "active": True,
        "identifier": [{"system": NHS_NUMBER, "value": new_nhs_number()}],
        "name": [{"use": "official", "family": unique("Family"), "given": ["Test"]}],
        "gender": "female",
        "birthDate": BIRTH_DATE,
        **members,
    }


def new_patient(clinician: Person, **members: Any) -> str:
    """Create a patient's record; returns its id."""
    answer = clinician.post("/api/fhir/patients", patient_resource(**members), key=unique("k"))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def link(clinician: Person, person: Person, patient_id: str, *, birth_date: str = BIRTH_DATE) -> None:
    """Open a record to a patient's account, as at the desk; the account's token carries it afterwards."""
    answer = clinician.post("/api/auth/patient-links", {"patient_id": patient_id, "birth_date": birth_date})
    assert answer.status_code == 201, answer.text
    code = answer.json()["code"]
    redeemed = person.post("/api/auth/patient-links/redeem", {"code": code, "birth_date": birth_date})
    assert redeemed.status_code == 200, redeemed.text
    person.refresh()


def new_linked_patient(fleet: Fleet, clinician: Person) -> tuple[Person, str]:
    """A patient's account with a record of its own; returns both."""
    person, patient_id = new_patient_account(fleet), new_patient(clinician)
    link(clinician, person, patient_id)
    return person, patient_id


def register(person: Person, browser: Subscriber) -> dict[str, Any]:
    """Have pushes for somebody sent to a browser; the device as they see it."""
    answer = person.post("/api/push/register", browser.to_json())
    assert answer.status_code == 201, answer.text
    device: dict[str, Any] = answer.json()
    return device


def sent_push(clinician: Person, **wanted: str) -> str:
    """Tell `user_id` or `patient_id` something; the notification's id."""
    answer = clinician.post("/api/push/send", {"template": "test", **wanted})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["notification_id"])


def inbox(person: Person, query: str = "") -> dict[str, Any]:
    """A page of somebody's notifications."""
    answer = person.get(f"/api/notifications{query}")
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def assert_problem(answer: httpx.Response, status: int, slug: str | None = None) -> dict[str, Any]:
    """The answer is a problem document of this status (RFC 9457), and of this type where one is given."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"].partition(";")[0] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("/problems/")
    assert slug is None or problem["type"] == f"/problems/{slug}"
    if status in {429, 503}:
        assert int(answer.headers["Retry-After"]) >= 1
    return problem


def eventually[T](look: Callable[[], T | None], *, within: float = 10.0, pause: float = 0.05) -> T:
    """Look again, after a pause each time, until there is something to see; fails after `within` seconds."""
    deadline = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < deadline, f"nothing to see within {within} s"
        time.sleep(pause)
    return seen
