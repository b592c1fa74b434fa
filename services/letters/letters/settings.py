"""What the letters service needs to know beyond what every service does."""

from typing import Self
from zoneinfo import ZoneInfo

from common.settings import ServiceSettings
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict


class Settings(ServiceSettings):
    """Settings of the letters service."""

    model_config = SettingsConfigDict(env_ignore_empty=False)  # a letterhead can be without lines or a footer

    ehrbase_url: str = Field(pattern=r"^https?://")
    ehrbase_user: str
    # Chosen by the openEHR server's operator, so its strength is not judged here.
    ehrbase_password: SecretStr
    # The server's node name; it is part of every version uid and must never change.
    ehrbase_system_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,99}$")
    # What printed letters say of whoever sends them, and the zone whose days they are dated by.
    letterhead_name: str = Field(default="Quill Demonstration Hospital", min_length=1, max_length=80)
    letterhead_lines: str = Field(
        default="1 Example Street|Sampleton XX1 1XX|Telephone 01632 960 000", pattern=r"^([^|]{0,60}\|){0,5}[^|]{0,60}$"
    )
    letterhead_footer: str = Field(default="Confidential: for the patient and those who care for them", max_length=200)
    letterhead_time_zone: ZoneInfo = ZoneInfo("Europe/London")

    @model_validator(mode="after")
    def _check_letterhead(self) -> Self:
        if self.mode == "production" and "letterhead_name" not in self.model_fields_set:
            raise ValueError("QUILL_LETTERHEAD_NAME must say who sends the letters in production")
        return self
