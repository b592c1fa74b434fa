"""Accounts, their roles and their passwords, on PostgreSQL."""

import asyncio
from uuid import uuid4

import pytest
from auth.accounts import service as accounts
from auth.accounts.api import router
from auth.accounts.models import UserRow
from auth.accounts.schemas import ManagedUser, PasswordChange, User, UserCreated, UserPatch
from auth.errors import (
    AccountTaken,
    ActivationRefused,
    CredentialsRefused,
    LastAdmin,
    OwnRoles,
    PasswordRefused,
    SessionEnded,
)
from auth.sessions import service as sessions
from auth_stage import PASSWORD, Stage
from common.auth import Caller
from common.errors import NotFound, TooManyRequests
from common.rest import Page
from fastapi.routing import APIRoute
from pydantic import ValidationError

pytestmark = pytest.mark.anyio
NEW_PASSWORD = "a rather different phrase"


async def update(stage: Stage, admin: Caller, user_id: object, **members: object) -> UserRow:
    patch = UserPatch.model_validate(members)
    return await accounts.update_user(stage.work, admin, user_id=user_id, patch=patch)  # type: ignore[arg-type]


async def change_password(stage: Stage, caller: Caller, current: str, new: str = NEW_PASSWORD) -> None:
    form = PasswordChange.model_validate({"current_password": current, "new_password": new})
    await accounts.change_password(stage.work, caller, form=form)


async def test_register_makes_a_patient_and_announces_no_name(stage: Stage) -> None:
    user = await stage.register("Alice")
    assert (user.username, user.email, user.roles, user.patient_id) == ("alice", "alice@example.org", ["patient"], None)
    assert await stage.facts("user.registered") == [{"user_id": str(user.id), "roles": ["patient"]}]
    assert await stage.audited("user") == [("C", "ok")]


async def test_register_with_a_taken_name_or_address_is_refused_alike(stage: Stage) -> None:
    await stage.register("alice")
    await stage.execute("UPDATE users SET email = 'other@example.org'")
    with pytest.raises(AccountTaken) as name:
        await stage.register("ALICE")
    with pytest.raises(AccountTaken) as address:
        await stage.register("other")
    assert name.value.problem == address.value.problem
    assert len(await stage.facts("user.registered")) == 1


async def test_register_at_once_under_one_name_makes_one_account(stage: Stage) -> None:
    answers = await asyncio.gather(*(stage.register("alice") for _ in range(5)), return_exceptions=True)
    assert [isinstance(answer, UserRow) for answer in answers].count(True) == 1
    assert [isinstance(answer, AccountTaken) for answer in answers].count(True) == 4


async def test_activate_sets_the_first_password_once(stage: Stage) -> None:
    admin = await stage.staff("boss", "admin")
    user, code = await stage.invite(admin, "doctor", "clinician")
    with pytest.raises(PasswordRefused):
        await stage.activate(code, "too short")
    await stage.activate(code.lower().replace("-", " "))
    with pytest.raises(ActivationRefused):
        await stage.activate(code)
    caller = await stage.caller(await stage.log_in("doctor"))
    assert (caller.user_id, caller.roles) == (user.id, frozenset({"clinician"}))


@pytest.mark.parametrize("spoil", ["activation_expires_at = now() - interval '1 s'", "disabled_at = now()"])
async def test_activate_after_72_hours_or_for_a_disabled_account_is_refused(stage: Stage, spoil: str) -> None:
    admin = await stage.staff("boss", "admin")
    user, code = await stage.invite(admin, "doctor", "clinician")
    assert user.activation_expires_at is not None
    assert (user.activation_expires_at - user.created_at).total_seconds() == pytest.approx(72 * 3600, abs=1)
    await stage.execute(f"UPDATE users SET {spoil} WHERE username = 'doctor'")  # noqa: S608
    with pytest.raises(ActivationRefused):
        await stage.activate(code)


async def test_list_users_pages_by_name_and_finds_parts_of_names(stage: Stage) -> None:
    admin = await stage.staff("boss", "admin")
    for name in ("carol", "alice", "b_b", "bxb"):
        await stage.register(name)

    async def names(q: str | None = None, limit: int = 2) -> list[list[str]]:
        pages, cursor = [], None
        while True:
            page = await accounts.list_users(stage.work, admin, q=q, limit=limit, cursor=cursor)
            pages.append([row.username for row in page.items])
            if (cursor := page.next_cursor) is None:
                return pages

    assert await names() == [["alice", "b_b"], ["boss", "bxb"], ["carol"]]
    assert await names("B_B") == [["b_b"]]
    assert await names("%") == [[]]
    assert await names("CAROL@example", limit=1) == [["carol"]]
    assert ("R", "ok") in await stage.audited("user")


