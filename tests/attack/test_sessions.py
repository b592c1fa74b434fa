"""Refresh tokens and sessions: rotation, reuse, grace, limits. The clock moves; nobody waits."""

from typing import Any

import psycopg
import pytest
from e2e.client import REFRESH_COOKIE, assert_problem, eventually, new_patient_account, new_staff
from fleet import Fleet

from attack.browser import Kept, at_once
from attack.people import ALIVE, DEAD, Cast, read_everywhere

MINUTE, HOUR, DAY = 60, 3600, 86_400
AFTER_GRACE = 11


@pytest.fixture
def session(fleet: Fleet) -> Kept:
    """A patient's session that has just begun."""
    with new_patient_account(fleet) as person:
        return Kept.of(fleet, person)


def rows(fleet: Fleet, session: Kept, query: str) -> list[tuple[Any, ...]]:
    """Rows about the session of an access token, as auth's database has them."""
    with psycopg.connect(fleet.database("auth"), autocommit=True) as auth:
        user = session.get("/api/auth/me").json()["id"]
        return auth.execute(query, [user]).fetchall()


def assert_ended(session: Kept) -> None:
    """Neither refresh nor access token does anything any more."""
    answer = session.refresh()
    assert_problem(answer, 401, "session-ended")
    assert f"{REFRESH_COOKIE}=; Max-Age=0" in answer.headers["set-cookie"]
    for path in ("/api/auth/me", "/api/notifications"):
        eventually(lambda path=path: session.get(path).status_code == 401)  # type: ignore[misc]


def test_refresh_five_times_at_once_gives_one_successor_and_one_session(fleet: Fleet, session: Kept) -> None:
    answers = at_once([session.refresh] * 5)
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.cookies[REFRESH_COOKIE] for answer in answers}) == 1
    tokens = "SELECT generation FROM refresh_tokens t JOIN sessions s ON s.id = session_id WHERE user_id = %s"
    assert sorted(rows(fleet, session, tokens)) == [(0,), (1,)]
    assert rows(fleet, session, "SELECT count(*) FROM sessions WHERE user_id = %s") == [(1,)]
    session.after(answers[4]).next()


def test_refresh_repeated_within_the_grace_gives_the_same_successor(fleet: Fleet, session: Kept) -> None:
    first = session.next()
    fleet.move_clock(AFTER_GRACE - 3)
    assert session.next().refresh_token == first.refresh_token
    first.next()


def test_refresh_repeated_after_the_grace_ends_the_family(fleet: Fleet, session: Kept) -> None:
    head = session.next()
    fleet.move_clock(AFTER_GRACE)
    assert_problem(session.refresh(), 401, "session-ended")
    assert_ended(head)


def test_refresh_with_a_grandparent_ends_the_family_within_the_grace_too(session: Kept) -> None:
    head = session.next().next()
    assert_problem(session.refresh(), 401, "session-ended")
    assert_ended(head)


def test_refresh_with_an_unknown_token_changes_nothing(session: Kept) -> None:
    for token in ("x" * 43, session.refresh_token[:-1], session.refresh_token + "A", session.csrf_token, "%00", '""'):
        forged = Kept(session.fleet, token, session.csrf_token, session.access_token)
        assert_problem(forged.refresh(), 401, "session-ended")
    session.next()


def test_refresh_token_and_its_successor_are_stored_as_hashes_only(fleet: Fleet, session: Kept) -> None:
    known = {session.refresh_token, session.next().refresh_token, session.csrf_token, session.access_token}
    with psycopg.connect(fleet.database("auth"), autocommit=True) as auth:
        for table in ("sessions", "refresh_tokens", "outbox"):
            stored = str(auth.execute(f"SELECT row_to_json(t)::text FROM {table} t").fetchall())  # noqa: S608
            assert not [secret for secret in known if secret in stored], table


@pytest.mark.parametrize("forged", [None, "", "x" * 43, "refresh", "stranger"])
def test_refresh_and_log_out_without_the_sessions_csrf_token_do_nothing(
    fleet: Fleet, cast: Cast, session: Kept, forged: str | None
) -> None:
    others = {"refresh": session.refresh_token, "stranger": cast.patient.http.headers["X-CSRF-Token"]}
    token = others.get(forged or "", forged)
    for path in ("/api/auth/refresh", "/api/auth/logout"):
        answer = session.send(path, X_CSRF_Token=token)
        assert_problem(answer, 403, "csrf")
        assert "set-cookie" not in answer.headers
    session.next()


@pytest.mark.parametrize("role", ["patient", "clinician", "admin"])
def test_session_that_idled_too_long_is_over(fleet: Fleet, cast: Cast, role: str) -> None:
    idle = DAY if role == "patient" else 30 * MINUTE
    with cast.sign_in(role) as person:
        session = Kept.of(fleet, person)
        fleet.move_clock(idle - 30)
        session = session.next()
        fleet.move_clock(idle + 1)
        assert_problem(session.refresh(), 401, "session-ended")
        assert session.get("/api/auth/me").status_code == 401


@pytest.mark.parametrize(
    ("role", "step", "limit"), [("patient", 23 * HOUR, 7 * DAY), ("admin", 29 * MINUTE, 12 * HOUR)]
)
def test_session_is_over_at_its_absolute_limit_however_busy(
    fleet: Fleet, cast: Cast, role: str, step: int, limit: int
) -> None:
    with cast.sign_in(role) as person:
        session, lived = Kept.of(fleet, person), 0
        while lived + step < limit:
            fleet.move_clock(step)
            session, lived = session.next(), lived + step
        fleet.move_clock(limit - lived + 1)
        assert_problem(session.refresh(), 401, "session-ended")


def test_access_token_is_over_after_fifteen_minutes_in_every_service(fleet: Fleet, cast: Cast) -> None:
    with cast.sign_in("clinician") as person:
        assert read_everywhere(fleet, person.access_token) == ALIVE
        fleet.move_clock(15 * MINUTE - 20)
        assert read_everywhere(fleet, person.access_token) == ALIVE
        fleet.move_clock(26)
        assert read_everywhere(fleet, person.access_token) == DEAD


def test_log_in_again_gives_other_tokens_and_leaves_the_first_session_alone(fleet: Fleet) -> None:
    with new_staff(fleet, "clinician") as first:
        before = Kept.of(fleet, first)
        after = Kept.of(fleet, first.sign_in(first.user["username"]))
        assert after.csrf_token != before.csrf_token
        assert after.refresh_token != before.refresh_token
        before.next()
        after.next()
