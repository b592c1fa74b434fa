"""Keys of the fleet are replaced in its file, and the one before stays until somebody lets it go."""

import json
from pathlib import Path

import pytest
from ops import secrets
from typer.testing import CliRunner, Result

JSON = '{"password_pepper": "q-old", "refresh_key": "q-other", "nats_auth": "q-nats"}'
ENV = "# ours\nQUILL_PASSWORD_PEPPER=q-old\nQUILL_REFRESH_KEY=q-other\nNATS_AUTH_PASSWORD=q-nats\n"


@pytest.fixture(params=[JSON, ENV], ids=["json", "env"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "secrets"
    file.write_text(request.param)
    return file


def quill(*arguments: str | Path) -> Result:
    return CliRunner().invoke(secrets.app, [*map(str, arguments)])


def test_rotated_key_is_new_and_the_old_one_stays_beside_it(file: Path) -> None:
    before = secrets.read(file.read_bytes())
    assert quill("rotate", "password-pepper", "--in", file).exit_code == 0
    after = secrets.read(file.read_bytes())
    assert after["password_pepper_previous"] == "q-old"
    assert len(after["password_pepper"]) == 49
    assert {name: after[name] for name in before if name != "password_pepper"} == {
        name: value for name, value in before.items() if name != "password_pepper"
    }
    assert file.stat().st_mode & 0o777 == 0o600


def test_key_is_not_rotated_again_before_the_previous_one_is_retired(file: Path) -> None:
    assert quill("rotate", "password-pepper", "--in", file).exit_code == 0
    first = file.read_text()
    refused = quill("rotate", "password-pepper", "--in", file)
    assert (refused.exit_code, file.read_text()) == (1, first)
    assert quill("retire", "password-pepper", "--in", file).exit_code == 0
    assert "password_pepper_previous" not in secrets.read(file.read_bytes())
    assert quill("rotate", "password-pepper", "--in", file).exit_code == 0
    assert secrets.read(file.read_bytes())["password_pepper_previous"] != "q-old"


def test_nothing_is_printed_that_is_secret(file: Path) -> None:
    told = quill("rotate", "refresh-key", "--in", file)
    kept = secrets.read(file.read_bytes())
    assert told.exit_code == 0
    assert not any(kept[name] in told.output for name in ("refresh_key", "refresh_key_previous"))


def test_secrets_of_a_folder_are_those_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data/QUILL_REFRESH_KEY").write_text("q-other\n")
    (tmp_path / "QUILL_REFRESH_KEY").symlink_to("..data/QUILL_REFRESH_KEY")
    (tmp_path / "NATS_AUTH_PASSWORD").write_text("q-nats=x")
    assert secrets.load(tmp_path) == b"NATS_AUTH_PASSWORD=q-nats=x\nQUILL_REFRESH_KEY=q-other\n"
    assert secrets.read(secrets.load(tmp_path))["refresh_key"] == "q-other"
    assert quill("rotate", "refresh-key", "--in", tmp_path).exit_code == 1  # it is Kubernetes' to change


def test_key_that_is_not_there_is_not_rotated(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"refresh_key": "q-other"}))
    refused = quill("rotate", "notify-encryption-key", "--in", file)
    assert (refused.exit_code, refused.stderr) == (1, "quill: there is no notify_encryption_key to replace\n")
    assert quill("retire", "refresh-key", "--in", file).exit_code == 1
    assert quill("rotate", "refresh-key", "--in", tmp_path / "nowhere").exit_code == 1
