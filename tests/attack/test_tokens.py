"""Access tokens: whatever is not exactly what auth issues is refused by all four services (RFC 8725, RFC 9068)."""

import base64
import hmac
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from e2e.client import Person, assert_problem
from fleet import Fleet

from attack.forge import Forge, base64url, forge, sign
from attack.people import ALIVE, DEAD, Cast, read_everywhere, reads


@pytest.fixture
def original(fleet: Fleet, cast: Cast) -> Forge:
    """A forge after the token of a clinician who is signed in."""
    return forge(fleet, cast.clinician.access_token)


def assert_refused(fleet: Fleet, token: str) -> None:
    """Every service says 401."""
    assert read_everywhere(fleet, token) == DEAD


def test_token_signed_anew_with_the_same_claims_is_accepted(fleet: Fleet, original: Forge) -> None:
    assert read_everywhere(fleet, original.token()) == ALIVE  # so the refusals below are for what they change


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "at+JWT"},
        {"typ": "application/at+jwt"},
        {"typ": None},
        {"alg": "RS384"},
        {"alg": "PS256"},
        {"alg": "rs256"},
        {"alg": None},
        {"alg": ["RS256"]},
        {"kid": None},
        {"kid": 1},
        {"kid": "../../dev/null"},
        {"kid": "' OR 1=1 --"},
        {"jku": "https://keys.example/jwks.json"},
        {"jwk": {"kty": "oct", "k": "AA"}},
        {"x5u": "https://keys.example/chain.pem"},
        {"x5c": ["AA"]},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False},
        {"zip": "DEF"},
        {"cty": "JWT"},
    ],
    ids=json.dumps,
)
def test_token_with_another_header_is_refused(fleet: Fleet, original: Forge, header: dict[str, Any]) -> None:
    assert_refused(fleet, original.token(header=header))


def test_token_without_signature_is_refused(fleet: Fleet, original: Forge) -> None:
    _, claims, _ = original.token().split(".")
    for alg in ("none", "None", "NONE", "nOnE", ""):
        header = base64url(json.dumps({**original.header, "alg": alg}).encode())
        for signature in ("", base64url(b"0" * 384)):
            assert_refused(fleet, f"{header}.{claims}.{signature}")


def test_token_signed_with_the_public_key_as_a_secret_is_refused(fleet: Fleet, original: Forge) -> None:
    public = original.key.public_key()
    spellings = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        httpx.get(f"{fleet.url}/api/auth/.well-known/jwks.json", trust_env=False).content,
    ]
    for alg, digest in (("HS256", "sha256"), ("HS512", "sha512")):
        signed = original.token(header={"alg": alg}).rpartition(".")[0]
        for secret in (spelling for text in spellings for spelling in (text, text.strip())):
            assert_refused(fleet, f"{signed}.{base64url(hmac.digest(secret, signed.encode(), digest))}")


def test_token_signed_with_another_key_is_refused(fleet: Fleet, original: Forge) -> None:
    own = generate_private_key(65537, 3072)
    numbers = own.public_key().public_numbers()
    jwk = {"kty": "RSA", "e": "AQAB", "n": base64url(numbers.n.to_bytes(384))}
    assert_refused(fleet, original.token(key=own))
    assert_refused(fleet, original.token(key=own, header={"kid": str(uuid4())}))
    assert_refused(fleet, original.token(key=own, header={"jwk": jwk}))
    assert_refused(fleet, original.token(key=own, header={"alg": "RS256", "kid": None, "jwk": jwk}))


