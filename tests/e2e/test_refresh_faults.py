"""Auth dies in the middle of a refresh: the client always gets on, and its session never has two heads."""

import base64
import json
import os
import secrets
import time
from contextlib import suppress

import httpx
import psycopg
from e2e.client import Person, eventually, new_patient_account
from fleet import Fleet
from native import postgres

ROUNDS = int(os.environ.get("QUILL_FAULT_ROUNDS", "3"))
PATIENCE_SECONDS = 0.001  # shorter than any refresh
MIDDLE_MILLISECONDS = 60  # within this a refresh ends when nothing disturbs it


def session_id(person: Person) -> str:
    payload = person.access_token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sid"])


def heads(fleet: Fleet, person: Person) -> int:
    """How many unused refresh tokens the person's session has in the database."""
    port, password = fleet.processes["postgres"]["port"], fleet.secrets["database_auth"]
    unused = "SELECT count(*) FROM refresh_tokens WHERE session_id = %s AND used_at IS NULL"
    with psycopg.connect(postgres.url("auth", password, port=port, database="auth")) as connection:
        row = connection.execute(unused, [session_id(person)]).fetchone()
    return int(row[0]) if row else 0


def refresh_without_an_answer(person: Person) -> None:
    """A refresh that the client hears nothing of; it is somewhere between its beginning and its end afterwards."""
    with suppress(httpx.ReadTimeout):
        while True:  # on a busy machine an answer may be there before anybody has looked
            person.begin(person.http.post("/api/auth/refresh", timeout=httpx.Timeout(5, read=PATIENCE_SECONDS)))
    time.sleep(secrets.randbelow(MIDDLE_MILLISECONDS) / 1000)


def has_refreshed(person: Person) -> bool:
    """Whether a refresh got through; a session that is refused is lost, which must not be."""
    answer = person.send("POST", "/api/auth/refresh")
    assert answer.status_code in {200, 502, 503}, answer.text
    return answer.status_code == 200


def test_refresh_whose_auth_is_killed_always_goes_on_with_one_head(fleet: Fleet) -> None:
    with new_patient_account(fleet) as person:
        session = session_id(person)
        for _ in range(ROUNDS):
            refresh_without_an_answer(person)
            fleet.restart("auth")
            eventually(lambda: has_refreshed(person), within=30)
            assert heads(fleet, person) == 1
        person.refresh()
        assert session_id(person) == session
