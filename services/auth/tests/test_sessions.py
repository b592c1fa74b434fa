"""Signing in, refreshing and signing out, on PostgreSQL."""

import asyncio
import json
import os
import runpy
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from auth import passwords
from auth.errors import CredentialsRefused, SessionEnded, SignInBusy
from auth.main import forget_the_past
from auth.passwords import PasswordHasher
from auth.sessions import repository
from auth.sessions import service as sessions
from auth.sessions.policy import COOKIE_LIFE
from auth.sessions.service import Issued
from auth_stage import PASSWORD, MakeSettings, Stage
from common.auth import hash_csrf
from common.db import StorageUnavailable
from common.errors import CsrfRefused, Unauthenticated
from joserfc import jws
from sqlalchemy import text

pytestmark = pytest.mark.anyio


async def log_out(stage: Stage, issued: Issued) -> None:
    token, csrf_token = issued.refresh_token, issued.session.csrf_token
    await sessions.log_out(stage.work, presented=token, csrf_token=csrf_token, visitor=stage.visitor)


async def age(stage: Stage, column: str, span: timedelta) -> None:
    """Let a time of every session and refresh token lie further back."""
    table = "refresh_tokens" if column == "used_at" else "sessions"
    await stage.execute(f"UPDATE {table} SET {column} = {column} - make_interval(secs => :s)", s=span.total_seconds())  # noqa: S608


async def test_log_in_by_name_or_address_in_any_case_gives_a_token_that_every_service_accepts(stage: Stage) -> None:
    user = await stage.register("alice")
    for name in ("alice", "ALICE", "Alice@Example.ORG", "ａｌｉｃｅ"):
        issued = await stage.log_in(name)
        caller = await stage.caller(issued)
        assert (caller.user_id, caller.roles, caller.patient_id) == (user.id, frozenset({"patient"}), None)
        assert caller.csrf_hash == hash_csrf(issued.session.csrf_token)
        claims = json.loads(jws.extract_compact(issued.session.access_token.encode()).payload)
        assert (claims["exp"] - claims["iat"], caller.amr) == (900, ("pwd",))
    assert ("E", "ok") in await stage.audited("session")


async def test_log_in_with_another_normal_form_of_the_password_is_the_same_password(stage: Stage) -> None:
    await stage.register("alice", password="ﬁne ﬁsh with ångström")
    assert (await stage.log_in("alice", "fine fish with a\u030angstro\u0308m")).session.expires_in == 900


async def test_log_in_wrong_unknown_disabled_and_waiting_are_refused_alike(stage: Stage) -> None:
    await stage.register("alice")
    await stage.register("gone")
    await stage.execute("UPDATE users SET disabled_at = now() WHERE username = 'gone'")
    admin = await stage.staff("boss", "admin")
    await stage.invite(admin, "waiting", "clinician")
    refusals = []
    for name, password in (("alice", PASSWORD + "!"), ("nobody", PASSWORD), ("gone", PASSWORD), ("waiting", PASSWORD)):
        with pytest.raises(CredentialsRefused) as refused:
            await stage.log_in(name, password)
        refusals.append(refused.value.problem)
    assert all(refusal == refusals[0] for refusal in refusals)
    assert (await stage.audited("session")).count(("E", "failed")) == 4


async def test_log_in_stores_no_token_in_plain_text(stage: Stage) -> None:
    await stage.register("alice")
    issued = await stage.log_in("alice")
    stored = ""
    async with stage.work.database.transaction() as session:
        for table in ("sessions", "refresh_tokens", "users", "outbox", "throttles"):
            stored += str((await session.execute(text(f"SELECT * FROM {table}"))).all())  # noqa: S608
    assert "alice@example.org" in stored
    for secret in (issued.refresh_token, issued.session.csrf_token, PASSWORD):
        assert secret not in stored


async def test_log_in_after_the_pepper_moved_rehashes_with_the_new_one(
    stage: Stage, make_settings: MakeSettings
) -> None:
    await stage.register("alice")
    moved = stage.under(make_settings(password_pepper="n" * 32, password_pepper_previous="k" * 32))
    await moved.log_in("alice")
    later = stage.under(make_settings(password_pepper="n" * 32))
    assert (await later.log_in("alice")).session.user.username == "alice"
    with pytest.raises(CredentialsRefused):
        await stage.log_in("alice")