def test_token_whose_claims_were_changed_after_signing_is_refused(fleet: Fleet, original: Forge) -> None:
    head, claims, signature = original.token().split(".")
    admin = original.token(roles=["admin", "clinician"]).split(".")[1]
    flipped = base64url(bytes([base64.urlsafe_b64decode(signature + "==")[0] ^ 1]) + b"x" * 383)
    for token in (f"{head}.{admin}.{signature}", f"{head}.{claims}.{flipped}", f"{head}.{claims}.{signature[:-8]}"):
        assert_refused(fleet, token)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"iss": ["http://localhost"]},
        {"aud": "another-api"},
        {"aud": ["quill-api"]},
        {"aud": ["another-api", "quill-api"]},
        {"aud": None},
        *({name: None} for name in ("sub", "sid", "jti", "iat", "exp", "auth_time", "amr", "roles", "tv", "csh")),
        *({name: 7} for name in ("sub", "sid", "jti", "pid", "csh", "roles", "amr", "iss")),
        *({name: "x"} for name in ("sub", "sid", "pid", "roles", "amr", "tv", "auth_time")),
        *({name: ["x"]} for name in ("sub", "sid", "jti", "csh", "tv", "exp")),
        {"roles": [1]},
        {"roles": {"admin": True}},
        {"tv": 1.0},
        {"tv": True},
        {"auth_time": "now"},
    ],
    ids=json.dumps,
)
def test_token_with_a_claim_that_auth_never_issues_is_refused(
    fleet: Fleet, original: Forge, claims: dict[str, Any]
) -> None:
    assert_refused(fleet, original.token(**claims))


@pytest.mark.parametrize(
    ("iat", "exp"),
    [(0, 901), (0, 86_400), (-1_000, -100), (-900, -6), (60, 900), (1_000_000, 1_000_900), (0, 10**30)],
)
def test_token_that_is_over_or_lives_too_long_is_refused(fleet: Fleet, original: Forge, iat: int, exp: int) -> None:
    now = int(original.claims["iat"])
    assert_refused(fleet, original.token(iat=now + iat, exp=now + exp))


def test_token_with_times_that_are_no_integers_is_refused(fleet: Fleet, original: Forge) -> None:
    iat, exp = original.claims["iat"], original.claims["exp"]
    for times in ({"exp": str(exp)}, {"iat": float(iat)}, {"exp": exp + 0.5}, {"iat": str(iat)}, {"exp": True}):
        assert_refused(fleet, original.token(**times))


def test_token_that_is_no_token_is_refused(fleet: Fleet, original: Forge) -> None:
    head, claims, signature = original.token().split(".")
    for header in (
        b"[" * 9_000,
        b"[]",
        b'["alg"]',
        b'"alg"',
        b"null",
        b"{}",
        b"7",
        b"\xff\xfe",
        b'{"alg": "RS256", "alg": "none"}',
    ):
        assert_refused(fleet, f"{base64url(header)}.{claims}.{signature}")
    for token in ("x", ".", "..", "...", f"{head}.{claims}", f"{head}..{signature}", f"{head}.{claims}.", "=" * 100):
        assert_refused(fleet, token)
    for token in (f"{head}.{claims}.{signature}.{signature}", f" {head}.{claims}.{signature}", f"{head},{claims}"):
        assert_refused(fleet, token)


def test_token_whose_claims_are_no_object_is_refused(fleet: Fleet, original: Forge) -> None:
    head = original.token().split(".")[0]
    for claims in (b"[]", b"null", b"7", b'"x"', b"[" * 9_000, b"{", b"\xff"):
        signed = f"{head}.{base64url(claims)}"
        assert_refused(fleet, f"{signed}.{base64url(sign(original.key, signed))}")


def test_token_is_taken_from_the_authorization_header_only(fleet: Fleet, cast: Cast) -> None:
    token = cast.clinician.access_token
    with Person(fleet.url) as person:
        for path in reads(fleet).values():
            query = f"{path}{'&' if '?' in path else '?'}access_token={token}"
            assert person.get(query).status_code in {401, 404}
            for headers in (
                {"Authorization": f"Basic {token}"},
                {"Authorization": token},
                {"Authorization": f"Bearer {token}, Bearer {token}"},
                {"Authorization": f"Bearer {token} x"},
                {"Cookie": f"access_token={token}; Authorization={token}"},
                {"X-Access-Token": token},
            ):
                assert_problem(person.get(path, headers=headers), 401)


def test_token_of_a_patient_does_not_become_a_clinicians_by_its_case(fleet: Fleet, cast: Cast) -> None:
    roles = forge(fleet, cast.patient.access_token)
    for others in (["Clinician"], ["clinician "], ["patient,clinician"], [""], []):
        found = read_everywhere(fleet, roles.token(roles=others))
        assert found["patients"] == 403, others
