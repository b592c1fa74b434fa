"""Endpoints of signing in."""

from common.errors import TooManyRequests
from common.policy import ANYONE, PolicyRouter, allow, refuses
from common.rest import CurrentWork
from fastapi import Response

from auth.errors import CredentialsRefused, SecondFactorRefused, SignInBusy, TotpRequired
from auth.sessions.api import hand_out
from auth.sessions.schemas import Session
from auth.signin import service
from auth.signin.schemas import Login, LoginCode, LoginWays
from auth.visitor import CurrentVisitor

router = PolicyRouter("/auth/login")


@router.get("", tags=["sessions"])
@allow(ANYONE)
async def list_login_ways(work: CurrentWork) -> LoginWays:
    """The ways to sign in here, for the sign-in page."""
    return LoginWays(oidc=work.backend.provider is not None)


@router.post("", tags=["sessions"])
@allow(ANYONE)
@refuses(CredentialsRefused, TotpRequired, TooManyRequests, SignInBusy)
async def login(form: Login, visitor: CurrentVisitor, work: CurrentWork, response: Response) -> Session:
    """Sign in with a user name or e-mail address and a password, and a code where a second factor is on."""
    return hand_out(await service.log_in(work, form=form, visitor=visitor), work, response)


@router.post("/totp", tags=["sessions"])
@allow(ANYONE)
@refuses(SecondFactorRefused, TooManyRequests)
async def login_with_code(form: LoginCode, visitor: CurrentVisitor, work: CurrentWork, response: Response) -> Session:
    """Finish a sign-in whose password was right with six digits or a recovery code."""
    return hand_out(await service.finish_log_in(work, form=form, visitor=visitor), work, response)
