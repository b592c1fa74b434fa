"""Endpoints of accounts."""

from typing import Annotated

from common.errors import TooManyRequests
from common.policy import ANYONE, SIGNED_IN, PolicyRouter, allow, refuses
from common.rest import CurrentCaller, CurrentWork, Cursor, Limit, Page, PathId
from fastapi import Query

from auth.accounts import policy, service
from auth.accounts.schemas import (
    Activate,
    ManagedUser,
    PasswordChange,
    Register,
    User,
    UserCreate,
    UserCreated,
    UserPatch,
)
from auth.errors import (
    AccountTaken,
    ActivationRefused,
    LastAdmin,
    NoPassword,
    OwnRoles,
    PasswordRefused,
    RolesOfProvider,
    SignInBusy,
)
from auth.visitor import CurrentVisitor

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"  # PostgreSQL has no NUL in text

router = PolicyRouter("/auth")
SearchText = Annotated[
    str | None, Query(max_length=100, pattern=PRINTABLE, description="Part of a user name, e-mail address or name")
]


@router.post("/register", status_code=201, tags=["accounts"])
@allow(ANYONE)
@refuses(AccountTaken, PasswordRefused, TooManyRequests, SignInBusy)
async def register(form: Register, visitor: CurrentVisitor, work: CurrentWork) -> User:
    """Register a patient's account, which a code from the clinic can then link to a record."""
    return User.of(await service.register(work, form=form, visitor=visitor))


@router.post("/activate", status_code=204, tags=["accounts"])
@allow(ANYONE)
@refuses(ActivationRefused, PasswordRefused, SignInBusy)
async def activate(form: Activate, visitor: CurrentVisitor, work: CurrentWork) -> None:
    """Set the first password of an account that an administrator prepared."""
    await service.activate(work, form=form, visitor=visitor)


@router.post("/password", status_code=204, tags=["accounts"])
@allow(SIGNED_IN)
@refuses(NoPassword, PasswordRefused, TooManyRequests, SignInBusy)
async def change_password(form: PasswordChange, caller: CurrentCaller, work: CurrentWork) -> None:
    """Change the caller's password; all their other sessions end."""
    await service.change_password(work, caller, form=form)


@router.get("/users", tags=["users"])
@allow(policy.MANAGE_USERS, audits="user")
async def list_users(
    caller: CurrentCaller, work: CurrentWork, q: SearchText = None, limit: Limit = 20, cursor: Cursor = None
) -> Page[ManagedUser]:
    """Every account, by user name."""
    page = await service.list_users(work, caller, q=q, limit=limit, cursor=cursor)
    return Page(items=[ManagedUser.of(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("/users", status_code=201, tags=["users"])
@allow(policy.MANAGE_USERS, audits="user")
@refuses(AccountTaken)
async def create_user(form: UserCreate, caller: CurrentCaller, work: CurrentWork) -> UserCreated:
    """Prepare an account; its owner activates it with the code."""
    user, code = await service.create_user(work, caller, form=form)
    return UserCreated(user=User.of(user), activation_code=code)


@router.patch("/users/{user_id}", tags=["users"])
@allow(policy.MANAGE_USERS, audits="user")
@refuses(OwnRoles, LastAdmin, RolesOfProvider)
async def update_user(user_id: PathId, patch: UserPatch, caller: CurrentCaller, work: CurrentWork) -> User:
    """Change an account's roles, or disable it; its tokens stop working at once."""
    return User.of(await service.update_user(work, caller, user_id=user_id, patch=patch))
