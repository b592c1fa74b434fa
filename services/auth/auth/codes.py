"""One-time codes that people copy by hand: 80 random bits in an alphabet without look-alikes, stored only as a hash."""

import base64
import hashlib
import secrets

_RFC4648, _CROCKFORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TO_CROCKFORD = str.maketrans(_RFC4648, _CROCKFORD)
_FORGIVEN = str.maketrans("OIL", "011", " -")
CODE_BYTES = 10
GROUP = 4


def new_code() -> str:
    """A fresh code, for example `7K3M-…`: four groups of four."""
    text = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().translate(_TO_CROCKFORD)
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def normalise_code(typed: str) -> str:
    """The code somebody meant: case, spaces and hyphens do not count, O is 0, I and L are 1 (Crockford)."""
    return typed.strip().upper().translate(_FORGIVEN)


def hash_code(typed: str) -> bytes:
    """What is stored of a code. A plain hash is enough: 80 random bits cannot be guessed."""
    return hashlib.sha256(normalise_code(typed).encode()).digest()
