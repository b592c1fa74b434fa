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
    """The openEHR server's API, such as `http://ehrbase:8080/ehrbase/rest/openehr/v1`."""
    ehrbase_user: str
    """Who we are to that server."""
    # Chosen by the openEHR server's operator, so its strength is not judged here.
    ehrbase_password: SecretStr
    """The password of that user."""
    ehrbase_system_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,99}$")
    """That server's node name. It is part of the uid of every version of a letter: never change it."""
    letterhead_name: str = Field(default="Quill Demonstration Hospital", min_length=1, max_length=80)
    """Who sends the letters, as printed on them; production has no default."""
    letterhead_lines: str = Field(
        default="1 Example Street|Sampleton XX1 1XX|Telephone 01632 960 000", pattern=r"^([^|]{0,60}\|){0,5}[^|]{0,60}$"
    )
    """The lines below the name, separated by `|`: at most six, of up to 60 characters."""
    letterhead_footer: str = Field(default="Confidential: for the patient and those who care for them", max_length=200)
    """The line at the foot of each page."""
    letterhead_time_zone: ZoneInfo = ZoneInfo("Europe/London")
    """The zone whose days letters are dated by."""

    @model_validator(mode="after")
    def _check_letterhead(self) -> Self:
        if self.mode == "production" and "letterhead_name" not in self.model_fields_set:
            raise ValueError("QUILL_LETTERHEAD_NAME must say who sends the letters in production")
        return self
