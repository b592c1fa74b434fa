"""What notify keeps unreadable: subscriptions and receivers of webhooks sealed at rest, endpoints found by HMAC, topics
that reveal no letter."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from notify.policy import Subscription
from notify.webhooks.policy import Receiver

NONCE_BYTES = 12
TOPIC_BYTES = 24


class Vault:
    """Keys derived from a secret (HKDF, RFC 5869), one for each purpose."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """
        Args:
            secrets: the current one first; what was sealed under an older one still opens.
        """
        self._subscriptions = [AESGCM(_derive(secret, b"subscriptions")) for secret in secrets]
        self._receivers = [AESGCM(_derive(secret, b"webhooks")) for secret in secrets]
        self._endpoints = [_derive(secret, b"endpoints") for secret in secrets]
        self._topics = _derive(secrets[0], b"topics")

    def seal(self, subscription: Subscription, *, device_id: UUID) -> bytes:
        """Encrypt a subscription (AES-256-GCM) so that it opens for this device only."""
        parts = [subscription.endpoint, subscription.p256dh.hex(), subscription.auth.hex()]
        return _seal(self._subscriptions[0], parts, owner=device_id)

    def open(self, sealed: bytes, *, device_id: UUID) -> Subscription:
        """The reverse of `seal`; InvalidTag if it was sealed for another device or with another key, or is damaged."""
        endpoint, p256dh, auth = _open(self._subscriptions, sealed, owner=device_id)
        return Subscription(endpoint, bytes.fromhex(p256dh), bytes.fromhex(auth))

    def seal_receiver(self, receiver: Receiver, *, webhook_id: UUID) -> bytes:
        """Encrypt where a webhook leads and its secret, so that they open for this webhook only."""
        return _seal(self._receivers[0], [receiver.url, receiver.secret], owner=webhook_id)

    def open_receiver(self, sealed: bytes, *, webhook_id: UUID) -> Receiver:
        """The reverse of `seal_receiver`; InvalidTag as `open`."""
        return Receiver(*_open(self._receivers, sealed, owner=webhook_id))

    def endpoint_hashes(self, endpoint: str) -> list[str]:
        """What an endpoint is found by: under the current secret, then under older ones."""
        return [hmac.new(key, endpoint.encode(), hashlib.sha256).hexdigest() for key in self._endpoints]

    def topic(self, subject_id: UUID) -> str:
        """The Topic of pushes about one thing, where a later one replaces an undelivered one (RFC 8030 §5.4)."""
        digest = hmac.new(self._topics, subject_id.bytes, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:TOPIC_BYTES]).decode()


def _seal(cipher: AESGCM, parts: Sequence[str], *, owner: UUID) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, json.dumps(parts).encode(), owner.bytes)


def _open(ciphers: Sequence[AESGCM], sealed: bytes, *, owner: UUID) -> list[str]:
    for cipher in ciphers:
        with suppress(InvalidTag):
            parts: list[str] = json.loads(cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.bytes))
            return parts
    raise InvalidTag


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"quill notify " + purpose).derive(secret.encode())
