"""Auth's app: the only place where its parts are wired."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from common import clock
from common.app import Service, build_app
from common.auth import Caller, FetchKeys
from common.revocation import AskAuth
from common.work import HOUSEKEEPING_SECONDS, every
from fastapi import FastAPI

from auth import throttles
from auth.accounts.api import router as accounts
from auth.audit import service as audit
from auth.audit.api import router as trail
from auth.audit.consumers import CONSUMERS
from auth.backend import Work, open_backend
from auth.links.api import router as links
from auth.links.repository import forget_codes
from auth.oidc.api import router as oidc
from auth.oidc.repository import forget_starts
from auth.sessions import repository, service
from auth.sessions.api import router as sessions
from auth.sessions.policy import COOKIE_LIFE
from auth.settings import Settings
from auth.signin.api import router as signin
from auth.signin.repository import forget_challenges
from auth.totp.api import router as totp

REMEMBERED = timedelta(days=1)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app under its settings, by default those of the environment."""
    chosen = settings or Settings()
    parts = Service(
        name="auth",
        routers=[signin, sessions, totp, accounts, links, oidc, trail],
        open_backend=lambda: open_backend(chosen),
        loops=[every(HOUSEKEEPING_SECONDS, forget_the_past)],
        consumers=CONSUMERS,
        tokens=_own_tokens,
        keep=audit.keep,
    )
    return build_app(parts, chosen)


def _own_tokens(work: Work) -> tuple[FetchKeys, AskAuth]:
    async def fetch_keys() -> Mapping[str, Any]:
        return await service.get_public_keys(work)

    async def lives(caller: Caller) -> bool:
        return await service.find_living(work, caller) is not None

    return fetch_keys, lives


async def forget_the_past(work: Work) -> None:
    """Drop audit entries, sessions, sign-ins under way, link codes and throttles that are over."""
    now, settings = clock.now(), work.backend.settings
    await audit.prune(work, days=settings.audit_retention_days)
    over = now - COOKIE_LIFE - timedelta(days=settings.session_retention_days)
    await work.little_by_little(partial(repository.forget_sessions, before=over))
    await work.little_by_little(partial(forget_challenges, before=now))
    await work.little_by_little(partial(forget_codes, before=now - REMEMBERED))
    await work.little_by_little(partial(forget_starts, before=now))
    await work.little_by_little(partial(throttles.forget_past, before=now - REMEMBERED))
