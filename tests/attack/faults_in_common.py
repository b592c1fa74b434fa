"""Faults in what every service does: tokens, revocation, CSRF, rights."""

from typing import Any

from attack.fault import Patch, always, fault

# Access tokens


@fault("patients", cases=['attack/test_tokens.py::test_token_with_another_header_is_refused[{"typ": "JWT"}]'])
def type_of_tokens_is_not_checked(patch: Patch) -> None:
    from common import auth

    read = auth.read_header
    patch.setattr(auth, "read_header", lambda token: {**read(token), "typ": auth.TOKEN_TYPE})


@fault(
    "letters",
    cases=[
        'attack/test_tokens.py::test_token_with_another_header_is_refused[{"jku": "https://keys.example/jwks.json"}]'
    ],
)
def unknown_members_of_headers_are_ignored(patch: Patch) -> None:
    from common import auth

    read = auth.read_header
    known = ("alg", "typ", "kid")
    patch.setattr(auth, "read_header", lambda token: {name: read(token).get(name) for name in known})


@fault(
    "notify",
    cases=[
        "attack/test_tokens.py::test_token_signed_with_the_public_key_as_a_secret_is_refused",
        "attack/test_tokens.py::test_token_without_signature_is_refused",
    ],
)
def algorithm_is_what_the_token_says(patch: Patch) -> None:
    from types import SimpleNamespace

    from common import auth

    from attack.forge import decode

    read, verify = auth.read_header, auth.jwt.decode  # type: ignore[attr-defined]

    def believe(token: str, keys: Any, *, algorithms: Any) -> Any:
        header, claims = decode(token)
        if header["alg"].lower() == "none":
            return SimpleNamespace(claims=claims)
        if header["alg"] == "HS256":
            key = next(key for key in keys.keys if key.kid == header["kid"])
            check_mac(token, key.as_pem(private=False))
            return SimpleNamespace(claims=claims)
        return verify(token, keys, algorithms=algorithms)

    patch.setattr(auth, "read_header", lambda token: {**read(token), "alg": "RS256"})
    patch.setattr(auth, "jwt", SimpleNamespace(decode=believe))


def check_mac(token: str, secret: bytes) -> None:
    """HS256 (RFC 7518 §3.2), as a library does that was not told which algorithm to expect."""
    import hmac

    from attack.forge import base64url

    signed, _, mac = token.rpartition(".")
    if base64url(hmac.digest(secret, signed.encode(), "sha256")) != mac:
        raise ValueError


@fault(
    "notify",
    cases=['attack/test_tokens.py::test_token_with_a_claim_that_auth_never_issues_is_refused[{"aud": "another-api"}]'],
)
def audience_of_tokens_is_not_checked(patch: Patch) -> None:
    from common import auth

    read = auth._caller_of
    patch.setattr(auth, "_caller_of", lambda claims, **known: read({**claims, "aud": auth.AUDIENCE}, **known))


@fault(
    "patients",
    "notify",
    cases=[
        "attack/test_sessions.py::test_access_token_is_over_after_fifteen_minutes_in_every_service",
        "attack/test_tokens.py::test_token_that_is_over_or_lives_too_long_is_refused[-900--6]",
    ],
)
def tokens_never_expire(patch: Patch) -> None:
    from common import auth

    patch.setattr(auth, "LEEWAY_SECONDS", 10**9)


@fault("patients", cases=["attack/test_tokens.py::test_token_that_is_over_or_lives_too_long_is_refused[0-86400]"])
def tokens_live_as_long_as_they_say(patch: Patch) -> None:
    from common import auth

    patch.setattr(auth, "LIFETIME_SECONDS", 10**40)


# Revocation


@fault(
    *("patients", "letters", "notify"),
    cases=["attack/test_revocation.py::test_dead_token_stays_dead_in_services_that_start_anew"],
)
def feed_is_not_replayed_at_start(patch: Patch) -> None:
    from datetime import timedelta

    from common import revocation

    patch.setattr(revocation, "REPLAYED", timedelta(0))


