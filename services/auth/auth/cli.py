"""Auth's part of the `quill` command. Passwords come from stdin, never from the command line."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, NoReturn

import typer
from common.audit import Access, Actor
from common.db import Database
from common.errors import QuillError
from common.events import UserRegistered
from common.work import Work as CommonWork
from pydantic import TypeAdapter, ValidationError

from auth.accounts import policy, repository
from auth.accounts import service as accounts
from auth.accounts.models import UserRow
from auth.accounts.schemas import Register, Roles
from auth.audit.service import keep
from auth.backend import Work, open_backend
from auth.errors import AccountTaken, TotpAbsent
from auth.settings import Settings
from auth.totp import service as totp

admin = typer.Typer(no_args_is_help=True, help="Administrators, and people who lost their password or second factor.")
demo = typer.Typer(no_args_is_help=True, help="Accounts of the demo.")
keys = typer.Typer(no_args_is_help=True, help="The keys that sign access tokens.")


class Account(Register):
    """An account as the commands take it."""

    roles: Roles


@demo.command("seed")
def seed_demo() -> None:
    """Make the accounts of a JSON list on stdin; those that exist stay as they are. Only in demo mode."""
    settings = Settings()
    if settings.mode != "demo":
        _fail("demo accounts are made only where QUILL_MODE is demo")
    try:
        accounts = TypeAdapter(list[Account]).validate_json(sys.stdin.read())
    except ValidationError as error:
        _fail("; ".join(f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in error.errors()))
    made = _run(settings, lambda work: _make_all(work, accounts))
    typer.echo(f"{made} of {len(accounts)} demo accounts made")


@admin.command("create")
def create_admin(
    username: Annotated[str, typer.Option(help="Name to sign in with")],
    email: Annotated[str, typer.Option(help="E-mail address")],
) -> None:
    """Make an administrator; the password is read from stdin."""
    password = sys.stdin.readline().rstrip("\r\n")
    try:
        account = Account.model_validate(
            {"username": username, "email": email, "password": password, "roles": ["admin"]}
        )
    except ValidationError as error:
        _fail("; ".join(f"{row['loc'][0]}: {row['msg']}" for row in error.errors()))
    if not _run(Settings(), lambda work: _make(work, account)):
        _fail(AccountTaken.title)
    typer.echo(f"{account.username} is an administrator")


@admin.command("reset-password")
def reset_password(username: Annotated[str, typer.Option(help="Name or e-mail address of the account")]) -> None:
    """Print a new activation code for somebody who lost their password or their code; their sessions end."""
    code = _run(Settings(), lambda work: accounts.invite_again(work, name=username))
    if code is None:
        _fail("no account here has this name and a password of its own")
    typer.echo(f"{code} lets them choose a password at /activate, once and within 72 hours")


@admin.command("reset-totp")
def reset_totp(username: Annotated[str, typer.Option(help="Name or e-mail address of the account")]) -> None:
    """Switch somebody's second factor off who has neither phone nor recovery codes left; their sessions end."""
    if not _run(Settings(), lambda work: totp.reset(work, name=username)):
        _fail(TotpAbsent.title)
    typer.echo("signs in by password alone from now on")


@keys.command("rotate")
def rotate_keys() -> None:
    """Publish a new signing key now; it signs in ten minutes, and the old one is kept for half an hour after that."""
    kid = _run(Settings(), lambda work: work.backend.keys.rotate(work.database))
    typer.echo(f"key {kid} is published")


async def _make_all(work: Work, accounts: Sequence[Account]) -> int:
    return sum([await _make(work, account) for account in accounts])


async def _make(work: Work, account: Account) -> bool:
    """Make an account with its password; False when the name or address is taken."""
    password = account.password.get_secret_value()
    policy.check_password(password, username=account.username, email=account.email)
    user = UserRow(
        username=account.username,
        email=account.email,
        display_name=account.display_name or account.username,
        roles=list(account.roles),
        password_hash=await work.backend.passwords.hash(password),
    )
    async with work.transaction() as session:
        if not await repository.add_user(session, user):
            return False
        work.announce(session, UserRegistered(user_id=user.id, roles=user.roles))
        work.audit(session, Actor(user_id=None), Access(action="C", resource="user", resource_id=str(user.id)))
    return True


@asynccontextmanager
async def _open_work(settings: Settings) -> AsyncIterator[Work]:
    """Work without a relay: a running service publishes what is stored."""
    database = Database(settings.database_url.get_secret_value(), pool_size=1)
    try:
        async with open_backend(settings) as backend:
            yield CommonWork("auth", database, backend, keep=keep)
    finally:
        await database.close()


def _run[T](settings: Settings, command: Callable[[Work], Awaitable[T]]) -> T:
    async def run() -> T:
        async with _open_work(settings) as work:
            return await command(work)

    try:
        return asyncio.run(run())
    except QuillError as error:
        errors = error.members.get("errors", [])
        _fail("; ".join([error.detail, *(row["msg"] for row in errors)]))


def _fail(reason: str) -> NoReturn:
    typer.echo(f"quill: {reason}", err=True)
    raise typer.Exit(1)
