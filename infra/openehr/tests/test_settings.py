"""What the environment must hold."""

from pathlib import Path

import pytest
from openehr_server.settings import SettingMissing, Settings

COMPLETE = {
    "OPENEHR_PORT": "8080",
    "OPENEHR_DATABASE_URL": "postgresql://u:p@127.0.0.1/openehr",
    "OPENEHR_USER": "letters",
    "OPENEHR_PASSWORD": "secret-word",
    "OPENEHR_SYSTEM_ID": "letters.quill.test",
}


def test_settings_are_read_and_secrets_not_shown() -> None:
    settings = Settings.from_environment(COMPLETE)
    assert (settings.port, settings.user, settings.system_id) == (8080, "letters", "letters.quill.test")
    assert "secret-word" not in repr(settings)
    assert "postgresql" not in repr(settings)


def test_a_secret_may_come_as_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from-file\n", encoding="utf-8")
    given = {**COMPLETE, "OPENEHR_PASSWORD": "", "OPENEHR_PASSWORD_FILE": str(file)}
    assert Settings.from_environment(given).password == "from-file"


@pytest.mark.parametrize("name", COMPLETE)
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingMissing, match=name):
        Settings.from_environment({key: value for key, value in COMPLETE.items() if key != name})


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8080.5"])
def test_a_port_is_a_port_number(port: str) -> None:
    with pytest.raises(SettingMissing, match="OPENEHR_PORT"):
        Settings.from_environment({**COMPLETE, "OPENEHR_PORT": port})
