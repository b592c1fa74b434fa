"""Signing keys, access tokens, hashing and encryption at rest: real cryptography throughout."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import bcrypt
import pytest
from auth.passwords import PasswordHasher
from auth.sessions import service as sessions
from auth.sessions.keys import KeyRing, SigningKey, current_key, published_keys
from auth.vault import Vault
from auth_stage import Stage
from common.auth import TokenVerifier
from cryptography.exceptions import InvalidTag
from joserfc import jws
from joserfc.jwk import RSAKey
from sqlalchemy import text
from stand_in import ORIGIN

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = RSAKey.generate_key(2048)


def key(kid: str, *, minutes: int) -> SigningKey:
    return SigningKey(kid, NOW + timedelta(minutes=minutes), KEY)


@pytest.mark.parametrize(
    ("keys", "signs", "published"),
    [
        ([key("a", minutes=0)], "a", ["a"]),
        ([key("a", minutes=-99), key("b", minutes=10)], "a", ["a", "b"]),
        ([key("a", minutes=-99), key("b", minutes=0)], "b", ["a", "b"]),
        ([key("a", minutes=-99), key("b", minutes=-29)], "b", ["a", "b"]),
        ([key("a", minutes=-99), key("b", minutes=-30)], "b", ["b"]),
        ([key("a", minutes=-99), key("b", minutes=-40), key("c", minutes=-5)], "c", ["b", "c"]),
        ([key("a", minutes=1)], "a", ["a"]),
    ],
)
def test_key_is_published_before_it_signs_and_after_it_did(
    keys: list[SigningKey], signs: str, published: list[str]
) -> None:
    assert current_key(keys, now=NOW).kid == signs
    assert [one.kid for one in published_keys(keys, now=NOW)] == published


@pytest.mark.anyio
async def test_replicas_that_start_at_once_agree_on_one_key(stage: Stage) -> None:
    await stage.execute("DELETE FROM signing_keys")
    rings = [KeyRing(Vault([b"e" * 32])) for _ in range(3)]
    documents = await asyncio.gather(*(ring.public_keys(stage.work.database) for ring in rings))
    ((only,),) = {tuple(one["kid"] for one in document["keys"]) for document in documents}
    (public,) = documents[0]["keys"]
    assert set(public) == {"kty", "n", "e", "use", "alg", "kid"}
    assert RSAKey.import_key(public).thumbprint() == only
    async with stage.work.database.transaction() as session:
        (stored,) = (await session.scalars(text("SELECT sealed FROM signing_keys"))).all()
    with pytest.raises(ValueError, match=r".*"):
        RSAKey.import_key(stored)


@pytest.mark.anyio
async def test_rotated_key_is_published_at_once_and_signs_later(stage: Stage) -> None:
    ring = KeyRing(Vault([b"e" * 32]))
    old = (await ring.signing_key(stage.work.database)).kid
    new = await ring.rotate(stage.work.database)
    later = KeyRing(Vault([b"n" * 32, b"e" * 32]))
    assert [one["kid"] for one in (await later.public_keys(stage.work.database))["keys"]][-2:] == [old, new]
    assert (await later.signing_key(stage.work.database)).kid == old
    await stage.execute("UPDATE signing_keys SET active_from = now() WHERE kid = :kid", kid=new)
    assert (await KeyRing(Vault([b"e" * 32])).signing_key(stage.work.database)).kid == new
    await stage.execute("DELETE FROM signing_keys")


@pytest.mark.anyio
async def test_keys_of_an_encryption_key_that_was_retired_are_not_missed(stage: Stage) -> None:
    """As docs/operations.md has it: `quill secrets rotate`, `quill keys rotate`, `quill secrets retire`."""
    await stage.execute("DELETE FROM signing_keys")
    database, before, after = stage.work.database, [b"e" * 32], [b"n" * 32]
    await KeyRing(Vault(before)).signing_key(database)
    kid = await KeyRing(Vault([*after, *before])).rotate(database)
    for minutes in (0, 70):  # at once, since it was stolen, and when nothing needs it
        await stage.execute("UPDATE signing_keys SET active_from = active_from - make_interval(mins => :m)", m=minutes)
        ring = KeyRing(Vault(after))
        assert (await ring.signing_key(database)).kid == kid
        assert [one["kid"] for one in (await ring.public_keys(database))["keys"]] == [kid]
    with pytest.raises(LookupError):  # rather than sign with a key that was replaced
        await KeyRing(Vault(before)).signing_key(database)
    await stage.execute("DELETE FROM signing_keys")


@pytest.mark.anyio
async def test_access_token_has_our_header_and_nothing_personal(stage: Stage) -> None:
    await stage.register("alice")
    issued = await stage.log_in("alice")
    parsed = jws.extract_compact(issued.session.access_token.encode())
    assert parsed.headers() == {"alg": "RS256", "typ": "at+jwt", "kid": parsed.headers()["kid"]}
    assert b"alice" not in parsed.payload

    async def fetch() -> Mapping[str, Any]:
        return await sessions.get_public_keys(stage.work)

    (public, *_) = (await fetch())["keys"]
    assert RSAKey.import_key(public).raw_value.key_size == 3072
    assert (await TokenVerifier(issuer=ORIGIN, fetch_keys=fetch).verify(issued.session.access_token)).expires_at


@pytest.mark.anyio
async def test_password_hash_keeps_scheme_and_pepper_and_takes_long_passwords() -> None:
    old, new = PasswordHasher([b"o" * 32], cost=4), PasswordHasher([b"n" * 32, b"o" * 32], cost=5)
    long = "ü" * 128
    stored = await old.hash(long)
    assert stored.startswith("bcrypt-hmac-sha256$")
    assert await new.matches(long, stored)
    assert not await new.matches(long[:-1], stored)
    assert (old.is_outdated(stored), new.is_outdated(stored)) == (False, True)
    assert not new.is_outdated(await new.hash(long))
    assert not await old.matches(long, await new.hash(long))
    assert not await old.matches(long, None)
    assert not bcrypt.checkpw(b"x", stored.split("$", 2)[2].encode())


@pytest.mark.anyio
async def test_password_of_nobody_or_of_a_lost_pepper_takes_as_long_as_a_wrong_one() -> None:
    hasher = PasswordHasher([b"o" * 32], cost=10)
    stored = await hasher.hash("an entirely unremarkable phrase")
    lost = await PasswordHasher([b"l" * 32], cost=10).hash("an entirely unremarkable phrase")

    async def median(known: str | None) -> float:
        times = []
        for _ in range(9):
            started = time.perf_counter()
            await hasher.matches("wrong", known)
            times.append(time.perf_counter() - started)
        return sorted(times)[4]

    # Without the dummy hash it would be a hundredth; the rest is left to the noise of a busy machine.
    shortest = 0.4 * await median(stored)
    assert await median(None) > shortest
    assert await median(lost) > shortest


def test_vault_opens_only_what_it_sealed_in_its_place() -> None:
    old, both, new = Vault([b"o" * 32]), Vault([b"n" * 32, b"o" * 32]), Vault([b"n" * 32])
    sealed = old.seal(b"secret", context="one")
    assert b"secret" not in sealed
    assert sealed != old.seal(b"secret", context="one")
    assert both.open(sealed, context="one") == b"secret"
    assert new.open(both.seal(b"secret", context="one"), context="one") == b"secret"
    with pytest.raises(InvalidTag):
        both.open(sealed, context="two")
    with pytest.raises(InvalidTag):
        both.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), context="one")
    with pytest.raises(LookupError):
        new.open(sealed, context="one")
