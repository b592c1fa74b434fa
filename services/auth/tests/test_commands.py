"""The commands and the settings they and the service start with, as an operator meets them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from auth.errors import ActivationRefused, CredentialsRefused, SessionEnded
from auth.sessions.cookies import cleared_cookies, new_cookies
from auth.sessions.keys import KeyRing
from auth.vault import Vault
from auth_stage import PASSWORD, MakeSettings, Stage
from pydantic import ValidationError

pytestmark = pytest.mark.anyio
ACCOUNTS = [
    {
        "username": "doctor",
        "password": PASSWORD,
        "email": "d@example.org",
        "display_name": "Dr D",
        "roles": ["clinician"],
    },
    {"username": "pat", "password": PASSWORD, "email": "p@example.org", "display_name": "Pat", "roles": ["patient"]},
]


def run(make_settings: MakeSettings, *args: str, stdin: str, mode: str = "demo") -> subprocess.CompletedProcess[str]:
    settings = make_settings()
    secrets = ("database_url", "nats_password", "pseudonym_key", "password_pepper", "refresh_key", "encryption_key")
    plain = ("nats_url", "nats_user", "auth_url", "patients_url", "letters_url", "notify_url")
    environment = {
        **{f"QUILL_{name.upper()}": getattr(settings, name).get_secret_value() for name in secrets},
        **{f"QUILL_{name.upper()}": getattr(settings, name) for name in plain},
        "QUILL_MODE": mode,
        "QUILL_PUBLIC_ORIGIN": "https://letters.example.org",
        "PATH": os.environ["PATH"],
    }
    command = [str(Path(sys.executable).with_name("quill")), *args]
    done = subprocess.run(
        command, input=stdin, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert PASSWORD not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


async def test_seed_demo_makes_accounts_once(stage: Stage, make_settings: MakeSettings) -> None:
    for made in (2, 0):
        done = run(make_settings, "demo", "seed", stdin=json.dumps(ACCOUNTS))
        assert (done.returncode, done.stdout) == (0, f"{made} of 2 demo accounts made\n")
    assert (await stage.log_in("doctor")).session.user.roles == ["clinician"]
    assert [fact["roles"] for fact in await stage.facts("user.registered")] == [["clinician"], ["patient"]]


@pytest.mark.parametrize(
    ("mode", "stdin", "reason"),
    [
        ("production", json.dumps(ACCOUNTS), "only where QUILL_MODE is demo"),
        ("demo", "not json", "Invalid JSON"),
        ("demo", json.dumps([ACCOUNTS[0] | {"roles": ["root"]}]), "roles"),
        ("demo", json.dumps([ACCOUNTS[0] | {"password": "short"}]), "15 to 128"),
    ],
)
async def test_seed_demo_refuses_with_a_reason(
    stage: Stage, make_settings: MakeSettings, mode: str, stdin: str, reason: str
) -> None:
    done = run(make_settings, "demo", "seed", stdin=stdin, mode=mode)
    assert done.returncode == 1
    assert reason in done.stderr
    assert await stage.facts("user.registered") == []


async def test_create_admin_reads_the_password_from_stdin(stage: Stage, make_settings: MakeSettings) -> None:
    options = ("admin", "create", "--username", "boss", "--email", "boss@example.org")
    assert run(make_settings, *options, stdin=PASSWORD + "\n", mode="production").returncode == 0
    again = run(make_settings, *options, stdin=PASSWORD + "\n")
    assert (again.returncode, "cannot be used" in again.stderr) == (1, True)
    assert (await stage.log_in("boss")).session.user.roles == ["admin"]


async def test_reset_totp_lets_somebody_in_by_password_again(stage: Stage, make_settings: MakeSettings) -> None:
    user = await stage.register("alice")
    issued = await stage.log_in("alice")
    await stage.execute("INSERT INTO totp VALUES (:user, '', 0, '{}')", user=user.id)
    await stage.execute("UPDATE users SET totp_enabled = true")
    done = run(make_settings, "admin", "reset-totp", "--username", "Alice@example.org", stdin="", mode="production")
    assert (done.returncode, done.stdout) == (0, "signs in by password alone from now on\n")
    assert (await stage.log_in("alice")).session.user.totp_enabled is False
    with pytest.raises(SessionEnded):
        await stage.refresh(issued)
    assert await stage.audited("totp") == [("D", "ok")]
    for name in ("alice", "nobody"):
        again = run(make_settings, "admin", "reset-totp", "--username", name, stdin="")
        assert (again.returncode, "no second factor" in again.stderr) == (1, True)


async def test_who_lost_a_password_chooses_another_by_a_new_code(stage: Stage, make_settings: MakeSettings) -> None:
    user = await stage.register("alice")
    issued = await stage.log_in("alice")
    first = run(
        make_settings, "admin", "reset-password", "--username", "Alice@example.org", stdin="", mode="production"
    )
    again = run(make_settings, "admin", "reset-password", "--username", "alice", stdin="")
    codes = [done.stdout.partition(" ")[0] for done in (first, again)]
    with pytest.raises(SessionEnded):
        await stage.refresh(issued)
    with pytest.raises(CredentialsRefused):
        await stage.log_in("alice")
    with pytest.raises(ActivationRefused):
        await stage.activate(codes[0], "a password of yesterday")
    await stage.activate(codes[1], "a password of today")
    assert (await stage.log_in("alice", "a password of today")).session.user.id == user.id
    assert await stage.audited("password") == [("D", "ok"), ("D", "ok"), ("U", "ok")]


@pytest.mark.parametrize("name", ["nobody", "carol"])
async def test_nobody_is_given_a_code_whose_password_is_not_ours(
    stage: Stage, make_settings: MakeSettings, name: str
) -> None:
    await stage.register("carol")
    await stage.execute("UPDATE users SET password_hash = NULL")  # as an identity provider's person
    done = run(make_settings, "admin", "reset-password", "--username", name, stdin="")
    assert (done.returncode, done.stdout, "no account here" in done.stderr) == (1, "", True)


async def test_rotate_keys_publishes_another_key(stage: Stage, make_settings: MakeSettings) -> None:
    before = len((await stage.work.backend.keys.public_keys(stage.work.database))["keys"])
    done = run(make_settings, "keys", "rotate", stdin="")
    assert "is published" in done.stdout
    fresh = KeyRing(Vault([b"e" * 32]))
    assert len((await fresh.public_keys(stage.work.database))["keys"]) == before + 1
    await stage.execute("DELETE FROM signing_keys")


@pytest.mark.parametrize("name", ["password_pepper", "refresh_key", "encryption_key", "encryption_key_previous"])
@pytest.mark.parametrize("value", ["short", "changeme" * 8])
def test_settings_refuse_a_weak_key_and_name_it(make_settings: MakeSettings, name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name) as refused:
        make_settings(**{name: value})
    assert value not in str(refused.value)


def test_cookies_over_https_are_bound_to_the_host(make_settings: MakeSettings) -> None:
    secure = make_settings(public_origin="https://letters.example.org")
    refresh, csrf = new_cookies(secure, refresh_token="r", csrf_token="c")
    assert set(refresh.split("; ")) == {
        *("__Host-quill_refresh=r", "Max-Age=604800", "Path=/", "SameSite=Strict", "HttpOnly", "Secure")
    }
    assert set(csrf.split("; ")) == {"__Host-quill_csrf=c", "Max-Age=604800", "Path=/", "SameSite=Strict", "Secure"}
    assert all("Max-Age=0" in cookie for cookie in cleared_cookies(secure))


def test_cookies_over_http_are_for_development_only(make_settings: MakeSettings) -> None:
    refresh, _ = new_cookies(make_settings(), refresh_token="r", csrf_token="c")
    assert refresh.startswith("quill_refresh=r;")
    assert "Secure" not in refresh
    with pytest.raises(ValidationError, match="https"):
        make_settings(mode="production")


async def test_production_refuses_a_clock_that_moves(make_settings: MakeSettings) -> None:
    assert make_settings(clock_port=18000).clock_port == 18000
    with pytest.raises(ValidationError, match="QUILL_CLOCK_PORT"):
        make_settings(mode="production", public_origin="https://letters.example.org", clock_port=18000)
