"""Signing in at an identity provider, on PostgreSQL and against a provider on loopback."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from auth.oidc import service as oidc
from auth.oidc.clients import Provider
from auth.oidc.service import Answer, Began
from auth.sessions.service import Proofs
from auth_stage import MakeSettings, Stage
from common import http
from oidc_provider import OidcProvider, oidc_settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    provider = OidcProvider()
    provider.sign_in("s-1", groups=["clinicians"], preferred_username="m.hartley", email="m.hartley@hospital.example")
    yield provider
    provider.stop()


@pytest.fixture
async def house(stage: Stage, provider: OidcProvider, make_settings: MakeSettings) -> AsyncIterator[Stage]:
    """A stage whose staff sign in at the provider."""
    settings = make_settings(**oidc_settings(provider.server_port))
    async with http.create_client(provider.issuer) as client:
        backend = replace(stage.work.backend, settings=settings, provider=Provider(settings, client))
        yield Stage(replace(stage.work, backend=backend))


async def come_back(house: Stage, began: Began, provider: OidcProvider) -> Proofs:
    back = provider.authorize(began.uri)
    answer = Answer(state=back["state"], code=back["code"], issuer=None, error=None)
    return await oidc.complete(house.work, answer=answer, browser=began.browser, visitor=house.visitor)


async def test_first_sign_in_opens_an_account_named_after_the_person(house: Stage, provider: OidcProvider) -> None:
    began = await oidc.begin(house.work, visitor=house.visitor)
    proofs = await come_back(house, began, provider)
    assert proofs.user.username == "m.hartley"
