"""Start-up refuses settings that would only fail later, and names the variable."""

import pytest
from e2e.push_receiver import base64url
from notify.settings import Settings
from pydantic import ValidationError

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vapid_private_key", "too short"),
        ("vapid_private_key", base64url(bytes(31))),
        ("vapid_private_key", base64url(bytes(32))),
        ("vapid_private_key", base64url(P256_ORDER.to_bytes(32))),
        ("vapid_subject", "push@localhost"),
        ("vapid_subject", "http://localhost"),
        ("encryption_key", "short"),
        ("encryption_key", "changeme" * 5),
        ("push_origins", "push.hospital.test"),
        ("push_origins", "https://push.example.org/path"),
        ("push_origins", "https://user@push.example.org"),
        ("push_origins", "https://a.example https://b.example"),
        ("push_origins", "*"),
    ],
)
def test_bad_value_is_refused_by_name_and_not_shown(settings: Settings, name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings.model_validate(dict(settings) | {name: value})
    assert [error["loc"] for error in refusal.value.errors()] == [(name,)]
    assert f"={value}" not in str(refusal.value)


@pytest.mark.parametrize("value", ["", "http://127.0.0.1:9", "http://127.0.0.1:9, https://Push.Example.org ,"])
def test_push_origins_can_be_added(settings: Settings, value: str) -> None:
    assert Settings.model_validate(dict(settings) | {"push_origins": value}).push_origins == value
