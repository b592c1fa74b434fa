"""The shapes of accounts in requests and answers."""

import re
import unicodedata
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from common.rest import Body
from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints

from auth.accounts.models import UserRow

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,31}")
EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
MAX_EMAIL = 254
MAX_SECRET = 1024

type Role = Literal["patient", "clinician", "admin"]


def normalise_name(value: str) -> str:
    """The one spelling of a user name or e-mail address: look-alikes and case never make a second account."""
    return unicodedata.normalize("NFKC", value).strip().casefold()


def _username(value: str) -> str:
    name = normalise_name(value)
    if not USERNAME.fullmatch(name):
        raise ValueError("3 to 32 of a-z, 0-9, dot, hyphen and underscore, beginning with a letter or digit")
    return name


def _email(value: str) -> str:
    address = normalise_name(value)
    if len(address) > MAX_EMAIL or not EMAIL.fullmatch(address):
        raise ValueError("must be an e-mail address")
    return address


def _one_of_each(roles: list[Role]) -> list[Role]:
    if len(set(roles)) != len(roles):
        raise ValueError("names a role twice")
    return sorted(roles)


Username = Annotated[str, Field(max_length=MAX_EMAIL), AfterValidator(_username)]
Email = Annotated[str, Field(max_length=MAX_EMAIL), AfterValidator(_email)]
DisplayName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\t\r\n]+$")
]
Secret = Annotated[SecretStr, Field(max_length=MAX_SECRET)]
Roles = Annotated[list[Role], Field(min_length=1), AfterValidator(_one_of_each)]


class Register(Body):
    """A patient's own registration; a role cannot be requested."""

    username: Username
    email: Email
    password: Secret
    display_name: DisplayName | None = None


class UserCreate(Body):
    """An account that an administrator prepares for somebody."""

    username: Username
    email: Email
    display_name: DisplayName | None = None
    roles: Roles


class UserPatch(Body):
    """An administrator's changes; absent members stay unchanged."""

    roles: Roles | None = None
    disabled: bool | None = None


class Activate(Body):
    activation_code: Annotated[str, Field(max_length=100)]
    password: Secret


class PasswordChange(Body):
    current_password: Secret
    new_password: Secret


class User(BaseModel):
    """An account as its owner and administrators see it."""

    id: UUID
    username: str
    email: str
    display_name: str
    roles: list[Role]
    patient_id: UUID | None
    totp_enabled: bool
    created_at: datetime

    @classmethod
    def of(cls, row: UserRow) -> Self:
        """The public side of a row."""
        return cls.model_validate(row.model_dump())


class ManagedUser(User):
    """An account in the administrators' list."""

    disabled: bool

    @classmethod
    def of(cls, row: UserRow) -> Self:
        """The public side of a row."""
        return cls.model_validate({**row.model_dump(), "disabled": row.disabled_at is not None})


class UserCreated(BaseModel):
    """A prepared account and its activation code, shown only once."""

    user: User
    activation_code: str
