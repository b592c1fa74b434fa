"""What a hospital says about its identity provider. Without an issuer there is no such sign-in."""

from typing import Self

from common.settings import Key, ServiceSettings
from pydantic import Field, model_validator

ROLES = r"^\s*[^,]+:(clinician|admin)\s*(,\s*[^,]+:(clinician|admin)\s*)*$"


class OidcSettings(ServiceSettings):
    """The provider, who we are to it, and what its words mean here."""

    oidc_issuer: str | None = Field(default=None, pattern=r"^https?://[^\s?#@]+$")
    """The hospital's identity provider (OpenID Connect), such as `https://id.hospital.example`.

    Register `<origin>/api/auth/oidc/callback` there. Without it there is no such sign-in.
    """
    oidc_client_id: str | None = None
    """The name under which Quill is registered there."""
    oidc_client_secret: Key | None = None
    """The secret of that registration."""
    oidc_scopes: str = Field(default="openid profile email", pattern=r"\bopenid\b")
    """What is asked of the provider; `openid` is a part of it."""
    oidc_role_claim: str = "groups"
    """The claim whose values give roles."""
    oidc_roles: str | None = Field(default=None, pattern=ROLES)
    """Which value of that claim (without commas) gives which role, such as `doctors:clinician,it:admin`."""
    oidc_mfa: str = "mfa"
    """Values of `amr` or `acr` that prove a second factor, separated by commas; `*` if it always asks for one."""

    @model_validator(mode="after")
    def _check_oidc(self) -> Self:
        parts = ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_roles")
        missing = [f"QUILL_{name.upper()}" for name in parts if getattr(self, name) is None]
        if missing and len(missing) < len(parts):
            raise ValueError(f"sign-in with OpenID Connect is configured in part: {', '.join(missing)} missing")
        if not missing and not self.trusts(str(self.oidc_issuer)):
            raise ValueError("QUILL_OIDC_ISSUER must be https")
        return self

    def trusts(self, address: str) -> bool:
        """Whether the provider may be asked there: over https, in demo mode over http too."""
        return address.startswith(("https://", "http://") if self.mode == "demo" else "https://")
