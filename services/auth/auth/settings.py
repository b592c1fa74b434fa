"""What auth needs to know beyond every service's settings: its keys, its throttles per client address, its memory."""

from common.settings import Key
from pydantic import Field, SecretStr

from auth.oidc.settings import OidcSettings


class Settings(OidcSettings):
    """Each key may overlap with the one before it: new values use the first, old ones are still read with the other."""

    password_pepper: Key
    """Mixed into each password before it is hashed."""
    password_pepper_previous: Key | None = None
    """The pepper before it, until nobody's password needs it any more."""
    refresh_key: Key
    """Makes the successor of each refresh token."""
    refresh_key_previous: Key | None = None
    """The key before it, for the seven days that a session can last."""
    encryption_key: Key
    """Encrypts second factors and signing keys at rest; another value than notify's."""
    encryption_key_previous: Key | None = None
    """The key before it, until nothing is encrypted with it any more."""
    login_failures_per_minute: int = Field(default=20, ge=1)
    """Failed sign-ins from one address before it has to wait. `make run` has 1000: its visitors share an address."""
    registrations_per_hour: int = Field(default=5, ge=1)
    """New accounts from one address. `make run` has 1000."""
    session_retention_days: int = Field(default=1, ge=1, le=365)
    """For how long a session is kept after it can be alive no more."""
    # Eight years, as the NHS keeps records of adults' care (Records Management Code of Practice); see prune_audit too.
    audit_retention_days: int = Field(default=2922, ge=365)
    """For how long the audit trail is kept: eight years."""

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
