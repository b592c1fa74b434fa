"""What a session is proved with: access tokens (RFC 9068), refresh tokens, the CSRF token. No database here."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from common import clock
from common.auth import AUDIENCE, LIFETIME_SECONDS, TOKEN_TYPE
from joserfc import jwt

from auth.accounts.models import UserRow
from auth.sessions.keys import SigningKey
from auth.sessions.models import SessionRow


def new_secret() -> str:
    """256 random bits as text: a first refresh token, a CSRF token, or a sign-in's challenge."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> bytes:
    """What is stored of such a secret."""
    return hashlib.sha256(secret.encode()).digest()


def successors(presented: str, *, session_id: UUID, generation: int, keys: Sequence[bytes]) -> Sequence[str]:
    """The refresh token that follows, under each key: whoever repeats the question gets the same answer, and no
    plaintext is stored.

    Args:
        presented: the token it follows.
        generation: its own number in the family.
        keys: QUILL_REFRESH_KEY first, then the one before it.
    """
    message = f"rt1|{session_id}|{generation}|{presented}".encode()
    return [base64.urlsafe_b64encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode() for key in keys]


def access_token(user: UserRow, session: SessionRow, *, issuer: str, signing: SigningKey) -> str:
    """A signed access token that states who the user is and what they may do for the next fifteen minutes.

    Args:
        issuer: the public origin.
        signing: the key in use.
    """
    now = int(clock.now().timestamp())
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(user.id),
        "sid": str(session.id),
        "jti": str(uuid4()),
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "auth_time": _seconds(session.created_at),
        "amr": list(session.amr),
        "roles": list(user.roles),
        "tv": user.token_version,
        "csh": session.csrf_hash,
    }
    if user.patient_id is not None:
        claims["pid"] = str(user.patient_id)
    return jwt.encode({"alg": "RS256", "typ": TOKEN_TYPE, "kid": signing.kid}, claims, signing.key)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