class HashingTogether(PasswordHasher):
    """Hashes for two, neither of whom has their hash before the other has it, too."""

    def __init__(self, peppers: Sequence[bytes]) -> None:
        super().__init__(peppers, cost=4)
        self._both = asyncio.Barrier(2)

    async def hash(self, password: str) -> str:
        hashed = await super().hash(password)
        await self._both.wait()
        return hashed


async def test_log_in_twice_at_once_after_the_pepper_moved_lets_both_in(
    stage: Stage, make_settings: MakeSettings
) -> None:
    await stage.register("alice")
    moved = stage.under(make_settings(password_pepper="n" * 32, password_pepper_previous="k" * 32))
    hasher = HashingTogether(moved.work.backend.settings.password_peppers)
    both = Stage(replace(moved.work, backend=replace(moved.work.backend, passwords=hasher)))
    for issued in await asyncio.gather(both.log_in("alice"), both.log_in("alice")):
        assert issued.session.user.username == "alice"
    assert ("E", "failed") not in await stage.audited("session")
    hasher.close()


def fill(queue: ExitStack, passwords: PasswordHasher) -> None:
    while True:
        queue.enter_context(passwords.room())


@pytest.mark.parametrize(("cores", "threads"), [(None, 1), (1, 1), (2, 1), (4, 3), (5, 4), (64, 4)])
async def test_hashing_leaves_a_core_to_others(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, threads: int
) -> None:
    monkeypatch.setattr(os, "process_cpu_count", lambda: cores)
    assert runpy.run_path(passwords.__file__)["WORKERS"] == threads


async def test_log_in_when_too_many_wait_is_refused_without_counting(stage: Stage) -> None:
    await stage.register("alice")
    with ExitStack() as queue:
        with pytest.raises(SignInBusy) as busy:
            fill(queue, stage.work.backend.passwords)
        assert int(busy.value.headers["Retry-After"]) >= 1
        for _ in range(10):
            with pytest.raises(SignInBusy):
                await stage.log_in("alice")
    assert (await stage.log_in("alice")).refresh_token


async def test_log_in_of_one_account_many_times_at_once_leaves_room_for_others(stage: Stage) -> None:
    await stage.register("alice")
    await stage.register("bobby")
    crowd = [stage.log_in("alice") for _ in range(passwords.WORKERS + passwords.WAITING)]
    *_, other = await asyncio.gather(*crowd, stage.log_in("bobby"), return_exceptions=True)
    assert isinstance(other, Issued)


async def test_refresh_rotates_and_keeps_session_and_csrf_token(stage: Stage) -> None:
    await stage.register("alice")
    first = await stage.log_in("alice")
    second = await stage.refresh(first)
    third = await stage.refresh(second)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert (await stage.caller(third)).session_id == (await stage.caller(first)).session_id
    assert third.session.csrf_token == first.session.csrf_token


async def test_refresh_again_within_ten_seconds_gives_the_same_successor(stage: Stage) -> None:
    await stage.register("alice")
    first = await stage.log_in("alice")
    answers = await asyncio.gather(*(stage.refresh(first) for _ in range(8)))
    assert len({answer.refresh_token for answer in answers}) == 1
    assert (await stage.refresh(answers[0])).refresh_token
    assert await stage.facts("session.revoked") == []


async def test_refresh_that_waited_for_the_database_can_be_repeated_for_as_long(
    stage: Stage, move_clock: Callable[[float], None]
) -> None:
    await stage.register("alice")
    first = await stage.log_in("alice")
    async with stage.work.database.transaction() as other:
        await other.execute(text("SELECT FROM sessions FOR UPDATE"))
        waiting = asyncio.create_task(stage.refresh(first))
        await asyncio.sleep(0.5)
        move_clock(8)
    second = await waiting
    move_clock(8 + 9)
    assert (await stage.refresh(first)).refresh_token == second.refresh_token


