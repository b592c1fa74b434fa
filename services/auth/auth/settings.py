"""What auth needs to know beyond every service's settings: its keys, its throttles per client address, its memory."""

from common.settings import Key
from pydantic import Field, SecretStr

from auth.oidc.settings import OidcSettings


class Settings(OidcSettings):
    """Each key may overlap with the one before it: new values use the first, old ones are still read with the other."""

    password_pepper: Key
    password_pepper_previous: Key | None = None
    refresh_key: Key
    refresh_key_previous: Key | None = None
    encryption_key: Key
    encryption_key_previous: Key | None = None
    login_failures_per_minute: int = Field(default=20, ge=1)
    registrations_per_hour: int = Field(default=5, ge=1)
    session_retention_days: int = Field(default=1, ge=1, le=365)  # after it can be alive no more
    # Eight years, as the NHS keeps records of adults' care (Records Management Code of Practice); see prune_audit too.
    audit_retention_days: int = Field(default=2922, ge=365)

    @property
    def password_peppers(self) -> list[bytes]:
        """The current pepper, then the one before it."""
        return _values(self.password_pepper, self.password_pepper_previous)

    @property
    def refresh_keys(self) -> list[bytes]:
        """The current key of refresh tokens, then the one before it."""
        return _values(self.refresh_key, self.refresh_key_previous)

    @property
    def encryption_keys(self) -> list[bytes]:
        """The current key of data at rest, then the one before it."""
        return _values(self.encryption_key, self.encryption_key_previous)


def _values(*secrets: SecretStr | None) -> list[bytes]:
    return [secret.get_secret_value().encode() for secret in secrets if secret is not None]
