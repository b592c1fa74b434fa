"""Settings of notify: its push identity, the key of what it encrypts at rest, origins added to the push services."""

from typing import Annotated

from common.settings import ServiceSettings, refuse_weak
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import AfterValidator, Field, SecretStr

from notify.policy import from_base64url

Key = Annotated[SecretStr, AfterValidator(refuse_weak)]
ORIGIN = r"https?://[A-Za-z0-9.\-]+(:\d{1,5})?"


def _check_scalar(secret: SecretStr) -> SecretStr:
    scalar = from_base64url(secret.get_secret_value())
    if scalar is None or len(scalar) != 32:
        raise ValueError("must be 32 bytes in base64url, the private scalar of a P-256 key")
    ec.derive_private_key(int.from_bytes(scalar), ec.SECP256R1())
    return secret


class Settings(ServiceSettings):
    """What notify needs to know to start."""

    vapid_private_key: Annotated[SecretStr, AfterValidator(_check_scalar)]
    vapid_subject: str = Field(pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://[^\s/]+)$")
    encryption_key: Key
    encryption_key_previous: Key | None = None
    push_origins: str = Field(default="", pattern=rf"^\s*({ORIGIN}\s*(,\s*|$))*$")

    @property
    def encryption_keys(self) -> list[str]:
        """The current key of subscriptions at rest, then the one before it."""
        keys = (self.encryption_key, self.encryption_key_previous)
        return [key.get_secret_value() for key in keys if key is not None]
