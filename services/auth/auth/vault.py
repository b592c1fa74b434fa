"""Data at rest: AES-256-GCM under keys derived from QUILL_ENCRYPTION_KEY. What is encrypted is decided elsewhere."""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ID_BYTES = 4
NONCE_BYTES = 12


class Vault:
    """Seals with the first key, opens with any: key id, nonce and ciphertext stand in one value."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """
        Args:
            keys: secrets of any form; an AES key is derived from each (RFC 5869).
        """
        derived = [HKDF(SHA256(), 32, salt=None, info=b"quill/auth/vault/v1").derive(key) for key in keys]
        self._ciphers = {hashlib.sha256(key).digest()[:ID_BYTES]: AESGCM(key) for key in derived}
        self._current = next(iter(self._ciphers))

    def seal(self, plaintext: bytes, *, context: str) -> bytes:
        """Encrypt a value; it opens only under the same context (its additional data)."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._current + nonce + self._ciphers[self._current].encrypt(nonce, plaintext, context.encode())

    def opens(self, sealed: bytes) -> bool:
        """Whether a value was sealed under a key that is still configured."""
        return sealed[:ID_BYTES] in self._ciphers

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypt a value.

        Raises:
            LookupError: it was sealed under a key that is no longer configured.
            cryptography.exceptions.InvalidTag: it was altered, or belongs to another context.
        """
        key_id, rest = sealed[:ID_BYTES], sealed[ID_BYTES:]
        if not self.opens(sealed):
            raise LookupError("sealed under another QUILL_ENCRYPTION_KEY")
        return self._ciphers[key_id].decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], context.encode())
