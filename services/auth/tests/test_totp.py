"""The second factor, on PostgreSQL: enrolling, confirming, signing in with it, switching it off."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
import pytest
from auth.errors import (
    CodeRefused,
    CredentialsRefused,
    PasswordRefused,
    SecondFactorRefused,
    SessionEnded,
    TotpAbsent,
    TotpActive,
    TotpNeeded,
    TotpRequired,
)
from auth.sessions.service import Issued
from auth.signin import service as signin
from auth.signin.schemas import LoginCode
from auth.totp import service as totp
from auth.totp.policy import matching_step
from auth.totp.schemas import TotpConfirm, TotpDisable, TotpEnrol
from auth_stage import PASSWORD, MakeSettings, Stage
from common import clock
from common.auth import Caller
from common.errors import TooManyRequests
from sqlalchemy import text

pytestmark = pytest.mark.anyio


@dataclass
class Authenticator:
    """A phone that knows the seed, on the clock of the service."""

    secret: str

    def code(self, *, steps: int = 0) -> str:
        """What it shows now, or showed or will show some steps away."""
        return pyotp.TOTP(self.secret).at(int(clock.now().timestamp()), counter_offset=steps)

    @property
    def wrong(self) -> str:
        """Six digits that are not its code now or one step from now."""
        near = {self.code(steps=steps) for steps in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


async def enrol(stage: Stage, caller: Caller, password: str = PASSWORD) -> Authenticator:
    form = TotpEnrol.model_validate({"password": password})
    return Authenticator((await totp.enrol(stage.work, caller, form=form)).secret)


async def confirm(stage: Stage, caller: Caller, code: str) -> list[str]:
    return await totp.confirm(stage.work, caller, form=TotpConfirm(code=code))


async def disable(stage: Stage, caller: Caller, code: str, password: str = PASSWORD) -> None:
    form = TotpDisable.model_validate({"password": password, "code": code})
    await totp.disable(stage.work, caller, form=form)


async def finish(stage: Stage, challenge: str, code: str) -> Issued:
    form = LoginCode(challenge=challenge, code=code)
    return await signin.finish_log_in(stage.work, form=form, visitor=stage.visitor)


async def challenge_of(stage: Stage, name: str = "alice") -> str:
    with pytest.raises(TotpRequired) as required:
        await stage.log_in(name)
    return str(required.value.members["challenge"])


@dataclass
class Protected:
    """Somebody with a second factor; its first code is spent, so the clock has moved one step on."""

    issued: Issued
    caller: Caller
    phone: Authenticator
    recovery_codes: list[str]


@pytest.fixture
async def alice(stage: Stage, move_clock: Callable[[float], None]) -> Protected:
    await stage.register("alice")
    issued = await stage.log_in("alice")
    caller = await stage.caller(issued)
    phone = await enrol(stage, caller)
    codes = await confirm(stage, caller, phone.code())
    move_clock(30)
    return Protected(issued, caller, phone, codes)


async def test_enrol_shows_a_seed_once_and_changes_nothing_yet(stage: Stage) -> None:
    await stage.register("alice")
    caller = await stage.caller(await stage.log_in("alice"))
    answer = await totp.enrol(stage.work, caller, form=TotpEnrol.model_validate({"password": PASSWORD}))
    phone = pyotp.parse_uri(answer.otpauth_uri)
    assert isinstance(phone, pyotp.TOTP)
    assert (phone.secret, phone.name, phone.issuer) == (answer.secret, "alice", "Quill")
    assert (phone.digits, phone.interval, phone.digest().name) == (6, 30, "sha1")
    assert len(phone.byte_secret()) * 8 == 160
    async with stage.work.database.transaction() as session:
        (row,) = (await session.execute(text("SELECT * FROM totp"))).all()
    assert answer.secret not in str(row)
    assert phone.byte_secret() not in row.sealed
    assert (await stage.log_in("alice")).session.user.totp_enabled is False
    assert await stage.audited("totp") == [("C", "ok")]


async def test_enrol_again_before_confirming_replaces_the_seed(stage: Stage) -> None:
    await stage.register("alice")
    caller = await stage.caller(await stage.log_in("alice"))
    first, second = await enrol(stage, caller), await enrol(stage, caller)
    with pytest.raises(CodeRefused):
        await confirm(stage, caller, first.code())
    assert len(await confirm(stage, caller, second.code())) == 10


async def test_confirm_switches_it_on_and_only_this_session_goes_on(stage: Stage) -> None:
    await stage.register("alice")
    here, there = await stage.log_in("alice"), await stage.log_in("alice")
    caller, other = await stage.caller(here), await stage.caller(there)
    phone = await enrol(stage, caller)
    with pytest.raises(CodeRefused) as refused:
        await confirm(stage, caller, phone.wrong)
    assert refused.value.problem["errors"][0]["loc"] == ["body", "code"]
    codes = await confirm(stage, caller, phone.code())
    assert len(set(codes)) == 10
    with pytest.raises(SessionEnded):
        await stage.refresh(there)
    refreshed = await stage.refresh(here)
    assert refreshed.session.user.totp_enabled is True
    assert (caller.amr, (await stage.caller(refreshed)).amr) == (("pwd",), ("pwd", "otp"))
    assert [fact["session_id"] for fact in await stage.facts("session.revoked")] == [str(other.session_id)]
    assert await stage.audited("totp") == [("C", "ok"), ("U", "failed"), ("U", "ok")]


async def test_enrol_and_confirm_when_it_is_on_are_conflicts(stage: Stage, alice: Protected) -> None:
    with pytest.raises(TotpActive):
        await enrol(stage, alice.caller)
    with pytest.raises(TotpActive):
        await confirm(stage, alice.caller, alice.phone.code())


async def test_confirm_and_disable_without_one_are_conflicts(stage: Stage) -> None:
    await stage.register("alice")
    caller = await stage.caller(await stage.log_in("alice"))
    with pytest.raises(TotpAbsent):
        await confirm(stage, caller, "123456")
    with pytest.raises(TotpAbsent):
        await disable(stage, caller, "123456")


async def test_log_in_in_one_step_takes_a_code_once(stage: Stage, alice: Protected) -> None:
    issued = await stage.log_in("alice", code=alice.phone.code())
    assert (await stage.caller(issued)).amr == ("pwd", "otp")
    with pytest.raises(CredentialsRefused):
        await stage.log_in("alice", code=alice.phone.code())


async def test_log_in_in_two_steps_takes_the_code_with_the_challenge(stage: Stage, alice: Protected) -> None:
    challenge = await challenge_of(stage)
    assert await stage.audited("session") == [("E", "ok"), ("E", "denied")]
    issued = await finish(stage, challenge, alice.phone.code())
    assert (await stage.caller(issued)).amr == ("pwd", "otp")
    with pytest.raises(SecondFactorRefused):
        await finish(stage, challenge, alice.recovery_codes[0])
    async with stage.work.database.transaction() as session:
        assert (await session.execute(text("SELECT * FROM login_challenges"))).all() == []


async def test_log_in_at_once_with_one_code_opens_one_session(stage: Stage, alice: Protected) -> None:
    code, challenges = alice.phone.code(), [await challenge_of(stage) for _ in range(4)]
    answers = await asyncio.gather(*(finish(stage, one, code) for one in challenges), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Issued", *["SecondFactorRefused"] * 3]


async def test_log_in_with_a_recovery_code_works_once_however_it_is_typed(stage: Stage, alice: Protected) -> None:
    typed = alice.recovery_codes[3].lower().replace("-", " ")
    assert (await stage.caller(await stage.log_in("alice", code=typed))).amr == ("pwd", "otp")
    with pytest.raises(CredentialsRefused):
        await stage.log_in("alice", code=alice.recovery_codes[3])
    assert await finish(stage, await challenge_of(stage), alice.recovery_codes[4])


async def test_log_in_with_a_code_after_the_key_moved_seals_the_seed_anew(
    stage: Stage, alice: Protected, make_settings: MakeSettings, move_clock: Callable[[float], None]
) -> None:
    moved = stage.under(make_settings(encryption_key="n" * 32, encryption_key_previous="e" * 32))
    await moved.log_in("alice", code=alice.phone.code())
    move_clock(60)
    later = stage.under(make_settings(encryption_key="n" * 32))
    await later.log_in("alice", code=alice.phone.code())
    move_clock(90)
    with pytest.raises(CredentialsRefused):
        await stage.log_in("alice", code=alice.phone.code())
    assert await stage.log_in("alice", code=alice.recovery_codes[0])


async def test_log_in_with_a_wrong_code_looks_like_a_wrong_password_and_counts_as_one(
    stage: Stage, alice: Protected
) -> None:
    with pytest.raises(CredentialsRefused) as password:
        await stage.log_in("alice", PASSWORD + "!", code=alice.phone.code())
    for _ in range(4):
        with pytest.raises(CredentialsRefused) as code:
            await stage.log_in("alice", code=alice.phone.wrong)
        assert code.value.problem == password.value.problem
    with pytest.raises(TooManyRequests):
        await stage.log_in("alice", code=alice.phone.code())
    assert (await stage.audited("session")).count(("E", "failed")) == 5


async def test_log_in_that_waits_for_its_code_is_no_failure(stage: Stage, alice: Protected) -> None:
    for _ in range(4):
        with pytest.raises(CredentialsRefused):
            await stage.log_in("alice", "wrong")
    for _ in range(3):
        await challenge_of(stage)
    with pytest.raises(CredentialsRefused):
        await stage.log_in("alice", "wrong")
    with pytest.raises(TooManyRequests):
        await stage.log_in("alice")


async def test_challenge_bears_five_tries_even_at_once(stage: Stage, alice: Protected) -> None:
    challenge = await challenge_of(stage)
    answers = await asyncio.gather(
        *(finish(stage, challenge, alice.phone.wrong) for _ in range(20)), return_exceptions=True
    )
    assert [type(answer) for answer in answers].count(SecondFactorRefused) == 5
    assert [type(answer) for answer in answers].count(TooManyRequests) == 15
    with pytest.raises(TooManyRequests) as refused:
        await finish(stage, challenge, alice.phone.code())
    assert 200 <= int(refused.value.headers["Retry-After"]) <= 300
    assert await finish(stage, await challenge_of(stage), alice.phone.code())


async def test_challenges_one_after_the_other_do_not_let_guess_on(stage: Stage, alice: Protected) -> None:
    for _ in range(2):
        challenge = await challenge_of(stage)
        for _ in range(5):
            with pytest.raises(SecondFactorRefused):
                await finish(stage, challenge, alice.phone.wrong)
    for attempt in (finish(stage, await challenge_of(stage), alice.phone.code()), stage.log_in("alice", code="1")):
        with pytest.raises(TooManyRequests):
            await attempt


async def test_challenge_refusals_look_alike(
    stage: Stage, alice: Protected, move_clock: Callable[[float], None]
) -> None:
    challenge, problems = await challenge_of(stage), []
    for tried, code in ((challenge, alice.phone.wrong), ("x" * 43, alice.phone.code())):
        with pytest.raises(SecondFactorRefused) as refused:
            await finish(stage, tried, code)
        problems.append(refused.value.problem)
    move_clock(30 + 301)
    with pytest.raises(SecondFactorRefused) as refused:
        await finish(stage, challenge, alice.phone.code())
    assert problems == [refused.value.problem] * 2


@pytest.mark.parametrize(
    "change", ["disabled_at = now()", "password_hash = 'another'", "totp_enabled = false", "password_hash = NULL"]
)
async def test_challenge_dies_with_what_it_stands_for(stage: Stage, alice: Protected, change: str) -> None:
    challenge = await challenge_of(stage)
    await stage.execute(f"UPDATE users SET {change}")  # noqa: S608
    with pytest.raises(SecondFactorRefused):
        await finish(stage, challenge, alice.phone.code())


async def test_disable_needs_password_and_code_and_ends_the_other_sessions(stage: Stage, alice: Protected) -> None:
    other = await stage.log_in("alice", code=alice.recovery_codes[0])
    with pytest.raises(PasswordRefused) as password:
        await disable(stage, alice.caller, alice.phone.code(), "wrong")
    assert password.value.problem["errors"][0]["loc"] == ["body", "password"]
    with pytest.raises(CodeRefused):
        await disable(stage, alice.caller, alice.phone.wrong)
    await disable(stage, alice.caller, alice.phone.code())
    with pytest.raises(SessionEnded):
        await stage.refresh(other)
    refreshed = await stage.refresh(alice.issued)
    assert refreshed.session.user.totp_enabled is False
    assert (await stage.caller(refreshed)).amr == ("pwd",)
    assert (await stage.log_in("alice")).refresh_token
    assert (await stage.audited("totp"))[2:] == [("D", "failed"), ("D", "failed"), ("D", "ok")]


async def test_disable_by_a_role_that_needs_it_is_refused(
    stage: Stage, alice: Protected, make_settings: MakeSettings
) -> None:
    strict = stage.under(make_settings(require_totp_roles="patient"))
    with pytest.raises(TotpNeeded):
        await disable(strict, alice.caller, alice.phone.code())
    assert (await stage.log_in("alice", code=alice.phone.code())).session.user.totp_enabled


async def test_passwords_and_codes_of_a_session_left_open_are_not_guessed(stage: Stage, alice: Protected) -> None:
    for _ in range(5):
        with pytest.raises(CodeRefused):
            await disable(stage, alice.caller, alice.phone.wrong)
    with pytest.raises(TooManyRequests):
        await disable(stage, alice.caller, alice.phone.code())
    for _ in range(5):
        with pytest.raises(PasswordRefused):
            await enrol(stage, alice.caller, "wrong")
    with pytest.raises(TooManyRequests):
        await enrol(stage, alice.caller)


SEED, NOW = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(("offset", "accepted"), [(-2, False), (-1, True), (0, True), (1, False)])
def test_code_counts_in_its_step_and_the_next(offset: int, accepted: bool) -> None:
    code, current = pyotp.TOTP(SEED).at(NOW, counter_offset=offset), int(NOW.timestamp()) // 30
    assert matching_step(SEED, code, now=NOW) == (current + offset if accepted else None)


def test_code_in_other_digits_or_with_more_around_it_is_none() -> None:
    code = pyotp.TOTP(SEED).at(NOW)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    for typed in (wide, f" {code}", f"{code}\n", f"{code[:3]} {code[3:]}", f"0{code}", code[:5], ""):
        assert matching_step(SEED, typed, now=NOW) is None
