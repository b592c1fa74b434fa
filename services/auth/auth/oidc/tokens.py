"""What an id_token must prove before it is believed (OpenID Connect Core §3.1.3.7). No network here."""

from collections.abc import Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken
from common import clock
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from auth.oidc.clients import TokenAnswer
from auth.oidc.settings import OidcSettings

ALGORITHMS = ("RS256", "ES256")
LEEWAY_SECONDS = 60


def key_id(id_token: str) -> str | None:
    """Which key an id_token says it is signed with; unproved."""
    kid: str | None = jws.extract_compact(id_token.encode()).headers().get("kid")
    return kid


def read_claims(answer: TokenAnswer, *, keys: KeySet, nonce: str, settings: OidcSettings) -> Mapping[str, Any]:
    """The claims of an id_token that the provider signed for us, for this sign-in, and lately.

    Raises:
        JoseError: it is not.
    """
    # Headers that we do not know are ignored (RFC 7515 §4); a key is never taken from one.
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    token = jwt.decode(answer.id_token, keys, registry=registry)
    wanted = {
        "iss": {"essential": True, "value": settings.oidc_issuer},
        "aud": {"essential": True, "value": settings.oidc_client_id},
        **{name: {"essential": True} for name in ("sub", "exp", "iat", "nonce")},
    }
    known = {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": answer.access_token}
    claims = CodeIDToken(token.claims, token.header, wanted, known)
    claims.validate(int(clock.now().timestamp()), LEEWAY_SECONDS)
    return dict(claims)
