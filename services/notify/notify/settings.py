"""Settings of notify: its push identity, the key of what it encrypts at rest, and origins added for push services."""

from typing import Annotated

from common.settings import ServiceSettings, refuse_weak
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from notify.policy import ORIGIN, from_base64url


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _check_origins(origins: frozenset[str]) -> frozenset[str]:
    if not all(ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError("must be a comma-separated list of origins such as https://push.example.org:8443")
    return frozenset(origin.lower() for origin in origins)


def _check_scalar(secret: SecretStr) -> SecretStr:
    scalar = from_base64url(secret.get_secret_value())
    if scalar is None or len(scalar) != 32:
        raise ValueError("must be 32 bytes in base64url, the private scalar of a P-256 key")
    ec.derive_private_key(int.from_bytes(scalar), ec.SECP256R1())
    return secret


Secret = Annotated[SecretStr, AfterValidator(refuse_weak)]
Origins = Annotated[frozenset[str], NoDecode, BeforeValidator(_split), AfterValidator(_check_origins)]


class Settings(ServiceSettings):
    """What notify needs to know to start."""

    vapid_private_key: Annotated[Secret, AfterValidator(_check_scalar)]
    vapid_subject: str = Field(pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://[^\s/]+)$")
    encryption_key: Secret
    push_origins: Origins = frozenset()
