"""The RSA keys that sign access tokens: made once by whichever replica is first, stored sealed, published as JWKS."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common import clock
from common.db import Database
from joserfc.jwk import RSAKey

from auth.sessions import repository
from auth.sessions.models import SigningKeyRow
from auth.vault import Vault

BITS = 3072
FRESH_SECONDS = 60.0
# Verifiers keep a key set for 300 s and replicas theirs for 60 s: nobody meets a signature whose key they cannot know.
ANNOUNCED = timedelta(minutes=10)
KEPT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key and the time from which it signs."""

    kid: str
    active_from: datetime
    key: RSAKey


class KeyRing:
    """A replica's copy of the keys; it looks at the database once a minute."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._keys: Sequence[SigningKey] = ()
        self._loaded_at = float("-inf")

    async def signing_key(self, database: Database) -> SigningKey:
        """The key to sign with now."""
        return current_key(await self._load(database), now=clock.now())

    async def public_keys(self, database: Database) -> dict[str, Any]:
        """The JWKS document (RFC 7517): the key in use, those to come, and those whose tokens may still live."""
        keys = published_keys(await self._load(database), now=clock.now())
        public = ({**one.key.as_dict(private=False), "use": "sig", "alg": "RS256", "kid": one.kid} for one in keys)
        return {"keys": list(public)}

    async def rotate(self, database: Database) -> str:
        """Publish a new key now that signs in ten minutes; returns its id."""
        row = await self._new_row(active_from=clock.now() + ANNOUNCED)
        async with database.transaction() as session:
            session.add(row)
        return row.kid

    async def _load(self, database: Database) -> Sequence[SigningKey]:
        if clock.monotonic() - self._loaded_at < FRESH_SECONDS:
            return self._keys
        async with database.transaction() as session:
            rows = await repository.list_signing_keys(session)
        if not rows:
            first = await self._new_row(active_from=clock.now())
            async with database.transaction() as session:
                rows = await repository.add_first_signing_key(session, first)
        live = published_keys(rows, now=clock.now())
        # The rest, and what was sealed under a QUILL_ENCRYPTION_KEY that is gone, is not missed beside a newer key.
        known = [row for row in live if self._vault.opens(row.sealed)] or live
        self._keys = [self._opened(row) for row in known]
        self._loaded_at = clock.monotonic()
        return self._keys

    async def _new_row(self, *, active_from: datetime) -> SigningKeyRow:
        key = await asyncio.to_thread(RSAKey.generate_key, BITS)
        kid = key.thumbprint()  # RFC 7638
        return SigningKeyRow(
            kid=kid, sealed=self._vault.seal(key.as_der(private=True), context=kid), active_from=active_from
        )

    def _opened(self, row: SigningKeyRow) -> SigningKey:
        return SigningKey(row.kid, row.active_from, RSAKey.import_key(self._vault.open(row.sealed, context=row.kid)))


def current_key(keys: Sequence[SigningKey], *, now: datetime) -> SigningKey:
    """The newest key that is active; of a set that is about to begin, the first."""
    active = [one for one in keys if one.active_from <= now]
    return active[-1] if active else keys[0]


def published_keys[K: SigningKey | SigningKeyRow](keys: Sequence[K], *, now: datetime) -> Sequence[K]:
    """Keys in the order in which they become active, without those replaced more than half an hour ago."""
    replaced_at = [later.active_from for later in keys[1:]]
    return [*(one for one, until in zip(keys, replaced_at, strict=False) if until > now - KEPT), keys[-1]]
