"""Settings of notify: its push identity, the key of what it encrypts at rest, added origins, when pushes go out."""

from datetime import time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from common.settings import Key, ServiceSettings
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import AfterValidator, Field, SecretStr

from notify.policy import Timing, from_base64url

ORIGIN = r"https?://[A-Za-z0-9.\-]+(:\d{1,5})?"
ORIGINS = rf"^\s*({ORIGIN}\s*(,\s*|$))*$"
WALL_TIME = r"([01]\d|2[0-3]):[0-5]\d"


def _check_scalar(secret: SecretStr) -> SecretStr:
    scalar = from_base64url(secret.get_secret_value())
    if scalar is None or len(scalar) != 32:
        raise ValueError("must be 32 bytes in base64url, the private scalar of a P-256 key")
    ec.derive_private_key(int.from_bytes(scalar), ec.SECP256R1())
    return secret


def _check_hours(hours: str) -> str:
    start, _, end = hours.partition("-")
    if hours and start == end:
        raise ValueError("must begin and end at different times; leave it empty for no quiet hours")
    return hours


class Settings(ServiceSettings):
    """What notify needs to know to start."""

    vapid_private_key: Annotated[SecretStr, AfterValidator(_check_scalar)]
    """The push identity: the private scalar of a P-256 key in base64url (RFC 8292). Devices register for this one."""
    vapid_subject: str = Field(pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://[^\s/]+)$")
    """Whom push services can turn to, such as `mailto:it@hospital.example`."""
    encryption_key: Key
    """Encrypts what is known of devices and webhooks at rest; another value than auth's."""
    encryption_key_previous: Key | None = None
    """The key before it, until nothing is encrypted with it any more."""
    push_origins: str = Field(default="", pattern=ORIGINS)
    """Push services beside those of the browsers: origins, separated by commas, such as `http://127.0.0.1:9999`."""
    webhook_origins: str = Field(default="", pattern=ORIGINS)
    """Webhooks may go to these origins (separated by commas) even if they are not public or not https."""
    quiet_hours: Annotated[str, AfterValidator(_check_hours)] = Field(
        default="", pattern=rf"^({WALL_TIME}-{WALL_TIME})?$"
    )
    """Local times between which no push is sent, such as `22:00-06:00`: it waits until the end; the inbox does not."""
    time_zone: ZoneInfo = ZoneInfo("Europe/London")
    """The zone of those times."""
    remind_after_hours: int = Field(default=0, ge=0, le=720)
    """After how long a letter that is still unread is pushed once more, such as `72`. 0: never."""
    # Half a year at least: as long as an event can come again, its notification must be known (common.inbox).
    notification_retention_days: int = Field(default=730, ge=180)
    """For how long notifications are kept."""

    @property
    def encryption_keys(self) -> list[str]:
        """The current key of subscriptions at rest, then the one before it."""
        keys = (self.encryption_key, self.encryption_key_previous)
        return [key.get_secret_value() for key in keys if key is not None]

    @property
    def timing(self) -> Timing:
        """When pushes go out."""
        start, _, end = self.quiet_hours.partition("-")
        quiet = (time.fromisoformat(start), time.fromisoformat(end)) if self.quiet_hours else None
        remind_after = timedelta(hours=self.remind_after_hours) if self.remind_after_hours else None
        return Timing(quiet, self.time_zone, remind_after)