async def test_update_roles_kills_tokens_but_not_the_session(stage: Stage) -> None:
    admin, user = await stage.staff("boss", "admin"), await stage.register("alice")
    issued = await stage.log_in("alice")
    old = await stage.caller(issued)
    changed = await update(stage, admin, user.id, roles=["patient", "clinician"])
    assert changed.roles == ["clinician", "patient"]
    fact = {"user_id": str(user.id), "roles": ["clinician", "patient"], "disabled": False, "token_version": 2}
    assert await stage.facts("user.updated") == [fact]
    assert await sessions.find_living(stage.work, old) is None
    new = await stage.caller(await stage.refresh(issued))
    assert (new.roles, new.token_version) == (frozenset({"patient", "clinician"}), 2)


async def test_update_disabling_ends_sessions_and_enabling_lets_sign_in_again(stage: Stage) -> None:
    admin, user = await stage.staff("boss", "admin"), await stage.register("alice")
    issued = await stage.log_in("alice")
    await update(stage, admin, user.id, disabled=True)
    with pytest.raises(SessionEnded):
        await stage.refresh(issued)
    with pytest.raises(CredentialsRefused):
        await stage.log_in("alice")
    assert [fact["disabled"] for fact in await stage.facts("user.updated")] == [True]
    assert [fact["user_id"] for fact in await stage.facts("session.revoked")] == [str(user.id)]
    await update(stage, admin, user.id, disabled=False)
    with pytest.raises(SessionEnded):
        await stage.refresh(issued)
    assert (await stage.log_in("alice")).refresh_token


async def test_update_that_changes_nothing_announces_nothing(stage: Stage) -> None:
    admin, user = await stage.staff("boss", "admin"), await stage.register("alice")
    await update(stage, admin, user.id)
    await update(stage, admin, user.id, roles=["patient"], disabled=False)
    assert await stage.facts("user.updated") == []


async def test_update_of_own_roles_or_of_nobody_is_refused(stage: Stage) -> None:
    admin = await stage.staff("boss", "admin")
    with pytest.raises(OwnRoles):
        await update(stage, admin, admin.user_id, roles=["admin", "clinician"])
    with pytest.raises(NotFound):
        await update(stage, admin, uuid4(), disabled=True)
    roles: list[dict[str, object]] = [{"roles": []}, {"roles": ["root"]}, {"roles": ["admin", "admin"]}]
    others: list[dict[str, object]] = [{"disabled": "yes"}, {"username": "other"}]
    for members in roles + others:
        with pytest.raises(ValidationError):
            await update(stage, admin, uuid4(), **members)


async def test_update_at_once_by_two_administrators_leaves_one(stage: Stage) -> None:
    one, two = await stage.staff("boss", "admin"), await stage.staff("other", "admin")
    answers = await asyncio.gather(
        update(stage, one, two.user_id, disabled=True),
        update(stage, two, one.user_id, roles=["patient"]),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["LastAdmin", "UserRow"]
    with pytest.raises(LastAdmin):
        await update(stage, one, (one if isinstance(answers[0], UserRow) else two).user_id, disabled=True)


async def test_change_password_ends_every_other_session(stage: Stage) -> None:
    await stage.register("alice")
    here, there = await stage.log_in("alice"), await stage.log_in("alice")
    caller, other = await stage.caller(here), await stage.caller(there)
    await change_password(stage, caller, PASSWORD)
    with pytest.raises(SessionEnded):
        await stage.refresh(there)
    assert (await stage.refresh(here)).refresh_token
    assert [fact["session_id"] for fact in await stage.facts("session.revoked")] == [str(other.session_id)]
    with pytest.raises(CredentialsRefused):
        await stage.log_in("alice")
    assert (await stage.log_in("alice", NEW_PASSWORD)).refresh_token
    assert await stage.audited("password") == [("U", "ok")]


async def test_change_password_needs_the_current_one_and_a_good_new_one(stage: Stage) -> None:
    await stage.register("alice")
    caller = await stage.caller(await stage.log_in("alice"))
    for _ in range(10):
        with pytest.raises(PasswordRefused):
            await change_password(stage, caller, PASSWORD, "alice@example.org")
    for _ in range(5):
        with pytest.raises(PasswordRefused) as refused:
            await change_password(stage, caller, "wrong")
    assert refused.value.problem["errors"][0]["loc"] == ["body", "current_password"]
    with pytest.raises(TooManyRequests):
        await change_password(stage, caller, PASSWORD)
    assert await stage.audited("password") == [("U", "failed")] * 5
    assert (await stage.log_in("alice")).refresh_token


@pytest.mark.parametrize(
    ("path", "method", "model"),
    [("", "GET", Page[ManagedUser]), ("", "POST", UserCreated), ("/{user_id}", "PATCH", User)],
)
def test_answers_about_accounts_have_the_members_of_the_contract(path: str, method: str, model: object) -> None:
    routes = [route for route in router.routes if isinstance(route, APIRoute) and method in (route.methods or ())]
    (told,) = [route.response_model for route in routes if route.path == f"/api/auth/users{path}"]
    assert told is model
    members = {"id", "username", "email", "display_name", "roles", "patient_id", "totp_enabled", "created_at"}
    assert (set(User.model_fields), set(ManagedUser.model_fields)) == (members, members | {"disabled"})
