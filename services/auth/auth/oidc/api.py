"""Endpoints of signing in at the provider. A browser comes here by itself, so that it is answered with where to go."""

from typing import Annotated

from common.errors import CsrfRefused
from common.policy import ANYONE, PolicyRouter, allow
from common.rest import CurrentWork
from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse

from auth.oidc import service
from auth.oidc.service import START_LIFE, Answer
from auth.sessions import cookies
from auth.visitor import CurrentVisitor

router = PolicyRouter("/auth/oidc")


def _navigation(request: Request) -> None:
    """Images and frames of other sites come here too; only a whole page signs somebody in (Fetch Metadata)."""
    if request.headers.get("Sec-Fetch-Dest", "document") != "document":
        raise CsrfRefused


NAVIGATION = Depends(_navigation)


def _browser(request: Request, work: CurrentWork) -> str | None:
    return request.cookies.get(cookies.cookie_name(cookies.OIDC, work.backend.settings))


def _answer(
    state: Annotated[str, Query()] = "",
    code: Annotated[str | None, Query()] = None,
    iss: Annotated[str | None, Query()] = None,
    error: Annotated[str | None, Query()] = None,
) -> Answer:
    return Answer(state=state, code=code, issuer=iss, error=error)


@router.get("/login", status_code=302, response_class=RedirectResponse, dependencies=[NAVIGATION], tags=["sessions"])
@allow(ANYONE)
async def oidc_login(visitor: CurrentVisitor, work: CurrentWork) -> RedirectResponse:
    """Go to the hospital's identity provider."""
    began = await service.begin(work, visitor=visitor)
    return _redirect(began.uri, cookies.oidc_cookie(work.backend.settings, secret=began.browser, life=START_LIFE))


@router.get("/callback", status_code=302, response_class=RedirectResponse, dependencies=[NAVIGATION], tags=["sessions"])
@allow(ANYONE)
async def oidc_callback(
    answer: Annotated[Answer, Depends(_answer)],
    browser: Annotated[str | None, Depends(_browser)],
    visitor: CurrentVisitor,
    work: CurrentWork,
) -> RedirectResponse:
    """Come back from the provider with a session, or to `/#sign-in-refused`; the app then refreshes."""
    proofs = await service.complete(work, answer=answer, browser=browser, visitor=visitor)
    secrets = {"refresh_token": proofs.refresh_token, "csrf_token": proofs.csrf_token}
    return _redirect("/", *cookies.new_cookies(work.backend.settings, **secrets))


def _redirect(uri: str, *set_cookies: str) -> RedirectResponse:
    response = RedirectResponse(uri, status_code=302)
    for value in set_cookies:
        response.headers.append("Set-Cookie", value)
    return response
