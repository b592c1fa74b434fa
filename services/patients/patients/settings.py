"""What patients needs to know to start, beyond what every service does."""

from common.settings import ServiceSettings
from pydantic import Field


class Settings(ServiceSettings):
    """Settings of patients."""

    fhir_url: str = Field(pattern=r"^https?://[^\s?#]+[^\s?#/]$")
    """The FHIR server's base, such as `http://fhir:8080/fhir`."""
