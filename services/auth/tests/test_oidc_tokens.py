"""What an id_token must prove, what its claims mean, and what a hospital says about its provider."""

from typing import Any

import pytest
from auth.oidc.policy import identity_of
from auth_stage import MakeSettings
from joserfc.jwk import KeySet, RSAKey
from oidc_house import OidcHouse
from oidc_provider import oidc_settings
from pydantic import ValidationError

pytestmark = pytest.mark.anyio


LIES: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "somebody-else"},
    "another audience with our azp": {"aud": "somebody-else", "azp": "quill"},
    "several audiences without azp": {"aud": ["quill", "somebody-else"]},
    "another azp": {"azp": "somebody-else"},
    "another issuer": {"iss": "https://elsewhere.example"},
    "no issuer": {"iss": None},
    "expired": {"exp": 1_700_000_000},
    "never expires": {"exp": None},
    "expires some time": {"exp": "tomorrow"},
    "issued in the future": {"iat": 4_000_000_000},
    "never issued": {"iat": None},
    "not before the future": {"nbf": 4_000_000_000},
    "another access token": {"at_hash": "x"},
    "nobody": {"sub": None},
    "empty subject": {"sub": ""},
    "a number as subject": {"sub": 7},
    "a long subject": {"sub": "s" * 256},
    "a subject with a NUL": {"sub": "s\0"},
}


@pytest.mark.parametrize("lie", LIES)
async def test_id_token_with_a_wrong_claim_is_refused(house: OidcHouse, lie: str) -> None:
    house.provider.lies = LIES[lie]
    await house.assert_refused(house.sign_in)
    assert await house.rows("users") == await house.rows("sessions") == []


@pytest.mark.parametrize(
    "header", ["alg", ["alg"], ["alg", "b64"], [], {}, 7, None, {"alg": "RS256", "kid": ["x"]}], ids=repr
)
async def test_id_token_with_a_header_of_another_shape_is_refused(house: OidcHouse, header: object) -> None:
    house.provider.header = header
    await house.assert_refused(house.sign_in)


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp", "nbf", "iat", "nonce", "azp", "at_hash"])
async def test_id_token_with_a_claim_of_another_shape_is_refused(house: OidcHouse, claim: str) -> None:
    numbers = [] if claim in {"exp", "nbf", "iat"} else [True, 0.5, -1, 10**400, float("nan"), float("inf")]
    for shape in (["x"], {"x": []}, *numbers):
        house.provider.lies = {claim: shape}
        await house.assert_refused(house.sign_in)


@pytest.mark.parametrize("alg", ["none", "HS256", "RS512"])
async def test_id_token_under_another_algorithm_is_refused(house: OidcHouse, alg: str) -> None:
    house.provider.alg = alg
    await house.assert_refused(house.sign_in)


@pytest.mark.parametrize("kid", ["unknown", "ec"])
async def test_id_token_under_another_key_is_refused_after_one_more_look(house: OidcHouse, kid: str) -> None:
    back = await house.begin()
    house.provider.asked.clear()
    house.provider.kid = str(house.provider.ec.kid) if kid == "ec" else kid
    await house.assert_refused(lambda: house.come_back(*back))
    assert house.provider.asked.count("/jwks") == (1 if kid == "unknown" else 0)


async def test_id_token_under_a_new_key_is_believed(house: OidcHouse) -> None:
    back = await house.begin()
    old, house.provider.rsa = house.provider.rsa, RSAKey.generate_key(2048)
    house.provider.published = KeySet([house.provider.rsa, house.provider.ec])
    assert (await house.come_back(*back)).user.username == "m.hartley"
    house.provider.rsa = old
    await house.assert_refused(house.sign_in)


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "ES256"},
        {"about": {"token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"]}},
        {"lies": {"aud": ["quill", "other"], "azp": "quill", "at_hash": None}},
    ],
    ids=str,
)
async def test_what_an_honest_provider_may_do_is_taken(house: OidcHouse, change: dict[str, Any]) -> None:
    for name, value in change.items():
        setattr(house.provider, name, value)
    assert (await house.sign_in()).session.user.roles == ["clinician"]


def told(make_settings: MakeSettings, claims: dict[str, Any], **settings: str) -> Any:
    return identity_of({"sub": "s-1", **claims}, make_settings(**{**oidc_settings(1), **settings}))


