"""Seeing one's own sessions and ending them, and how long they live, on PostgreSQL."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from auth.errors import SessionEnded
from auth.sessions import service as sessions
from auth.sessions.service import Issued
from auth_stage import Stage
from common.auth import Caller
from common.errors import Invalid, NotFound, Unauthenticated

pytestmark = pytest.mark.anyio
MINUTE, HOUR, DAY = 60, 3600, 86400


async def ids(stage: Stage, caller: Caller, *, limit: int = 20) -> list[list[str]]:
    """The ids of the caller's sessions, page by page."""
    pages, cursor = [], None
    while True:
        page = await sessions.list_sessions(stage.work, caller, limit=limit, cursor=cursor)
        pages.append([str(one.id) for one in page.items])
        if (cursor := page.next_cursor) is None:
            return pages


async def sign_in(stage: Stage, name: str = "alice") -> tuple[Issued, Caller]:
    issued = await stage.log_in(name)
    return issued, await stage.caller(issued)


async def test_list_sessions_has_the_callers_own_newest_first_in_pages(stage: Stage) -> None:
    await stage.register("alice")
    await stage.register("bobby")
    await sign_in(stage, "bobby")
    callers = [(await sign_in(stage))[1] for _ in range(5)]
    newest_first = [str(caller.session_id) for caller in reversed(callers)]
    assert await ids(stage, callers[1], limit=2) == [newest_first[:2], newest_first[2:4], newest_first[4:]]
    page = await sessions.list_sessions(stage.work, callers[1], limit=20, cursor=None)
    assert [one.current for one in page.items] == [False, False, False, True, False]
    assert {one.user_agent for one in page.items} == {"test"}
    with pytest.raises(Invalid):
        await sessions.list_sessions(stage.work, callers[1], limit=20, cursor="WyJ4IiwieCJd")


async def test_list_sessions_leaves_out_what_is_over(stage: Stage, move_clock: Callable[[float], None]) -> None:
    await stage.register("alice")
    old, _ = await sign_in(stage)
    move_clock(23 * HOUR)
    old = await stage.refresh(old)
    _, idle = await sign_in(stage)
    move_clock(46 * HOUR)
    old = await stage.refresh(old)
    _, ended = await sign_in(stage)
    _, caller = await sign_in(stage)
    await sessions.end_session(stage.work, caller, session_id=ended.session_id)
    move_clock(47 * HOUR + MINUTE)
    alive = [str(caller.session_id), str((await stage.caller(await stage.refresh(old))).session_id)]
    assert await ids(stage, caller) == [alive]
    assert str(idle.session_id) not in alive


async def test_end_session_kills_one_session_everywhere_and_once(stage: Stage) -> None:
    await stage.register("alice")
    (here, caller), (there, other) = await sign_in(stage), await sign_in(stage)
    await sessions.end_session(stage.work, caller, session_id=other.session_id)
    assert [fact["session_id"] for fact in await stage.facts("session.revoked")] == [str(other.session_id)]
    with pytest.raises(SessionEnded):
        await stage.refresh(there)
    assert (await stage.refresh(here)).refresh_token
    with pytest.raises(NotFound):
        await sessions.end_session(stage.work, caller, session_id=other.session_id)
    assert (await stage.audited("session")).count(("D", "ok")) == 1


async def test_end_session_of_somebody_else_looks_like_none(stage: Stage) -> None:
    await stage.register("alice")
    await stage.register("bobby")
    (_, caller), (foreign, other) = await sign_in(stage), await sign_in(stage, "bobby")
    problems = []
    for session_id in (other.session_id, uuid4()):
        with pytest.raises(NotFound) as refused:
            await sessions.end_session(stage.work, caller, session_id=session_id)
        problems.append(refused.value.problem)
    assert problems[0] == problems[1]
    assert (await stage.refresh(foreign)).refresh_token
    assert await stage.facts("session.revoked") == []


async def test_log_out_everywhere_ends_every_session_of_the_caller_only(stage: Stage) -> None:
    await stage.register("alice")
    await stage.register("bobby")
    mine = [await sign_in(stage) for _ in range(3)]
    foreign, _ = await sign_in(stage, "bobby")
    await sessions.log_out_everywhere(stage.work, mine[0][1])
    for issued, _ in mine:
        with pytest.raises(SessionEnded):
            await stage.refresh(issued)
    revoked = {fact["session_id"] for fact in await stage.facts("session.revoked")}
    assert revoked == {str(caller.session_id) for _, caller in mine}
    assert (await stage.refresh(foreign)).refresh_token
    assert (await stage.audited("session")).count(("D", "ok")) == 1


@pytest.mark.parametrize(
    ("roles", "steps", "lives"),
    [
        (["patient"], [23 * HOUR], True),
        (["patient"], [24 * HOUR], False),
        (["patient"], [20 * HOUR * n for n in range(1, 9)], True),
        (["patient"], [*(20 * HOUR * n for n in range(1, 9)), 7 * DAY], False),
        (["clinician"], [29 * MINUTE], True),
        (["clinician"], [30 * MINUTE], False),
        (["clinician", "patient"], [25 * MINUTE * n for n in range(1, 29)], True),
        (["admin"], [*(25 * MINUTE * n for n in range(1, 29)), 12 * HOUR], False),
    ],
)
async def test_session_lives_as_long_as_its_role_allows(
    stage: Stage, move_clock: Callable[[float], None], roles: list[str], steps: list[int], lives: bool
) -> None:
    await stage.register("alice")
    await stage.execute("UPDATE users SET roles = :roles", roles=roles)
    issued, caller = await sign_in(stage)
    for step in steps[:-1]:
        move_clock(step)
        issued = await stage.refresh(issued)
    move_clock(steps[-1])
    assert (await sessions.find_living(stage.work, caller) is not None) is lives
    if lives:
        assert (await stage.refresh(issued)).refresh_token
        return
    with pytest.raises(Unauthenticated):
        await sessions.get_me(stage.work, caller)
    with pytest.raises(SessionEnded) as ended:
        await stage.refresh(issued)
    assert "Max-Age=0" in ended.value.headers["Set-Cookie"]
    assert [fact["session_id"] for fact in await stage.facts("session.revoked")] == [str(caller.session_id)]


async def test_session_of_a_patient_who_joins_the_staff_has_the_limits_of_staff(
    stage: Stage, move_clock: Callable[[float], None]
) -> None:
    await stage.register("alice")
    issued, _ = await sign_in(stage)
    move_clock(31 * MINUTE)
    await stage.execute("UPDATE users SET roles = '{clinician,patient}'")
    with pytest.raises(SessionEnded):
        await stage.refresh(issued)
