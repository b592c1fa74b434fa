"""Signing keys change hands under load: nobody is refused, and the old key goes when no token of it can live."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from auth.sessions.keys import KeyRing
from auth.vault import Vault
from common.db import Database
from e2e.client import Person, eventually, new_patient_account
from fleet import Fleet

PATHS = ("/api/auth/me", "/api/notifications?limit=1", "/api/push/registrations?limit=1")
STEP = 301  # seconds: longer than verifiers keep a key set, shorter than half a token's life
ANNOUNCED, KEPT = 600, 1800


class Load:
    """People who call and refresh all the time; `refused` has what was not answered as it should be."""

    def __init__(self, people: list[Person]) -> None:
        self.people, self.refused, self.calls = people, list[str](), 0
        self._pause, self._over = threading.Lock(), threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._call, args=(person,)) for person in self.people]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def later(self, fleet: Fleet, seconds: int) -> None:
        """Let time pass, then wait until everybody has called with a token of the new time.

        Nobody refreshes while the clocks are moved one by one: auth must not be ahead of who checks its tokens.
        """
        with self._pause:
            fleet.move_clock(seconds)
        before = self.calls
        eventually(lambda: self.calls > before + 4 * len(self.people) or self.refused, within=60)

    def _call(self, person: Person) -> None:
        while not self._over.is_set():
            with self._pause:
                answers = [person.send("POST", "/api/auth/refresh")]
            if answers[0].status_code == 200:
                person.http.headers["Authorization"] = f"Bearer {answers[0].json()['access_token']}"
            answers += [person.get(path) for path in PATHS]
            self.refused += [answer.text for answer in answers if answer.status_code != 200]
            self.calls += 1


@pytest.fixture
def load(fleet: Fleet) -> Iterator[Load]:
    people = [new_patient_account(fleet) for _ in range(3)]
    yield Load(people)
    for person in people:
        person.http.close()


def published(fleet: Fleet) -> set[str]:
    with Person(fleet.url) as anybody:
        return {key["kid"] for key in anybody.get("/api/auth/.well-known/jwks.json").json()["keys"]}


def key_of(person: Person) -> str:
    header = person.access_token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


async def rotate(fleet: Fleet) -> str:
    """What `quill keys rotate` does, at the fleet's time."""
    database = Database(fleet.database("auth"))
    try:
        return await KeyRing(Vault([fleet.secrets["auth_encryption_key"].encode()])).rotate(database)
    finally:
        await database.close()


@pytest.mark.anyio
async def test_key_rotation_under_load_refuses_nobody(
    fleet: Fleet, load: Load, move_clock: Callable[[float], None]
) -> None:
    old = key_of(load.people[0])
    with load.running():
        move_clock(fleet.ahead)
        new = await rotate(fleet)
        load.later(fleet, STEP)
        assert published(fleet) >= {old, new}
        assert {key_of(person) for person in load.people} == {old}
        load.later(fleet, ANNOUNCED - STEP + 1)
        eventually(lambda: {key_of(person) for person in load.people} == {new})
        assert published(fleet) >= {old, new}
        for _ in range(KEPT // STEP + 1):
            load.later(fleet, STEP)
        assert old not in published(fleet)
    assert load.refused == []
    assert load.calls > 50
