"""A stage whose staff sign in at an identity provider."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from auth.errors import SignInRefused
from auth.oidc import service as oidc
from auth.oidc.schemas import Answer
from auth.sessions import service as sessions
from auth.sessions.service import Issued, Proofs
from auth_stage import Stage
from oidc_provider import OidcProvider
from sqlalchemy import text

type Back = dict[str, str]


@dataclass
class OidcHouse(Stage):
    """Auth's use cases beside a provider with somebody at its keyboard."""

    provider: OidcProvider = field(kw_only=True)

    async def begin(self) -> tuple[Back, str | None]:
        """What the provider sends a browser back with, and the browser's secret."""
        uri, browser = await oidc.begin(self.work, visitor=self.visitor)
        return self.provider.authorize(uri), browser

    async def come_back(self, back: Back, browser: str | None) -> Proofs:
        answer = Answer.model_validate(back)
        return await oidc.complete(self.work, answer=answer, browser=browser, visitor=self.visitor)

    async def sign_in(self) -> Issued:
        """Sign in and refresh, as the app does."""
        proofs = await self.come_back(*await self.begin())
        presented, csrf_token = proofs.refresh_token, proofs.csrf_token
        return await sessions.refresh(self.work, presented=presented, csrf_token=csrf_token, visitor=self.visitor)

    async def assert_refused(self, attempt: Callable[[], Awaitable[object]]) -> None:
        """Nobody is signed in, the browser hears no reason, and the trail has it once."""
        before = await self.audited("session")
        with pytest.raises(SignInRefused) as refused:
            await attempt()
        assert (refused.value.status, refused.value.headers) == (302, {"Location": "/#sign-in-refused"})
        assert await self.audited("session") == [*before, ("E", "failed")]

    async def rows(self, table: str) -> list[Any]:
        async with self.work.database.transaction() as session:
            return list(await session.execute(text(f"SELECT * FROM {table}")))  # noqa: S608
