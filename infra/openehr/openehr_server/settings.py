"""What the environment tells the server; nothing else reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

BASE_PATH = "/ehrbase/rest/openehr/v1"


class SettingMissing(Exception):
    """A variable that the server cannot start without is not set."""


@dataclass(frozen=True)
class Settings:
    """`system_id` is part of every version uid: never change it once data exists."""

    database_url: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    system_id: str
    port: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises SettingMissing naming the first variable that is absent or no port number."""
        return cls(
            database_url=_required(environment, "OPENEHR_DATABASE_URL"),
            user=_required(environment, "OPENEHR_USER"),
            password=_required(environment, "OPENEHR_PASSWORD"),
            system_id=_required(environment, "OPENEHR_SYSTEM_ID"),
            port=_port(_required(environment, "OPENEHR_PORT")),
        )


def _required(environment: Mapping[str, str], name: str) -> str:
    """A secret may come as NAME or, kept out of the process list, as a path in NAME_FILE."""
    if file := environment.get(f"{name}_FILE"):
        with open(file, encoding="utf-8") as secret:
            value = secret.read().strip()
    else:
        value = environment.get(name, "")
    if not value:
        raise SettingMissing(f"{name} (or {name}_FILE) is not set")
    return value


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise SettingMissing(f"OPENEHR_PORT is not a port number: {text!r}")
    return int(text)
