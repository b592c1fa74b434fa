"""What the claims of a provider mean here: roles, the second factor, names. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from auth.accounts.schemas import USERNAME, Email, normalise_name
from auth.oidc.settings import OidcSettings

MAX_SUBJECT, MAX_USERNAME, MAX_DISPLAY_NAME = 255, 32, 100
ALWAYS = "*"
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody as the provider vouches for them; without a role they are nobody here."""

    issuer: str
    subject: str
    roles: list[str]
    amr: list[str]
    username: str
    email: str | None
    display_name: str


def identity_of(claims: Mapping[str, Any], settings: OidcSettings) -> Identity:
    """Whom proved claims describe.

    Raises:
        ValueError: they name nobody (OpenID Connect Core §2: `sub` is ASCII, at most 255 characters).
    """
    subject = claims["sub"]
    if not (0 < len(subject) <= MAX_SUBJECT and subject.isascii() and subject.isprintable()):
        raise ValueError("sub is out of shape")
    email, groups = _email(claims.get("email")), _texts(claims.get(settings.oidc_role_claim))
    username = _username(claims.get("preferred_username") or email)
    return Identity(
        issuer=settings.oidc_issuer,
        subject=subject,
        roles=sorted({role for group in groups for role in settings.oidc_roles.get(group, ())}),
        amr=["mfa"] if proves_second_factor(claims, settings) else [],
        username=username,
        email=email,
        display_name=_line(claims.get("name")) or username,
    )


def proves_second_factor(claims: Mapping[str, Any], settings: OidcSettings) -> bool:
    """Whether the provider asked for a second factor, by its own word or because it always does."""
    told = {*_texts(claims.get("amr")), *_texts(claims.get("acr"))}
    return ALWAYS in settings.oidc_mfa or not told.isdisjoint(settings.oidc_mfa)


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]


def _line(value: object) -> str:
    """One printable line of at most a hundred characters."""
    text = "".join(filter(str.isprintable, " ".join(value.split()))) if isinstance(value, str) else ""
    return text[:MAX_DISPLAY_NAME].strip()


def _email(value: object) -> str | None:
    try:
        return _EMAIL.validate_python(value)
    except ValidationError:
        return None


def _username(value: object) -> str:
    """A user name of ours that comes close: `A.Smith@ward.example.org` is `a.smith`."""
    name = normalise_name(value).partition("@")[0] if isinstance(value, str) else ""
    name = re.sub(r"[^a-z0-9._-]+", "-", name).strip("._-")[:MAX_USERNAME]
    return name if USERNAME.fullmatch(name) else "staff"
