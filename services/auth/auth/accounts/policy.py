"""Rules about accounts: which passwords are acceptable, who may change whom. Pure, but for the shipped list."""

import lzma
import re
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from uuid import UUID

from common.policy import Policy

from auth.accounts.models import UserRow
from auth.errors import LastAdmin, NoPassword, OwnRoles, PasswordRefused, RolesOfProvider
from auth.passwords import normalise_password

MANAGE_USERS = Policy(name="manage users", roles=frozenset({"admin"}), vital=True)

MIN_LENGTH, MAX_LENGTH = 15, 128
MIN_WORD, MAX_AROUND = 3, 6
PRODUCT_WORDS = ("quill", "clinical", "letters")


def check_password(password: str, *, username: str, email: str, field: str = "password") -> None:
    """A password has 15 to 128 code points, is not among the most common ones, and is more than the account's names.

    Args:
        field: the body's member that an error points at.

    Raises:
        PasswordRefused: saying why, never what.
    """
    text = normalise_password(password)
    if not MIN_LENGTH <= len(text) <= MAX_LENGTH:
        reason, message = "length", f"Use {MIN_LENGTH} to {MAX_LENGTH} characters"
    elif text.casefold() in common_passwords():
        reason, message = "common", "This is one of the most common passwords"
    elif _is_made_of(text.casefold(), {*PRODUCT_WORDS, username, *email.split("@"), *re.split(r"[@.]", email)}):
        reason, message = "names", "This is little more than a name of the account or the product"
    else:
        return
    raise PasswordRefused.at("body", field, type=f"password_{reason}", msg=message)


def _is_made_of(text: str, words: Collection[str]) -> bool:
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= MIN_WORD:
            text = text.replace(word, "")
    return len(text) <= MAX_AROUND


@cache
def common_passwords() -> frozenset[str]:
    """The shipped list in comparable form; see data/README.md."""
    packed = files("auth").joinpath("data/common-passwords.txt.xz").read_bytes()
    return frozenset(normalise_password(line).casefold() for line in lzma.decompress(packed).decode().splitlines())


def check_has_password(user: UserRow) -> None:
    """Who signs in at an identity provider proves themselves there.

    Raises:
        NoPassword: the account is one of those.
    """
    if user.federated:
        raise NoPassword


def check_roles_are_ours(user: UserRow, *, roles: Collection[str]) -> None:
    """Roles that an identity provider gives are not changed here: its next sign-in would bring them back.

    Raises:
        RolesOfProvider: they would be.
    """
    if user.federated and set(roles) != set(user.roles):
        raise RolesOfProvider


def check_not_own_roles(user_id: UUID, *, by: UUID) -> None:
    """Nobody changes their own roles.

    Raises:
        OwnRoles: they try.
    """
    if user_id == by:
        raise OwnRoles


def check_admin_stays(user: UserRow, *, roles: Collection[str], disabled: bool, admins: Collection[UUID]) -> None:
    """A change must leave an active administrator who has a password here, whatever an identity provider says next.

    Args:
        user: the account as it is.
        roles: the roles it is to have.
        disabled: whether it is to be disabled.
        admins: those administrators before the change.

    Raises:
        LastAdmin: it would not.
    """
    stays_admin = "admin" in roles and not disabled
    if not stays_admin and set(admins) == {user.id}:
        raise LastAdmin


def name_change(user: UserRow, *, roles: Collection[str], disabled: bool) -> str:
    """What the audit trail calls a change of an account: `user` and what changed, as `user:+admin,-clinician,disabled`.

    Args:
        user: the account as it is.
        roles: the roles it is to have.
        disabled: whether it is to be disabled.
    """
    changes = [f"+{role}" for role in sorted(set(roles) - set(user.roles))]
    changes += [f"-{role}" for role in sorted(set(user.roles) - set(roles))]
    if disabled != (user.disabled_at is not None):
        changes.append("disabled" if disabled else "enabled")
    return f"user:{','.join(changes)}" if changes else "user"
