"""Endpoints of patient links."""

from common.errors import NotFound, TooManyRequests
from common.policy import PolicyRouter, allow, refuses
from common.rest import CurrentCaller, CurrentWork, PathId

from auth.accounts.schemas import User
from auth.errors import LinkRefused
from auth.links import policy, service
from auth.links.schemas import LinkCode, LinkCreate, LinkRedeem

router = PolicyRouter("/auth/patient-links")


@router.post("", status_code=201, tags=["patient links"])
@allow(policy.HAND_OUT_CODES, audits="patient-link")
@refuses(NotFound)
async def create_link_code(form: LinkCreate, caller: CurrentCaller, work: CurrentWork) -> LinkCode:
    """A one-time code that opens a patient's record to the patient's account."""
    return await service.create_code(work, caller, form=form)


@router.post("/redeem", tags=["patient links"])
@allow(policy.REDEEM_CODE, audits="patient-link", action="U")
@refuses(LinkRefused, TooManyRequests)
async def redeem_link_code(form: LinkRedeem, caller: CurrentCaller, work: CurrentWork) -> User:
    """Link the caller's account; refresh to get a token that includes the patient."""
    return User.of(await service.redeem_code(work, caller, form=form))


@router.delete("/{patient_id}", status_code=204, tags=["patient links"])
@allow(policy.UNLINK, audits="patient-link")
async def delete_link(patient_id: PathId, caller: CurrentCaller, work: CurrentWork) -> None:
    """Unlink a patient's record from its account."""
    await service.unlink_patient(work, caller, patient_id=patient_id)
