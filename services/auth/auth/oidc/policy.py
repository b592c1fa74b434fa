"""What an id_token must prove, and what its claims mean here: roles, a second factor, names. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from common import clock
from common.auth import read_header
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from auth.accounts.models import UserRow
from auth.accounts.schemas import EMAIL, USERNAME, normalise_name
from auth.oidc.clients import Tokens
from auth.oidc.settings import OidcSettings

ALGORITHMS = ("RS256", "ES256")
LEEWAY_SECONDS = 60
SUBJECT = re.compile(r"[\x20-\x7e]{1,255}")  # OpenID Connect Core §2


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody as the provider vouches for them; without a role they are nobody here."""

    subject: str
    roles: list[str]
    amr: list[str]
    username: str
    email: str | None
    display_name: str


def key_id(id_token: str) -> str | None:
    """Which key an id_token says it is signed with; not proved."""
    kid: str | None = read_header(id_token).get("kid")
    return kid


def read_claims(told: Tokens, keys: KeySet, *, nonce: str, settings: OidcSettings) -> Mapping[str, Any]:
    """The claims of an id_token that the provider signed for us, for this sign-in, and lately (OIDC Core §3.1.3.7).

    Raises:
        JoseError: it is not.
    """
    # Headers that we do not know are ignored (RFC 7515 §4); a key is never taken from one.
    token = jwt.decode(told.id_token, keys, registry=JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False))
    wanted: dict[str, Any] = {name: {"essential": True} for name in ("iss", "aud", "sub", "exp", "iat", "nonce")}
    wanted["iss"]["value"], wanted["aud"]["value"] = settings.oidc_issuer, settings.oidc_client_id
    known = {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": told.access_token}
    CodeIDToken(token.claims, token.header, wanted, known).validate(int(clock.now().timestamp()), LEEWAY_SECONDS)
    return token.claims


def identity_of(claims: Mapping[str, Any], settings: OidcSettings) -> Identity:
    """Whom proved claims describe.

    Raises:
        ValueError: nobody.
    """
    if not SUBJECT.fullmatch(claims["sub"]):
        raise ValueError("sub is out of shape")
    email = normalise_name(_text(claims, "email"))
    username = _username(_text(claims, "preferred_username") or email)
    return Identity(
        subject=claims["sub"],
        roles=roles_of(claims, settings),
        amr=["mfa"] if proves_second_factor(claims, settings) else [],
        username=username,
        email=email if EMAIL.fullmatch(email) else None,
        display_name=_text(claims, "name") or username,
    )


def roles_of(claims: Mapping[str, Any], settings: OidcSettings) -> list[str]:
    """Our roles for the groups that the provider names."""
    pairs = [pair.strip().rpartition(":") for pair in (settings.oidc_roles or "").split(",")]
    groups = _texts(claims, settings.oidc_role_claim)
    return sorted({role for group, _, role in pairs if group in groups})


def proves_second_factor(claims: Mapping[str, Any], settings: OidcSettings) -> bool:
    """Whether the provider asked for a second factor: it says so in this id_token, or always does."""
    proofs = {proof.strip() for proof in settings.oidc_mfa.split(",")} - {""}
    return "*" in proofs or not proofs.isdisjoint(_texts(claims, "amr") + _texts(claims, "acr"))


def objection_to(identity: Identity, user: UserRow | None, settings: OidcSettings) -> str | None:
    """Why somebody for whom the provider vouches does not come in, if there is a reason.

    Args:
        user: their account, if they have been here before.
    """
    if not identity.roles:
        return "no group gives a role"
    if not identity.amr and not settings.totp_roles.isdisjoint(identity.roles):
        return "no second factor was proved"
    return "the account is disabled" if user is not None and not user.active else None


def _texts(claims: Mapping[str, Any], name: str) -> list[str]:
    values = claims.get(name)
    return [text for text in (values if isinstance(values, list) else [values]) if isinstance(text, str)]


def _text(claims: Mapping[str, Any], name: str) -> str:
    """A claim as one printable line of at most a hundred characters."""
    line = " ".join(" ".join(_texts(claims, name)).split())
    return "".join(filter(str.isprintable, line))[:100].strip()


def _username(told: str) -> str:
    """A user name of ours that comes close: `A.Smith@ward.example.org` is `a.smith`."""
    name = re.sub(r"[^a-z0-9._-]+", "-", normalise_name(told).partition("@")[0]).strip("._-")[:32]
    return name if USERNAME.fullmatch(name) else "staff"
