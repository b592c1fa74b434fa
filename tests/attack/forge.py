"""Access tokens that auth never issued. An insider's forge: it holds auth's own signing key, and what that key signs is
still not a token that the services may accept."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from auth.vault import Vault
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key
from fleet import Fleet


@dataclass(frozen=True)
class Forge:
    """What a token that auth issued says, and the key that it was signed with."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: RSAPrivateKey

    def token(self, *, key: RSAPrivateKey | None = None, header: Any = (), **claims: Any) -> str:
        """A token like the original.

        Args:
            key: sign with another one.
            header: other members; None leaves one out.
            claims: other members; None leaves one out.
        """
        signed = f"{_part(_changed(self.header, header))}.{_part(_changed(self.claims, claims))}"
        return f"{signed}.{base64url(sign(key or self.key, signed))}"


def forge(fleet: Fleet, token: str) -> Forge:
    """A forge after the model of an issued token; the key is read from auth's database as only auth could."""
    header, claims = decode(token)
    return Forge(header, claims, _signing_key(fleet, header["kid"]))


def decode(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a token says in its header and its claims."""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


@cache
def _signing_key(fleet: Fleet, kid: str) -> RSAPrivateKey:
    with psycopg.connect(fleet.database("auth"), autocommit=True) as auth:
        row = auth.execute("SELECT sealed FROM signing_keys WHERE kid = %s", [kid]).fetchone()
    assert row is not None
    der = Vault([fleet.secrets["auth_encryption_key"].encode()]).open(row[0], context=kid)
    key = load_der_private_key(der, password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


def sign(key: RSAPrivateKey, text: str) -> bytes:
    """RS256 (RFC 7518 §3.3)."""
    return key.sign(text.encode(), PKCS1v15(), SHA256())


def base64url(value: bytes) -> str:
    """Unpadded base64url, as JOSE has it."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _part(members: Any) -> str:
    return base64url(json.dumps(members).encode())


def _changed(members: Mapping[str, Any], changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**members, **dict(changes)}.items() if value is not None}
