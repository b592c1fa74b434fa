"""Access tokens: ours pass, every other form is refused (RFC 8725 §3)."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from common import app
from common.auth import Caller, KeysUnavailable, TokenVerifier, hash_csrf, proves_csrf
from common.errors import BackendUnavailable, Unauthenticated
from common.revocation import Denylist
from joserfc import jws, jwt
from joserfc.jwk import OctKey, RSAKey

pytestmark = pytest.mark.anyio

ISSUER = "http://localhost:8080"
KEY = RSAKey.generate_key(2048, {"kid": "key-1"})
HEADER = {"alg": "RS256", "typ": "at+jwt", "kid": "key-1"}
OTHER = RSAKey.generate_key(2048, {"kid": "key-1"})


async def our_keys() -> Mapping[str, Any]:
    return {"keys": [KEY.as_dict(private=False, kid="key-1")]}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {
        "iss": ISSUER,
        "aud": "quill-api",
        "sub": str(uuid4()),
        "sid": str(uuid4()),
        "jti": str(uuid4()),
        "iat": now,
        "exp": now + 900,
        "auth_time": now,
        "amr": ["pwd"],
        "roles": ["clinician"],
        "tv": 1,
        "csh": hash_csrf("csrf"),
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def sign(payload: Mapping[str, Any], *, key: RSAKey = KEY, **header: Any) -> str:
    return jwt.encode(HEADER | header, dict(payload), key)


def sign_text(payload: str) -> str:
    return jws.serialize_compact(HEADER, payload, KEY)


def unsigned(header: object, payload: object) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, payload))
    return ".".join([*parts, ""])


@pytest.fixture
def verifier() -> TokenVerifier:
    return TokenVerifier(issuer=ISSUER, fetch_keys=our_keys)


async def test_our_token_gives_its_caller(verifier: TokenVerifier) -> None:
    payload = claims(pid=str(uuid4()))
    caller = await verifier.verify(sign(payload))
    assert (str(caller.user_id), str(caller.patient_id)) == (payload["sub"], payload["pid"])
    assert caller.roles == {"clinician"}
    assert "eyJ" not in repr(caller)


async def test_token_tells_whose_it_was_for_a_day_after_it_expired(
    verifier: TokenVerifier, move_clock: Callable[[float], None]
) -> None:
    payload = claims()
    for moved in (0, 1000, 24 * 3600):
        move_clock(moved)
        assert str((await verifier.identify(sign(payload))).user_id) == payload["sub"]
    move_clock(24 * 3600 + 1000)
    for token in (sign(payload), sign(claims(), key=OTHER), "a.b.c", ""):
        with pytest.raises(Unauthenticated):
            await verifier.identify(token)


async def test_csrf_proof_is_the_preimage_of_the_claim(verifier: TokenVerifier) -> None:
    caller = await verifier.verify(sign(claims()))
    assert proves_csrf(caller, "csrf")
    assert not proves_csrf(caller, "other")
    assert not proves_csrf(caller, None)


def now() -> int:
    return int(time.time())


@pytest.mark.parametrize(
    "token",
    [
        "",
        "abc",
        "a.b.c",
        sign(claims(), key=OTHER),
        sign(claims(), typ="JWT"),
        sign(claims(), kid="key-2"),
        sign(claims(), jku="https://example.org/keys"),
        sign(claims(), x5u="https://example.org/cert"),
        sign(claims(iss="http://localhost:9999")),
        sign(claims(aud="other")),
        sign(claims(aud=["quill-api"])),
        sign(claims(exp=now() - 60, iat=now() - 960)),
        sign(claims(exp=now() + 5000)),
        sign(claims(iat=now() + 3600, exp=now() + 4500)),
        sign(claims(exp=float(now() + 900))),
        sign(claims(exp=str(now() + 900))),
        sign(claims(iat=None)),
        sign(claims(auth_time=None)),
        sign(claims(auth_time="now")),
        sign(claims(sub=None)),
        sign(claims(sub="me")),
        sign(claims(sub=7)),
        sign(claims(pid=7)),
        sign(claims(csh=7)),
        sign(claims(jti=None)),
        sign(claims(roles="clinician")),
        sign(claims(roles=[1])),
        sign(claims(tv="1")),
        sign(claims(tv=True)),
        unsigned({"alg": "none", "typ": "at+jwt", "kid": "key-1"}, claims()),
        jwt.encode(
            {"alg": "HS256", "typ": "at+jwt", "kid": "key-1"},
            claims(),
            OctKey.import_key(KEY.as_pem(private=False).hex()),
        ),
    ],
)
async def test_any_other_token_is_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


SHAPES: list[Any] = [None, True, 7, -1, 10**400, 0.5, float("nan"), float("inf"), "", "alg", "\ud800", [], ["alg"]]
SHAPES += [["alg", "b64"], [["alg"]], {}, {"alg": "RS256"}, {"alg": {"alg": []}}]
ALLOWED: dict[str, list[Any]] = {name: [7, -1, 10**400] for name in ("auth_time", "tv")}
ALLOWED |= {name: ["", "alg", "\ud800"] for name in ("jti", "csh")} | {
    name: [[], ["alg"], ["alg", "b64"]] for name in ("roles", "amr")
}


@pytest.mark.parametrize("header", SHAPES, ids=repr)
async def test_token_with_a_header_of_any_shape_is_refused(verifier: TokenVerifier, header: object) -> None:
    for claimed in (header, *({**HEADER, name: header} for name in HEADER)):
        with pytest.raises(Unauthenticated):
            await verifier.verify(unsigned(claimed, claims()) + "AA")


@pytest.mark.parametrize("claim", claims(pid=""))
async def test_signed_token_with_a_claim_of_any_other_shape_is_refused(verifier: TokenVerifier, claim: str) -> None:
    for shape in SHAPES:
        if shape not in ALLOWED.get(claim, []):
            with pytest.raises(Unauthenticated):
                await verifier.verify(sign_text(json.dumps({**claims(), claim: shape})))


@pytest.mark.parametrize("payload", [*map(json.dumps, SHAPES), "", "{", "[" * 90_000, '{"exp": ' + "9" * 5000 + "}"])
async def test_signed_token_whose_claims_are_no_such_object_is_refused(verifier: TokenVerifier, payload: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(sign_text(payload))


async def test_known_token_is_refused_once_it_expires(
    verifier: TokenVerifier, move_clock: Callable[[float], None]
) -> None:
    token = sign(claims())
    await verifier.verify(token)
    move_clock(906)
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


async def test_keys_never_seen_is_unavailable_not_unauthenticated() -> None:
    async def away() -> Mapping[str, Any]:
        raise BackendUnavailable

    with pytest.raises(KeysUnavailable):
        await TokenVerifier(issuer=ISSUER, fetch_keys=away).verify(sign(claims()))


async def test_keys_of_a_silent_auth_are_good_for_a_day_and_asked_for_again_at_once_after_it(
    move_clock: Callable[[float], None],
) -> None:
    silent = False

    async def answer() -> Mapping[str, Any]:
        if silent:
            raise BackendUnavailable
        return await our_keys()

    verifier = TokenVerifier(issuer=ISSUER, fetch_keys=answer)
    await verifier.verify(sign(claims()))
    silent = True
    move_clock(23 * 3600)
    await verifier.verify(later(23 * 3600))
    move_clock(25 * 3600)
    with pytest.raises(KeysUnavailable):
        await verifier.verify(later(25 * 3600))
    silent = False
    await verifier.verify(later(25 * 3600))


UNREADABLE: list[Any] = [[], "keys", None, {}, {"keys": None}, {"keys": 7}, {"keys": []}, {"keys": ["kty"]}]
UNREADABLE += [{"keys": [{"kty": "RSA"}]}, {"keys": [{"kty": ["RSA"]}]}, {"keys": {"kty": "RSA"}}]
UNPUBLISHABLE: list[Any] = [None, 7, "", "!", "\ud800", ["AQ"], {}]
UNREADABLE += [{"keys": [{"kty": "RSA", "n": modulus, "e": "AQAB"}]} for modulus in UNPUBLISHABLE]


@pytest.mark.parametrize("document", UNREADABLE, ids=repr)
async def test_keys_that_cannot_be_read_are_like_no_answer(document: Any, move_clock: Callable[[float], None]) -> None:
    told = document

    async def answer() -> Any:
        return told

    with pytest.raises(KeysUnavailable):
        await TokenVerifier(issuer=ISSUER, fetch_keys=answer).verify(sign(claims()))
    told = await our_keys()
    verifier = TokenVerifier(issuer=ISSUER, fetch_keys=answer)
    await verifier.verify(sign(claims()))
    told = document
    move_clock(3600)
    await verifier.verify(later(3600))


async def test_answer_that_is_no_json_is_like_no_answer() -> None:
    async def answer() -> Any:
        return json.loads("<html>")

    with pytest.raises(KeysUnavailable):
        await TokenVerifier(issuer=ISSUER, fetch_keys=answer).verify(sign(claims()))


def later(seconds: int) -> str:
    return sign(claims(iat=now() + seconds, exp=now() + seconds + 900))


async def test_unknown_kids_do_not_make_it_fetch_keys_again_and_again() -> None:
    fetches = 0

    async def counted() -> Mapping[str, Any]:
        nonlocal fetches
        fetches += 1
        return await our_keys()

    verifier = TokenVerifier(issuer=ISSUER, fetch_keys=counted)
    await verifier.verify(sign(claims()))
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await verifier.verify(sign(claims(), kid=f"unknown-{number}"))
    assert fetches == 1


async def test_denylist_refuses_ended_sessions_and_outdated_versions(verifier: TokenVerifier) -> None:
    caller: Caller = await verifier.verify(sign(claims(tv=3)))
    denylist = Denylist()
    denylist.outdate(caller.user_id, token_version=3)
    assert not denylist.refuses(caller)
    denylist.outdate(caller.user_id, token_version=4)
    denylist.outdate(caller.user_id, token_version=2)
    assert denylist.refuses(caller)
    other: Caller = await verifier.verify(sign(claims()))
    assert not denylist.refuses(other)
    denylist.end_session(other.session_id)
    assert denylist.refuses(other)


async def test_answer_of_auth_that_is_no_set_of_keys_is_its_absence() -> None:
    problem = httpx.MockTransport(lambda _request: httpx.Response(404, json={"type": "/problems/not-found"}))
    async with httpx.AsyncClient(transport=problem, base_url="http://auth") as client:
        fetch_keys, _ = app._ask_auth(client)
        with pytest.raises(BackendUnavailable):
            await fetch_keys()
