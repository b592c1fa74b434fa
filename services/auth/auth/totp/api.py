"""Endpoints of the second factor."""

from common.errors import TooManyRequests
from common.policy import ENROLLING, SIGNED_IN, PolicyRouter, allow, refuses
from common.rest import CurrentCaller, CurrentWork

from auth.errors import CodeRefused, NoPassword, PasswordRefused, SignInBusy, TotpAbsent, TotpActive, TotpNeeded
from auth.totp import service
from auth.totp.schemas import RecoveryCodes, TotpConfirm, TotpDisable, TotpEnrol, TotpEnrolment

router = PolicyRouter("/auth/totp")


@router.post("/enrol", status_code=201, tags=["second factor"])
@allow(ENROLLING)
@refuses(TotpActive, NoPassword, PasswordRefused, TooManyRequests, SignInBusy)
async def enrol_totp(form: TotpEnrol, caller: CurrentCaller, work: CurrentWork) -> TotpEnrolment:
    """Get a seed for an authenticator; it takes effect once its first code is confirmed."""
    return await service.enrol(work, caller, form=form)


@router.post("/confirm", tags=["second factor"])
@allow(ENROLLING)
@refuses(TotpAbsent, CodeRefused, TooManyRequests)
async def confirm_totp(form: TotpConfirm, caller: CurrentCaller, work: CurrentWork) -> RecoveryCodes:
    """Switch two-factor sign-in on; all other sessions end. Refresh to get a token that includes it."""
    return RecoveryCodes(recovery_codes=await service.confirm(work, caller, form=form))


@router.post("/disable", status_code=204, tags=["second factor"])
@allow(SIGNED_IN)
@refuses(TotpNeeded, TotpAbsent, NoPassword, CodeRefused, PasswordRefused, TooManyRequests, SignInBusy)
async def disable_totp(form: TotpDisable, caller: CurrentCaller, work: CurrentWork) -> None:
    """Switch two-factor sign-in off; all other sessions end."""
    await service.disable(work, caller, form=form)
