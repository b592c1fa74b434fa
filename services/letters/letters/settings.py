"""What the letters service needs to know beyond what every service does."""

from common.settings import ServiceSettings
from pydantic import Field, SecretStr


class Settings(ServiceSettings):
    """Settings of the letters service."""

    ehrbase_url: str = Field(pattern=r"^https?://")
    ehrbase_user: str
    # Chosen by the openEHR server's operator, so its strength is not judged here.
    ehrbase_password: SecretStr
    # The server's node name; it is part of every version uid and must never change.
    ehrbase_system_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,99}$")
