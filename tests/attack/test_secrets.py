"""Secrets of the fleet: where everybody on the machine could read them, or whoever reads logs, they are not."""

from pathlib import Path

import httpx
import pytest
from fleet import Fleet


def test_secrets_are_in_no_command_line(fleet: Fleet) -> None:
    lines = [Path(f"/proc/{entry['pid']}/cmdline").read_bytes() for entry in fleet.processes.values()]
    assert all(lines)
    assert [name for name, secret in fleet.secrets.items() for line in lines if secret.encode() in line] == []


def test_secrets_are_in_no_log(fleet: Fleet) -> None:
    logs = [file.read_bytes() for file in (fleet.home / "logs").rglob("*.log")]
    assert len(logs) > 10
    assert [name for name, secret in fleet.secrets.items() for log in logs if secret.encode() in log] == []


def test_files_that_hold_secrets_are_their_owners(fleet: Fleet) -> None:
    for file in (fleet.home / "secrets.json", fleet.home / "demo-accounts.json", *(fleet.home / "logs").rglob("*.log")):
        assert file.stat().st_mode & 0o077 == 0, file


def test_public_keys_are_of_3072_bits_and_nothing_but_public(fleet: Fleet) -> None:
    keys = httpx.get(f"{fleet.url}/api/auth/.well-known/jwks.json", trust_env=False).json()["keys"]
    assert keys
    for key in keys:
        assert key.keys() == {"kty", "n", "e", "use", "alg", "kid"}
        assert len(key["n"]) == 512  # 3072 bits in base64url


@pytest.mark.parametrize("service", ["patients", "letters", "notify"])
def test_signing_key_is_known_to_auth_alone(fleet: Fleet, service: str) -> None:
    for name in fleet.replicas(service):
        environment = Path(f"/proc/{fleet.processes[name]['pid']}/environ").read_bytes()
        for secret in ("auth_encryption_key", "database_auth", "refresh_key", "password_pepper"):
            assert fleet.secrets[secret].encode() not in environment