async def test_refresh_across_a_change_of_the_key_still_repeats_the_successor(
    stage: Stage, make_settings: MakeSettings
) -> None:
    await stage.register("alice")
    first = await stage.log_in("alice")
    second = await stage.refresh(first)
    moved = stage.under(make_settings(refresh_key="n" * 32, refresh_key_previous="r" * 32))
    assert (await moved.refresh(first)).refresh_token == second.refresh_token
    assert (await moved.refresh(second)).refresh_token != second.refresh_token


async def test_refresh_with_a_used_token_after_the_grace_ends_the_family(stage: Stage) -> None:
    await stage.register("alice")
    first = await stage.log_in("alice")
    second = await stage.refresh(first)
    await age(stage, "used_at", timedelta(seconds=11))
    with pytest.raises(SessionEnded) as ended:
        await stage.refresh(first)
    assert "Max-Age=0" in ended.value.headers["Set-Cookie"]
    with pytest.raises(SessionEnded):
        await stage.refresh(second)
    caller = await stage.caller(first)
    assert [fact["session_id"] for fact in await stage.facts("session.revoked")] == [str(caller.session_id)]
    assert await stage.audited("refresh-token") == [("E", "denied")]
    assert await sessions.find_living(stage.work, caller) is None


async def test_refresh_with_a_grandparent_ends_the_family_within_the_grace_too(stage: Stage) -> None:
    await stage.register("alice")
    first = await stage.log_in("alice")
    third = await stage.refresh(await stage.refresh(first))
    with pytest.raises(SessionEnded):
        await stage.refresh(first)
    with pytest.raises(SessionEnded):
        await stage.refresh(third)


async def test_refresh_with_an_unknown_token_changes_nothing(stage: Stage) -> None:
    await stage.register("alice")
    first = await stage.log_in("alice")
    with pytest.raises(SessionEnded) as ended:
        await stage.refresh(first, token="x" * 43)
    assert "Set-Cookie" not in ended.value.headers
    assert (await stage.refresh(first)).refresh_token


@pytest.mark.parametrize("csrf_token", [None, "", "x" * 43, "ü"])
async def test_refresh_and_log_out_without_the_csrf_token_are_refused_and_change_nothing(
    stage: Stage, csrf_token: str | None
) -> None:
    await stage.register("alice")
    first = await stage.log_in("alice")
    for act in (sessions.refresh, sessions.log_out):
        with pytest.raises(CsrfRefused):
            await act(stage.work, presented=first.refresh_token, csrf_token=csrf_token, visitor=stage.visitor)
    assert (await stage.refresh(first)).refresh_token


async def test_session_is_forgotten_as_long_after_its_end_as_was_chosen(
    stage: Stage, make_settings: MakeSettings
) -> None:
    await stage.register("alice")
    await stage.log_in("alice")
    await age(stage, "created_at", COOKIE_LIFE + timedelta(days=20))
    counts = []
    for days in (30, 10):
        work = stage.under(make_settings(session_retention_days=days)).work
        await forget_the_past(work)
        async with stage.work.transaction() as session:
            counts.append(await session.scalar(text("SELECT count(*) FROM sessions")))
    assert counts == [1, 0]


# Deletes of sessions are refused where they are more than a statement has time for.
SAME_AGAIN = """
INSERT INTO sessions (id, user_id, csrf_hash, amr, user_agent, created_at, last_seen_at)
SELECT gen_random_uuid(), user_id, csrf_hash, amr, user_agent, created_at, last_seen_at
FROM sessions, generate_series(2, :number)
"""
TOO_LONG = """
CREATE FUNCTION takes_too_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT count(*) FROM gone) > {most} THEN RAISE SQLSTATE '57014'; END IF;
    RETURN NULL;
END $$
"""
SAY_SO = """
CREATE TRIGGER takes_too_long AFTER DELETE ON sessions
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION takes_too_long()
"""


@asynccontextmanager
async def past_sessions(stage: Stage, *, number: int, most: int) -> AsyncIterator[None]:
    """So many sessions that ended long ago; no more than `most` can be deleted at once, until the end."""
    await stage.register("alice")
    await stage.log_in("alice")
    await age(stage, "created_at", COOKIE_LIFE + timedelta(days=400))
    await stage.execute(SAME_AGAIN, number=number)
    for statement in (TOO_LONG.format(most=most), SAY_SO):
        await stage.execute(statement)
    try:
        yield
    finally:
        await stage.execute("DROP FUNCTION takes_too_long CASCADE")


