"""The identity provider over HTTP: what it says of itself, its keys, and tokens for codes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from common import clock, http
from common.errors import BackendUnavailable
from common.logging import get_logger
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from pydantic import BaseModel, ValidationError

from auth.errors import SignInRefused
from auth.oidc.settings import OidcSettings

log = get_logger(__name__)

CALL_SECONDS = 3.0
ALL_CALLS_SECONDS = 4.0  # Caddy waits for six
FRESH_SECONDS = 3600.0
WELL_KNOWN = "/.well-known/openid-configuration"


class Metadata(BaseModel):
    """What we need of the discovery document (OpenID Connect Discovery §3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class KeyDocument(BaseModel):
    """A JWKS document (RFC 7517 §5)."""

    keys: list[dict[str, Any]]


class Tokens(BaseModel):
    """What a code was exchanged for (OpenID Connect Core §3.1.3.3)."""

    id_token: str
    access_token: str


class Provider:
    """The provider of QUILL_OIDC_ISSUER. Its documents are asked for once an hour, and when a key is not known."""

    def __init__(self, settings: OidcSettings, client: httpx.AsyncClient) -> None:
        self._settings, self._client = settings, client
        self._name, secret = settings.oidc_client_id or "", settings.oidc_client_secret
        self._secret = secret.get_secret_value() if secret else ""
        self._callback = f"{settings.public_origin}/api/auth/oidc/callback"
        self._known: tuple[Metadata, KeySet] | None = None
        self._asked_at = float("-inf")

    async def authorization_uri(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where a browser signs in (OpenID Connect Core §3.1.2.1, RFC 7636 §4.3)."""
        metadata, _ = await self._about()
        proofs = {"state": state, "nonce": nonce, "code_challenge": create_s256_code_challenge(verifier)}
        asked = {"redirect_uri": self._callback, "scope": self._settings.oidc_scopes, "code_challenge_method": "S256"}
        return str(prepare_grant_uri(metadata.authorization_endpoint, self._name, "code", **asked, **proofs))

    async def redeem(self, code: str, *, verifier: str) -> Tokens:
        """Exchange a code, once (RFC 6749 §4.1.3).

        Raises:
            SignInRefused: the provider does not take the code, or does not know us.
        """
        metadata, _ = await self._about()
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        form["redirect_uri"], basic = self._callback, None
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            basic = (quote(self._name, safe=""), quote(self._secret, safe=""))  # form-encoded (RFC 6749 §2.3.1)
        else:
            form |= {"client_id": self._name, "client_secret": self._secret}
        answer = await http.call(self._client, "POST", metadata.token_endpoint, data=form, auth=basic)
        if answer.status_code != 200:
            log.warning("identity provider refused a code", status=answer.status_code)
            raise SignInRefused
        return _read(Tokens, answer)

    async def keys_with(self, kid: str | None) -> KeySet:
        """Its public keys; they are asked for again when the one that is wanted is not among them."""
        _, keys = await self._about()
        if kid is not None and all(key.kid != kid for key in keys):
            self._asked_at = float("-inf")
            _, keys = await self._about()
        return keys

    async def _about(self) -> tuple[Metadata, KeySet]:
        if self._known is None or clock.monotonic() - self._asked_at > FRESH_SECONDS:
            self._known, self._asked_at = await self._ask(), clock.monotonic()
        return self._known

    async def _ask(self) -> tuple[Metadata, KeySet]:
        issuer = self._settings.oidc_issuer or ""
        metadata = _read(Metadata, await http.call(self._client, "GET", issuer.removesuffix("/") + WELL_KNOWN))
        addresses = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
        if metadata.issuer != issuer or not all(map(self._settings.trusts, addresses)):
            log.warning("discovery document has another issuer than QUILL_OIDC_ISSUER, or addresses without https")
            raise BackendUnavailable
        document = _read(KeyDocument, await http.call(self._client, "GET", metadata.jwks_uri))
        return metadata, _key_set(document)


def _read[M: BaseModel](model: type[M], answer: httpx.Response) -> M:
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise BackendUnavailable from error


def _key_set(document: KeyDocument) -> KeySet:
    """The RSA and P-256 keys that sign; what else a provider publishes is not ours to judge."""
    signing = [key for key in document.keys if key.get("use", "sig") == "sig"]
    usable = [key for key in signing if key.get("kty") == "RSA" or key.get("crv") == "P-256"]
    try:
        return KeySet.import_key_set(KeySetSerialization(keys=usable))
    except (JoseError, ValueError, TypeError, LookupError) as error:
        raise BackendUnavailable from error


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """All that is asked for one step of a sign-in, in four seconds.

    Raises:
        BackendUnavailable: it was not answered by then.
    """
    try:
        async with asyncio.timeout(ALL_CALLS_SECONDS):
            yield
    except TimeoutError as error:
        raise BackendUnavailable from error
