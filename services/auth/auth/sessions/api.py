"""Endpoints of sessions and of the public keys."""

from typing import Annotated, Any

from common.policy import ANYONE, ENROLLING, PolicyRouter, allow, refuses
from common.rest import CurrentCaller, CurrentWork, Cursor, Limit, Page, PathId
from fastapi import Depends, Header, Request, Response

from auth.accounts.schemas import User
from auth.errors import SessionEnded
from auth.sessions import cookies, policy, service
from auth.sessions.schemas import OwnSession, Session
from auth.visitor import CurrentVisitor

router = PolicyRouter("/auth")


async def _refresh_token(request: Request, work: CurrentWork) -> str | None:
    return request.cookies.get(cookies.cookie_name(cookies.REFRESH, work.backend.settings))


RefreshToken = Annotated[str | None, Depends(_refresh_token)]
CsrfToken = Annotated[str | None, Header(alias="X-CSRF-Token")]


@router.post("/refresh", tags=["sessions"])
@allow(policy.HOLD_SESSION)
@refuses(SessionEnded)
async def refresh(
    token: RefreshToken, work: CurrentWork, visitor: CurrentVisitor, response: Response, csrf: CsrfToken = None
) -> Session:
    """Exchange the refresh cookie for a new access token and the next cookie."""
    return hand_out(await service.refresh(work, presented=token, csrf_token=csrf, visitor=visitor), work, response)


@router.post("/logout", status_code=204, tags=["sessions"])
@allow(policy.HOLD_SESSION)
@refuses(SessionEnded)
async def logout(
    token: RefreshToken, work: CurrentWork, visitor: CurrentVisitor, response: Response, csrf: CsrfToken = None
) -> None:
    """End the session; its tokens stop working in every service within a second."""
    await service.log_out(work, presented=token, csrf_token=csrf, visitor=visitor)
    _set(response, cookies.cleared_cookies(work.backend.settings))


@router.post("/logout-all", status_code=204, tags=["sessions"])
@allow(policy.OWN_SESSIONS)
async def logout_all(caller: CurrentCaller, work: CurrentWork, response: Response) -> None:
    """End every session of the caller, including this one."""
    await service.log_out_everywhere(work, caller)
    _set(response, cookies.cleared_cookies(work.backend.settings))


@router.get("/sessions", tags=["sessions"])
@allow(policy.OWN_SESSIONS)
async def list_sessions(
    caller: CurrentCaller, work: CurrentWork, limit: Limit = 20, cursor: Cursor = None
) -> Page[OwnSession]:
    """The caller's active sessions, newest first."""
    return await service.list_sessions(work, caller, limit=limit, cursor=cursor)


@router.delete("/sessions/{session_id}", status_code=204, tags=["sessions"])
@allow(policy.OWN_SESSIONS)
async def delete_session(session_id: PathId, caller: CurrentCaller, work: CurrentWork) -> None:
    """End one of the caller's sessions; its tokens stop working in every service within a second."""
    await service.end_session(work, caller, session_id=session_id)


@router.get("/me", tags=["sessions"])
@allow(ENROLLING)
async def me(caller: CurrentCaller, work: CurrentWork) -> User:
    """The caller's own account."""
    return await service.get_me(work, caller)


@router.get("/.well-known/jwks.json", tags=["keys"])
@allow(ANYONE)
async def jwks(work: CurrentWork, response: Response) -> dict[str, Any]:
    """The public keys of access tokens (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return await service.get_public_keys(work)


def hand_out(issued: service.Issued, work: CurrentWork, response: Response) -> Session:
    """Answer with a session; its refresh token goes into a cookie."""
    tokens = {"refresh_token": issued.refresh_token, "csrf_token": issued.session.csrf_token}
    _set(response, cookies.new_cookies(work.backend.settings, **tokens))
    return issued.session


def _set(response: Response, values: list[str]) -> None:
    for value in values:
        response.headers.append("Set-Cookie", value)