@pytest.mark.parametrize(
    ("groups", "mapping", "roles"),
    [
        (["a"], "a:clinician", ["clinician"]),
        (["a", "b"], "a:clinician, b:admin", ["admin", "clinician"]),
        (["a"], "a:clinician,a:admin", ["admin", "clinician"]),
        (["urn:x:a"], "urn:x:a:admin", ["admin"]),
        ("a", "a:admin", ["admin"]),
        (["A"], "a:admin", []),
        (["a:admin"], "a:admin", []),
        ([""], "a:admin", []),
        (None, "a:admin", []),
    ],
)
def test_groups_give_the_mapped_roles(
    make_settings: MakeSettings, groups: object, mapping: str, roles: list[str]
) -> None:
    claims = {"unit": groups, "groups": ["a"]}
    assert told(make_settings, claims, oidc_role_claim="unit", oidc_roles=mapping).roles == roles


@pytest.mark.parametrize(
    ("claims", "proofs", "amr"),
    [
        ({"amr": ["pwd", "mfa"]}, "mfa", ["mfa"]),
        ({"amr": ["pwd", "otp"]}, "mfa", []),
        ({"amr": ["pwd", "otp"]}, "mfa, otp", ["mfa"]),
        ({"acr": "urn:loa:3"}, "urn:loa:3", ["mfa"]),
        ({"acr": "urn:loa:1"}, "urn:loa:3", []),
        ({"amr": "mfa"}, "mfa", ["mfa"]),
        ({"amr": {"mfa": True}, "acr": 3}, "mfa", []),
        ({}, "mfa", []),
        ({}, "*", ["mfa"]),
        ({"acr": "", "amr": []}, ",", []),
    ],
)
def test_second_factor_is_what_the_provider_proves(
    make_settings: MakeSettings, claims: dict[str, Any], proofs: str, amr: list[str]
) -> None:
    assert told(make_settings, claims, oidc_mfa=proofs).amr == amr


@pytest.mark.parametrize(
    ("claims", "username", "email", "display_name"),
    [
        ({}, "staff", None, "staff"),
        ({"preferred_username": "A.Smith@ward.example"}, "a.smith", None, "a.smith"),
        ({"email": "Anne@Hospital.Example"}, "anne", "anne@hospital.example", "anne"),
        ({"preferred_username": "HOSPITAL\\anne o'neil"}, "hospital-anne-o-neil", None, "hospital-anne-o-neil"),
        ({"preferred_username": "李", "name": "李 明"}, "staff", None, "李 明"),
        ({"preferred_username": "..a" * 30}, "a" + "..a" * 10 + ".", None, "a" + "..a" * 10 + "."),
        ({"preferred_username": 7, "email": ["x"], "name": None}, "staff", None, "staff"),
        ({"preferred_username": "anne", "email": "not an address"}, "anne", None, "anne"),
        ({"preferred_username": "anne", "name": "A\0\u202e\n\tB" + "c" * 200}, "anne", None, "A B" + "c" * 97),
    ],
)
def test_account_is_named_as_near_as_our_rules_allow(
    make_settings: MakeSettings, claims: dict[str, Any], username: str, email: str | None, display_name: str
) -> None:
    identity = told(make_settings, claims)
    assert (identity.username, identity.email, identity.display_name) == (username, email, display_name)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"oidc_issuer": None}, "QUILL_OIDC_ISSUER"),
        ({"oidc_client_id": None}, "QUILL_OIDC_CLIENT_ID"),
        ({"oidc_client_secret": None, "oidc_roles": None}, "QUILL_OIDC_CLIENT_SECRET, QUILL_OIDC_ROLES"),
        ({"oidc_client_secret": "short"}, "oidc_client_secret"),
        ({"oidc_client_secret": "example" * 8}, "oidc_client_secret"),
        ({"oidc_roles": "clinicians"}, "oidc_roles"),
        ({"oidc_roles": "everybody:patient"}, "oidc_roles"),
        ({"oidc_roles": ":admin"}, "oidc_roles"),
        ({"oidc_roles": "a:admin,"}, "oidc_roles"),
        ({"oidc_scopes": "profile email"}, "oidc_scopes"),
        ({"oidc_issuer": "id.hospital.example"}, "oidc_issuer"),
        ({"oidc_issuer": "https://id.hospital.example/?tenant=1"}, "oidc_issuer"),
        ({"mode": "production", "public_origin": "https://letters.example"}, "QUILL_OIDC_ISSUER"),
    ],
    ids=str,
)
def test_settings_that_are_not_whole_stop_the_start_up_by_name(
    make_settings: MakeSettings, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError, match=named) as refused:
        make_settings(**{**oidc_settings(1), **change})
    assert not any(str(value) in str(refused.value) for value in change.values() if value)


def test_settings_may_be_absent_or_empty(make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in oidc_settings(1):
        monkeypatch.setenv(f"QUILL_{name.upper()}", "")
    assert make_settings().oidc_issuer is None
