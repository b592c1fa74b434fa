"""Endpoints of signing in at the provider. A browser comes here as a page and is told where to go."""

from typing import Annotated

from common.errors import CsrfRefused, NotFound, TooManyRequests
from common.policy import ANYONE, PolicyRouter, allow, refuses
from common.rest import CurrentWork
from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse

from auth.oidc import service
from auth.oidc.schemas import Answer
from auth.sessions import cookies
from auth.visitor import CurrentVisitor


async def _check_navigation(request: Request) -> None:
    """Images and frames of other sites can come here too; they sign nobody in (Fetch Metadata)."""
    if request.headers.get("Sec-Fetch-Dest", "document") != "document":
        raise CsrfRefused


async def _browser(request: Request, work: CurrentWork) -> str | None:
    return request.cookies.get(cookies.cookie_name(cookies.OIDC, work.backend.settings))


router = PolicyRouter("/auth/oidc")
router.dependencies.append(Depends(_check_navigation))


@router.get("/login", status_code=302, response_class=RedirectResponse, tags=["sessions"])
@allow(ANYONE)
@refuses(CsrfRefused, NotFound, TooManyRequests)
async def oidc_login(visitor: CurrentVisitor, work: CurrentWork) -> RedirectResponse:
    """Go to the hospital's identity provider."""
    uri, browser = await service.begin(work, visitor=visitor)
    return _go(uri, cookies.oidc_cookie(work.backend.settings, secret=browser, life=service.START_LIFE))


@router.get("/callback", status_code=302, response_class=RedirectResponse, tags=["sessions"])
@allow(ANYONE)
@refuses(CsrfRefused, NotFound, TooManyRequests)
async def oidc_callback(
    answer: Annotated[Answer, Query()],
    browser: Annotated[str | None, Depends(_browser)],
    visitor: CurrentVisitor,
    work: CurrentWork,
) -> RedirectResponse:
    """Return from the identity provider with a session, which the app then refreshes, or to `/#sign-in-refused`."""
    proofs = await service.complete(work, answer=answer, browser=browser, visitor=visitor)
    secrets = {"refresh_token": proofs.refresh_token, "csrf_token": proofs.csrf_token}
    return _go("/", *cookies.new_cookies(work.backend.settings, **secrets))


def _go(uri: str, *set_cookies: str) -> RedirectResponse:
    response = RedirectResponse(uri, status_code=302)
    for value in set_cookies:
        response.headers.append("Set-Cookie", value)
    return response