async def test_sessions_of_many_years_are_forgotten_little_by_little(stage: Stage) -> None:
    async with past_sessions(stage, number=250, most=100):
        await forget_the_past(stage.work)
        async with stage.work.transaction() as session:
            assert await session.scalar(text("SELECT count(*) FROM sessions")) == 0


async def test_audit_trail_is_pruned_whatever_becomes_of_sessions(stage: Stage) -> None:
    async with past_sessions(stage, number=1, most=0):
        await stage.execute("UPDATE audit_entries SET at = at - interval '20 years'")
        with pytest.raises(StorageUnavailable):
            await forget_the_past(stage.work)
        async with stage.work.transaction() as session:
            assert await session.scalar(text("SELECT count(*) FROM audit_entries")) == 0


async def test_refresh_without_a_cookie_is_unauthenticated(stage: Stage) -> None:
    with pytest.raises(Unauthenticated):
        await sessions.refresh(stage.work, presented=None, csrf_token="x", visitor=stage.visitor)


@pytest.mark.parametrize(
    ("roles", "column", "lasts", "ends"),
    [
        (["patient"], "last_seen_at", timedelta(hours=23), timedelta(hours=25)),
        (["patient"], "created_at", timedelta(days=6), timedelta(days=7, minutes=1)),
        (["clinician"], "last_seen_at", timedelta(minutes=29), timedelta(minutes=31)),
        (["admin", "patient"], "created_at", timedelta(hours=11), timedelta(hours=12, minutes=1)),
    ],
)
async def test_refresh_ends_with_the_limits_of_the_role(
    stage: Stage, roles: list[str], column: str, lasts: timedelta, ends: timedelta
) -> None:
    await stage.register("alice")
    await stage.execute("UPDATE users SET roles = :roles", roles=roles)
    issued = await stage.log_in("alice")
    await age(stage, column, lasts)
    issued = await stage.refresh(issued)
    await age(stage, column, ends if column == "last_seen_at" else ends - lasts)
    with pytest.raises(SessionEnded):
        await stage.refresh(issued)


async def test_refresh_that_the_database_breaks_off_can_be_repeated(stage: Stage) -> None:
    await stage.register("alice")
    first = await stage.log_in("alice")
    await stage.execute("ALTER TABLE refresh_tokens ADD CONSTRAINT broken CHECK (generation < 1)")
    try:
        with pytest.raises(Exception, match="broken"):
            await stage.refresh(first)
    finally:
        await stage.execute("ALTER TABLE refresh_tokens DROP CONSTRAINT broken")
    assert (await stage.refresh(first)).refresh_token
    assert await stage.facts("session.revoked") == []


async def test_refresh_that_finds_no_key_to_sign_with_spends_no_token(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, move_clock: Callable[[float], None]
) -> None:
    await stage.register("alice")
    first = await stage.log_in("alice")

    async def away(_session: object) -> None:
        raise StorageUnavailable

    move_clock(61)  # by then the keys are read again
    with monkeypatch.context() as outage:
        outage.setattr(repository, "list_signing_keys", away)
        with pytest.raises(StorageUnavailable):
            await stage.refresh(first)
    move_clock(61 + 11)
    assert (await stage.refresh(first)).refresh_token


async def test_log_out_ends_the_session_everywhere_and_once(stage: Stage) -> None:
    await stage.register("alice")
    issued, other = await stage.log_in("alice"), await stage.log_in("alice")
    caller = await stage.caller(issued)
    await log_out(stage, issued)
    await log_out(stage, issued)
    (fact,) = await stage.facts("session.revoked")
    assert fact["session_id"] == str(caller.session_id)
    assert datetime.fromisoformat(fact["expires_at"]) > datetime.now(UTC)
    with pytest.raises(SessionEnded):
        await stage.refresh(issued)
    with pytest.raises(Unauthenticated):
        await sessions.get_me(stage.work, caller)
    assert (await stage.refresh(other)).refresh_token
    assert ("D", "ok") in await stage.audited("session")
