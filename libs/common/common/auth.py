"""Who is calling: access tokens verified against auth's public keys (RFC 8725, RFC 9068), and the CSRF proof."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from common import clock
from common.audit import Actor
from common.errors import BackendUnavailable, Unauthenticated

AUDIENCE = "quill-api"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type (RFC 9068 §2.1)
LIFETIME_SECONDS = 900
LEEWAY_SECONDS = 5
KEYS_FRESH_SECONDS = 300.0
KEYS_REFETCH_SECONDS = 30.0
KEYS_USABLE_SECONDS = 24 * 3600.0
TOKEN_CACHE_SIZE = 4096
IDENTIFIES_SECONDS = 24 * 3600
MALFORMED = (JoseError, ValueError, TypeError, KeyError, RecursionError)  # what reading anything else than ours raises

type FetchKeys = Callable[[], Awaitable[Mapping[str, Any]]]


class KeysUnavailable(BackendUnavailable):
    """No public key of auth is known here, so tokens cannot be checked. Repeat the request after the time in
    Retry-After; the token may be valid. Operators: auth has been unavailable since this service started, so start it or
    read its log."""

    slug, title = "keys-unavailable", "Sign-in cannot be checked at the moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A signed-in user as the token states it."""

    user_id: UUID
    session_id: UUID
    roles: frozenset[str]
    patient_id: UUID | None
    token_version: int
    amr: tuple[str, ...]
    csrf_hash: str
    expires_at: int
    token: str = field(repr=False)
    address: str | None = None
    request_id: str | None = None
    by_head: bool = False  # asks by HEAD, and so is shown nothing

    @property
    def proved_twice(self) -> bool:
        """Whether a second factor was part of the sign-in (RFC 8176)."""
        return not {"otp", "mfa"}.isdisjoint(self.amr)

    @property
    def actor(self) -> Actor:
        """The caller as an audit entry names them."""
        return Actor(
            user_id=self.user_id, roles=tuple(sorted(self.roles)), address=self.address, request_id=self.request_id
        )


def hash_csrf(token: str) -> str:
    """The `csh` claim of a CSRF token: base64url of its SHA-256, unpadded."""
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def proves_csrf(caller: Caller, token: str | None) -> bool:
    """Whether the X-CSRF-Token header belongs to the caller's session, in constant time."""
    return token is not None and hmac.compare_digest(hash_csrf(token), caller.csrf_hash)


def read_header(token: str) -> Mapping[str, Any]:
    """What a token says of itself (RFC 7515 §4); nothing of it is proved.

    Raises:
        JoseError, ValueError, TypeError: it is no JWS in compact form whose header is an object.
    """
    header: object = jws.extract_compact(token.encode()).headers()
    if not isinstance(header, dict):  # joserfc takes whatever has an "alg" in it, the list ["alg"] too
        raise TypeError("the header is no object")
    return header


class TokenVerifier:
    """Checks access tokens with cached keys; a token is verified once and remembered until it expires."""

    def __init__(self, *, issuer: str, fetch_keys: FetchKeys) -> None:
        """
        Args:
            issuer: the `iss` that tokens must carry.
            fetch_keys: gets the JWKS document; may raise BackendUnavailable.
        """
        self._issuer, self._fetch_keys = issuer, fetch_keys
        self._keys: KeySet | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._known: dict[str, Caller] = {}

    async def verify(self, token: str) -> Caller:
        """The caller of a token.

        Raises:
            Unauthenticated: not our token, expired, or of another form than we issue.
            KeysUnavailable: auth's keys have never been seen, or not within 24 hours.
        """
        caller = self._known.get(token)
        if caller is None:
            caller = await self._verify_anew(token)
            if len(self._known) >= TOKEN_CACHE_SIZE:
                self._known.clear()
            self._known[token] = caller
        if caller.expires_at + LEEWAY_SECONDS <= clock.now().timestamp():
            self._known.pop(token, None)
            raise Unauthenticated("The access token has expired")
        return caller

    async def identify(self, token: str) -> Caller:
        """Whom a token of ours was given to, up to a day after it expired; it admits nobody. Raises as `verify`."""
        caller = self._known.get(token) or await self._verify_anew(token)
        if caller.expires_at + IDENTIFIES_SECONDS <= clock.now().timestamp():
            raise Unauthenticated("The access token has expired")
        return caller

    async def _verify_anew(self, token: str) -> Caller:
        try:
            keys = await self._keys_with(_key_id(token))
            claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
            return _caller_of(claims, token=token, issuer=self._issuer)
        except MALFORMED as error:
            raise Unauthenticated("The access token is not valid") from error

    async def _keys_with(self, kid: str) -> KeySet:
        now = clock.monotonic()
        known = self._keys is not None and any(key.kid == kid for key in self._keys.keys)
        age = now - self._fetched_at
        pause = KEYS_REFETCH_SECONDS if age <= KEYS_USABLE_SECONDS else 0
        if (not known or age > KEYS_FRESH_SECONDS) and now - self._tried_at > pause:
            await self._refetch(asked_at=now)
        if self._keys is None or now - self._fetched_at > KEYS_USABLE_SECONDS:
            raise KeysUnavailable
        return self._keys

    async def _refetch(self, *, asked_at: float) -> None:
        async with self._fetching:
            if self._tried_at >= asked_at:
                return  # somebody else did while this one waited
            self._tried_at = clock.monotonic()
            try:
                document = await self._fetch_keys()
                self._keys = KeySet.import_key_set(KeySetSerialization(keys=document["keys"]))
                self._fetched_at = clock.monotonic()
            except (BackendUnavailable, *MALFORMED):
                return
            finally:
                self._tried_at = clock.monotonic()


def _key_id(token: str) -> str:
    header = read_header(token)
    if header != {"alg": "RS256", "typ": TOKEN_TYPE, "kid": (kid := header.get("kid"))} or not isinstance(kid, str):
        raise ValueError("not an access token of ours")
    return kid


def _caller_of(claims: Mapping[str, Any], *, token: str, issuer: str) -> Caller:
    iat, exp = _claim(claims, "iat", int), _claim(claims, "exp", int)
    if claims["iss"] != issuer or claims["aud"] != AUDIENCE:
        raise ValueError("issued by or for somebody else")
    if exp - iat > LIFETIME_SECONDS or iat > clock.now().timestamp() + LEEWAY_SECONDS:
        raise ValueError("lives too long or begins in the future")
    _claim(claims, "jti", str)
    _claim(claims, "auth_time", int)
    return Caller(
        user_id=UUID(_claim(claims, "sub", str)),
        session_id=UUID(_claim(claims, "sid", str)),
        roles=frozenset(_strings(claims, "roles")),
        patient_id=UUID(_claim(claims, "pid", str)) if "pid" in claims else None,
        token_version=_claim(claims, "tv", int),
        amr=tuple(_strings(claims, "amr")),
        csrf_hash=_claim(claims, "csh", str),
        expires_at=exp,
        token=token,
    )


def _claim[T](claims: Mapping[str, Any], name: str, kind: type[T]) -> T:
    value = claims[name]
    if type(value) is not kind:  # True is no number
        raise ValueError(f"{name} is of another type")
    return value


def _strings(claims: Mapping[str, Any], name: str) -> list[str]:
    value = _claim(claims, name, list)
    if not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} is not a list of strings")
    return value
