"""Settings every service shares. Secrets have no default; each can come from a file named by QUILL_<NAME>_FILE.

What is set to nothing is not set: containers pass an empty value for what nobody chose. The text below a setting is its
meaning in docs/settings.md and .env.example (docs/generate.py).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "QUILL_"
MIN_SECRET_LENGTH = 32
ROLE = "(patient|clinician|admin)"
EXAMPLE_WORDS = ("changeme", "change-me", "example", "placeholder", "replace-me")


class _FileSource(PydanticBaseSettingsSource):
    """Reads QUILL_<NAME>_FILE, so that orchestrators can mount secrets instead of exporting them."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        return (Path(path).read_text().strip() or None if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


def refuse_weak(secret: SecretStr) -> SecretStr:
    """Refuse a secret that is short or was left at an example's value.

    Raises:
        ValueError: shorter than 32 characters, or it contains a word of an example file.
    """
    value = secret.get_secret_value()
    if len(value) < MIN_SECRET_LENGTH:
        raise ValueError(f"must have at least {MIN_SECRET_LENGTH} characters")
    if any(word in value.lower() for word in EXAMPLE_WORDS):
        raise ValueError("still has an example's value")
    return secret


Key = Annotated[SecretStr, AfterValidator(refuse_weak)]


class ServiceSettings(BaseSettings):
    """What a Quill service needs to know to start, whichever service it is."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True, frozen=True
    )

    mode: Literal["demo", "production"] = "production"
    """`production` insists on https, on a second factor for staff, and on a name in the letterhead."""
    public_origin: str = Field(pattern=r"^https?://[A-Za-z0-9.\-]+(:\d{1,5})?$")
    """The address at which people reach Quill, without a path, such as `https://letters.hospital.example`."""
    database_url: SecretStr
    """The service's own database under its own role, such as `postgresql://letters:…@postgres:5432/letters`."""
    nats_url: str
    """The NATS server, such as `nats://nats:4222`; the servers of a cluster are separated by commas."""
    nats_user: str
    """The service's own user on NATS, which has its name."""
    nats_password: SecretStr
    """The password of that user."""
    auth_url: str
    """Where auth answers inside, such as `http://auth:8000`; several replicas are separated by commas."""
    patients_url: str
    """The same for patients."""
    letters_url: str
    """The same for letters."""
    notify_url: str
    """The same for notify."""
    pseudonym_key: Key
    """Key for the pseudonyms of patients in logs; the same for all services."""
    require_totp_roles: str = Field(default="", pattern=rf"^(none|{ROLE}(, ?{ROLE})*)?$")
    """Roles that must sign in with a second factor, such as `clinician,admin`; without one they can only enrol it.

    Empty: in production `clinician,admin`, in the demo no role. `none`: no role. Demo data must exist before clinicians
    need one.
    """
    docs_enabled: bool = True
    """Whether `/api/docs` answers."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least level of a line that is logged."""
    drain_seconds: float = Field(default=5, ge=0, le=60)
    """How long a service that gets SIGTERM keeps serving, no longer ready, so that Caddy turns to its other replicas.

    Longer than Caddy keeps idle connections (4 s). Ctrl-C does not wait for it.
    """
    clock_port: int | None = Field(default=None, ge=1, le=65535)
    """For tests: where the process takes orders to move its clock. Refused in production."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _FileSource(settings_cls)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.mode == "production" and not self.public_origin.startswith("https://"):
            raise ValueError("QUILL_PUBLIC_ORIGIN must be https in production")
        if self.mode == "production" and self.clock_port is not None:
            raise ValueError("QUILL_CLOCK_PORT lets tests move the clock and is refused in production")
        return self

    @property
    def totp_roles(self) -> frozenset[str]:
        """Roles that need a second factor: those that were chosen, else in production the staff's, in a demo none."""
        chosen = self.require_totp_roles or ("clinician,admin" if self.mode == "production" else "none")
        return frozenset(role.strip() for role in chosen.split(",")) - {"none"}

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers reach us over TLS, so that cookies can carry Secure and the __Host- prefix."""
        return self.public_origin.startswith("https://")

    @property
    def service_urls(self) -> Mapping[str, str]:
        """Internal base URL of every service, by its name."""
        return {
            "auth": self.auth_url,
            "patients": self.patients_url,
            "letters": self.letters_url,
            "notify": self.notify_url,
        }
