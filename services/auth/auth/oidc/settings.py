"""What a hospital says about its identity provider. Without an issuer there is no such sign-in."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from common.settings import ServiceSettings, refuse_weak
from pydantic import AfterValidator, BeforeValidator, SecretStr, model_validator
from pydantic_settings import NoDecode

type StaffRole = Literal["clinician", "admin"]


def _strong(secret: SecretStr) -> SecretStr:
    return refuse_weak(secret) if secret.get_secret_value() else secret


def _words(value: object) -> object:
    return frozenset(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def _roles(value: object) -> object:
    """`doctors:clinician,it:admin,it:clinician` as the roles of each group; a group's name may have colons in it."""
    if not isinstance(value, str):
        return value
    roles: dict[str, frozenset[str]] = {}
    for pair in filter(None, map(str.strip, value.split(","))):
        group, _, role = pair.rpartition(":")
        if not group or role not in get_args(StaffRole.__value__):
            raise ValueError("QUILL_OIDC_ROLES takes group:clinician and group:admin, separated by commas")
        roles[group] = roles.get(group, frozenset()) | {role}
    return roles


class OidcSettings(ServiceSettings):
    """The provider, who we are to it, and what its words mean here.

    oidc_roles: which of our roles a value of `oidc_role_claim` gives; never a patient's.
    oidc_mfa: values of `amr` or `acr` that prove a second factor; `*` where the provider always asks for one.
    """

    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: Annotated[SecretStr, AfterValidator(_strong)] = SecretStr("")
    oidc_scopes: str = "openid profile email"
    oidc_role_claim: str = "groups"
    oidc_roles: Annotated[Mapping[str, frozenset[StaffRole]], NoDecode, BeforeValidator(_roles)] = {}
    oidc_mfa: Annotated[frozenset[str], NoDecode, BeforeValidator(_words)] = frozenset({"mfa"})

    @model_validator(mode="after")
    def _check_oidc(self) -> Self:
        parts = {
            "ISSUER": self.oidc_issuer,
            "CLIENT_ID": self.oidc_client_id,
            "CLIENT_SECRET": self.oidc_client_secret.get_secret_value(),
            "ROLES": self.oidc_roles,
        }
        missing = [f"QUILL_OIDC_{name}" for name, value in parts.items() if not value]
        if len(missing) == len(parts):
            return self
        if missing:
            raise ValueError(f"sign-in with OpenID Connect is configured in part: {', '.join(missing)} is missing")
        if not self.trusts(self.oidc_issuer) or urlsplit(self.oidc_issuer).query:
            raise ValueError("QUILL_OIDC_ISSUER must be an https address without query or fragment")
        if "openid" not in self.oidc_scopes.split():
            raise ValueError("QUILL_OIDC_SCOPES must contain openid")
        return self

    def trusts(self, address: str) -> bool:
        """Whether the provider may be asked at this address: over https, in demo mode over http too."""
        url = urlsplit(address)
        schemes = {"https", "http"} if self.mode == "demo" else {"https"}
        return url.scheme in schemes and bool(url.hostname) and not url.username and not url.fragment