@fault("letters", cases=["attack/test_revocation.py::test_access_token_is_dead_in_every_service_after[sign_out]"])
def ended_sessions_are_not_remembered(patch: Patch) -> None:
    from common.revocation import Denylist

    patch.setattr(Denylist, "end_session", always(None))


@fault("patients", cases=["attack/test_revocation.py::test_access_token_is_dead_in_every_service_after[unlink]"])
def versions_of_tokens_are_not_remembered(patch: Patch) -> None:
    from common.revocation import Denylist

    patch.setattr(Denylist, "outdate", always(None))


@fault(
    *("patients", "letters", "notify"),
    cases=[
        "attack/test_revocation.py::test_dead_token_is_refused_while_the_broker_is_silent_and_letters_are_written",
        "attack/test_revocation.py::test_writing_stops_when_auth_hangs_although_the_broker_answers",
    ],
)
def silence_of_the_feed_is_not_noticed(patch: Patch) -> None:
    from common.revocation import Feed

    patch.setattr(Feed, "fresh", True)


@fault(
    "letters",
    "notify",
    cases=[
        "attack/test_revocation.py::test_writing_pushing_and_administering_stop_when_nobody_can_say_who_is_out_and_reading_goes_on"
    ],
)
def writing_goes_on_when_nobody_can_say_who_is_out(patch: Patch) -> None:
    from common.revocation import Gate

    lives = Gate._lives
    patch.setattr(Gate, "_lives", lambda self, caller, **_: lives(self, caller, vital=False))


# CSRF


@fault("patients", cases=["attack/test_csrf.py::test_change_with_the_proof_of_another_session_is_refused"])
def csrf_token_is_not_compared(patch: Patch) -> None:
    from common import policy

    patch.setattr(policy, "proves_csrf", lambda _caller, token: token is not None)


@fault("auth", cases=["attack/test_csrf.py::test_nobody_is_signed_in_from_another_site"])
def changes_come_from_anywhere(patch: Patch) -> None:
    from common import policy

    patch.setattr(policy, "check_origin", always(None))


# Rights


@fault("letters", cases=["attack/test_rights.py::test_letter_of_one_patient_is_absent_under_another"])
def letters_are_found_by_their_uid_alone(patch: Patch) -> None:
    from contextlib import suppress

    from common.errors import NotFound
    from letters import service
    from letters.models import PatientEhrRow
    from letters.schemas import letter_of
    from sqlalchemy import select
    from sqlmodel import col

    async def read_letter(work: Any, _caller: Any, *, patient_id: Any, uid: Any, version: Any) -> Any:
        async with work.transaction() as session:
            everywhere = (await session.scalars(select(col(PatientEhrRow.ehr_id)))).all()
        for ehr_id in everywhere:
            with suppress(NotFound):
                letter = await work.backend.ehrbase.get_letter(ehr_id, uid, version=version)
                return letter_of(letter, patient_id=patient_id, read_at=None)
        raise NotFound

    patch.setattr(service, "read_letter", read_letter)


@fault("patients", "letters", cases=["attack/test_rights.py::test_record_of_another_patient_looks_like_none"])
def patients_read_any_record(patch: Patch) -> None:
    from common.policy import Policy

    check = Policy.check

    def let_in(self: Policy, caller: Any, patient_id: str | None) -> None:
        if not (self.linked_patient and "patient" in caller.roles):
            check(self, caller, patient_id)

    patch.setattr(Policy, "check", let_in)


@fault("auth", cases=["attack/test_rights.py::test_link_code_is_good_for_three_tries_by_whomever_and_for_72_hours"])
def link_codes_bear_any_number_of_tries(patch: Patch) -> None:
    from dataclasses import replace

    from auth.links import service

    patch.setattr(service, "TRIES_PER_CODE", replace(service.TRIES_PER_CODE, tries=1000))
