"""The identity provider over HTTP: what it says of itself, its keys, and codes for tokens. It is never followed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
CALLBACK = "/api/auth/oidc/callback"


class Metadata(BaseModel):
    """What we need of the discovery document (OpenID Connect Discovery §3, RFC 8414, RFC 9207 §3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class TokenAnswer(BaseModel):
    """What a code was exchanged for (OpenID Connect Core §3.1.3.3)."""

    id_token: str
    access_token: str


class KeyDocument(BaseModel):
    """A JWKS document (RFC 7517 §5)."""

    keys: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Known:
    """What the provider said of itself, and when."""

    metadata: Metadata
    keys: KeySet
    at: float


class Provider:
    """The provider of QUILL_OIDC_ISSUER; its documents are asked for once an hour, and when a key is not known."""

    def __init__(self, settings: OidcSettings, client: httpx.AsyncClient) -> None:
        self.settings, self._client = settings, client
        self._known: Known | None = None

    async def authorization_uri(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where a browser signs in (OpenID Connect Core §3.1.2.1, RFC 7636 §4.3)."""
        metadata = (await self._about()).metadata
        return str(
            prepare_grant_uri(
                metadata.authorization_endpoint,
                self.settings.oidc_client_id,
                "code",
                redirect_uri=self._callback,
                scope=self.settings.oidc_scopes,
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        )

    async def names_itself(self) -> bool:
        """Whether its answers must name it (RFC 9207 §2.4)."""
        return (await self._about()).metadata.authorization_response_iss_parameter_supported

    async def redeem(self, code: str, *, verifier: str) -> TokenAnswer:
        """Exchange a code, once (RFC 6749 §4.1.3).

        Raises:
            SignInRefused: the provider does not take the code, or not us.
        """
        metadata = (await self._about()).metadata
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        # Each part is form-encoded first (RFC 6749 §2.3.1).
        name, secret = self.settings.oidc_client_id, self.settings.oidc_client_secret.get_secret_value()
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            proof: dict[str, Any] = {"auth": (quote(name, safe=""), quote(secret, safe=""))}
        else:
            form, proof = {**form, "client_id": name, "client_secret": secret}, {}
        answer = await http.call(self._client, "POST", metadata.token_endpoint, data=form, **proof)
        if answer.status_code != 200:
            log.warning("identity provider refused a code", status=answer.status_code)
            raise SignInRefused
        return _read(TokenAnswer, answer)

    async def keys_with(self, kid: str | None) -> KeySet:
        """Its public keys; they are asked for again when they do not have the one that is wanted."""
        known = await self._about()
        if kid is not None and all(key.kid != kid for key in known.keys):
            known = self._known = await self._ask()
        return known.keys

    @property
    def _callback(self) -> str:
        return self.settings.public_origin + CALLBACK

    async def _about(self) -> Known:
        if self._known is None or clock.monotonic() - self._known.at > FRESH_SECONDS:
            self._known = await self._ask()
        return self._known

    async def _ask(self) -> Known:
        issuer = self.settings.oidc_issuer
        metadata = await self._get(Metadata, issuer.removesuffix("/") + "/.well-known/openid-configuration")
        addresses = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
        if metadata.issuer != issuer or not all(map(self.settings.trusts, addresses)):
            log.warning("discovery document is not of QUILL_OIDC_ISSUER, or names addresses without https")
            raise BackendUnavailable
        keys = await self._get(KeyDocument, metadata.jwks_uri)
        return Known(metadata, _key_set(keys), clock.monotonic())

    async def _get[M: BaseModel](self, model: type[M], url: str) -> M:
        return _read(model, await http.call(self._client, "GET", url))


def _read[M: BaseModel](model: type[M], answer: httpx.Response) -> M:
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise BackendUnavailable from error


def _key_set(document: KeyDocument) -> KeySet:
    """The keys that may sign here: RSA and P-256. What else a provider publishes is not ours to judge."""
    usable = [
        key
        for key in document.keys
        if (key.get("kty") == "RSA" or key.get("crv") == "P-256") and key.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set(KeySetSerialization(keys=usable))
    except (JoseError, ValueError, TypeError, KeyError) as error:
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
