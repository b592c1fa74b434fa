"""Faults in auth: sessions, signing in, the second factor."""

from typing import Any

from attack.fault import Patch, always, fault

# Sessions


@fault("auth", cases=["attack/test_sessions.py::test_refresh_with_a_grandparent_ends_the_family_within_the_grace_too"])
def grace_is_for_any_token_of_the_last_ten_seconds(patch: Patch) -> None:
    from auth.sessions import policy, repository, service, tokens

    exchange = service._exchange

    async def answer(work: Any, session: Any, row: Any, *, presented: str, now: Any) -> str | None:
        token = await repository.get_token(session, tokens.hash_secret(presented))
        if token.used_at is None or now - token.used_at > policy.GRACE:
            return await exchange(work, session, row, presented=presented, now=now)
        head = await repository.get_head(session, row.id)
        keys = work.backend.settings.refresh_keys
        for generation in range(token.generation + 1, head.generation + 1):
            presented = tokens.successors(presented, session_id=row.id, generation=generation, keys=keys)[0]
        return presented

    patch.setattr(service, "_exchange", answer)


@fault("auth", cases=["attack/test_sessions.py::test_refresh_repeated_after_the_grace_ends_the_family"])
def reuse_is_refused_and_the_family_lives_on(patch: Patch) -> None:
    from auth.errors import SessionEnded
    from auth.sessions import service

    exchange = service._exchange

    async def refuse(*args: Any, **kwargs: Any) -> str:
        token = await exchange(*args, **kwargs)
        if token is None:
            raise SessionEnded
        return token

    patch.setattr(service, "_exchange", refuse)


@fault("auth", cases=["attack/test_sessions.py::test_session_that_idled_too_long_is_over"])
def idle_sessions_live_on(patch: Patch) -> None:
    from dataclasses import replace

    from auth.sessions import policy

    for limits in ("PATIENT", "STAFF"):
        known = getattr(policy, limits)
        patch.setattr(policy, limits, replace(known, idle=known.absolute))


@fault(
    "auth",
    cases=["attack/test_sessions.py::test_session_is_over_at_its_absolute_limit_however_busy[patient-82800-604800]"],
)
def busy_sessions_live_for_ever(patch: Patch) -> None:
    from dataclasses import replace
    from datetime import timedelta

    from auth.sessions import policy

    for limits in ("PATIENT", "STAFF"):
        patch.setattr(policy, limits, replace(getattr(policy, limits), absolute=timedelta(days=365)))


@fault("auth", cases=["attack/test_sessions.py::test_refresh_and_log_out_without_the_sessions_csrf_token_do_nothing"])
def csrf_token_of_a_refresh_is_not_compared(patch: Patch) -> None:
    from types import SimpleNamespace

    from auth.sessions import service

    patch.setattr(service, "hmac", SimpleNamespace(compare_digest=always(True)))


# Signing in


@fault("auth", cases=["attack/test_sign_in.py::test_fifty_guesses_at_once_from_fifty_addresses_are_five_tries"])
def tries_are_counted_in_each_process(patch: Patch) -> None:
    from collections import Counter

    from auth import throttles
    from common.errors import TooManyRequests

    count, reserve = Counter[str](), throttles.reserve

    async def remember(session: Any, limit: Any, subject: str) -> None:
        if limit != throttles.LOGIN:
            await reserve(session, limit, subject)
            return
        count[subject] += 1
        if count[subject] > limit.tries:
            raise TooManyRequests

    patch.setattr(throttles, "reserve", remember)


@fault("auth", cases=["attack/test_sign_in.py::test_address_with_twenty_failures_waits_whatever_it_claims_to_be"])
def address_is_what_a_header_says(patch: Patch) -> None:
    from auth import visitor

    patch.setattr(
        visitor, "client_address", lambda request: request.headers.get("True-Client-IP") or request.client.host
    )


@fault("auth", cases=["attack/test_sign_in.py::test_log_in_wrong_unknown_disabled_and_unactivated_look_the_same"])
def unknown_names_are_told_apart(patch: Patch) -> None:
    from auth.accounts import repository
    from common.errors import NotFound

    find = repository.find_login

    async def tell(session: Any, name: str) -> Any:
        user = await find(session, name)
        if user is None:
            raise NotFound
        return user

    patch.setattr(repository, "find_login", tell)


@fault("auth", cases=["attack/test_sign_in.py::test_passwords_count_to_their_last_character_in_any_normal_form"])
def passwords_count_to_72_bytes(patch: Patch) -> None:
    from auth import passwords

    patch.setattr(passwords, "_peppered", lambda password, _pepper: password.encode()[:72])


# The second factor


@fault("auth", cases=["attack/test_totp.py::test_code_is_good_once_and_ends_those_before_it"])
def last_step_is_not_remembered(patch: Patch) -> None:
    from auth.totp import repository

    async def forget(*_: Any, **__: Any) -> bool:
        return True

    patch.setattr(repository, "spend_step", forget)


@fault("auth", cases=["attack/test_totp.py::test_code_in_other_digits_or_with_more_around_it_is_none"])
def codes_are_any_digits(patch: Patch) -> None:
    import re

    from auth.totp import policy

    patch.setattr(policy, "SIX_DIGITS", re.compile(r"\d{6}"))


@fault("auth", cases=["attack/test_totp.py::test_challenge_bears_five_tries_for_whoever_has_it_and_five_minutes"])
def challenges_bear_any_number_of_tries(patch: Patch) -> None:
    from auth.signin import service

    patch.setattr(service, "CHALLENGE_TRIES", 1000)
