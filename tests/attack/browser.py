"""A session in the hands of somebody who keeps its cookie and sends it when they please: no browser does that."""

import http.client
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import httpx
from e2e.client import REFRESH_COOKIE, Person
from fleet import Fleet


@dataclass(frozen=True)
class Kept:
    """What it takes to refresh or end a session, at one moment of its life."""

    fleet: Fleet
    refresh_token: str
    csrf_token: str
    access_token: str

    @classmethod
    def of(cls, fleet: Fleet, person: Person) -> Self:
        """What this person's browser holds now."""
        csrf_token = person.http.headers["X-CSRF-Token"]
        return cls(fleet, str(person.http.cookies[REFRESH_COOKIE]), csrf_token, person.access_token)

    def send(self, path: str, **headers: str | None) -> httpx.Response:
        """One call with the cookie, from a fresh browser; `headers` replace or, with None, leave out."""
        usual = {"Cookie": f"{REFRESH_COOKIE}={self.refresh_token}", "X-CSRF-Token": self.csrf_token}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with Person(self.fleet.url) as browser:
            return browser.post(path, headers=usual | named)

    def refresh(self, **headers: str | None) -> httpx.Response:
        return self.send("/api/auth/refresh", **headers)

    def next(self) -> "Kept":
        """The session after a refresh that succeeds."""
        answer = self.refresh()
        assert answer.status_code == 200, answer.text
        return self.after(answer)

    def after(self, answer: httpx.Response) -> "Kept":
        """The session as this answer to a refresh left it."""
        token = answer.cookies[REFRESH_COOKIE]
        return Kept(self.fleet, token, answer.json()["csrf_token"], answer.json()["access_token"])

    def get(self, path: str) -> httpx.Response:
        """A read with the access token alone."""
        with Person(self.fleet.url) as browser:
            return browser.get(path, headers={"Authorization": f"Bearer {self.access_token}"})


def ask_exactly(person: Person, target: str) -> tuple[int, str]:
    """Status and body of a GET whose path goes out as it stands; httpx would tidy it."""
    connection = http.client.HTTPConnection(urlsplit(person.origin).netloc, timeout=10)
    try:
        connection.request("GET", target, headers={"Authorization": person.http.headers["Authorization"]})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def at_once[T](calls: Sequence[Callable[[], T]], *, workers: int | None = None) -> list[T]:
    """Call all of them at the same time, or so many at a time; the results in their order."""
    with ThreadPoolExecutor(workers or len(calls)) as pool:
        return list(pool.map(lambda call: call(), calls))
