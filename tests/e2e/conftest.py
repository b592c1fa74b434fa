"""What end-to-end tests share: the one identity provider that the fleet trusts."""

from collections.abc import Iterator

import pytest
from fleet import Fleet
from oidc_provider import OidcProvider


@pytest.fixture(scope="session")
def identity_provider(fleet: Fleet) -> Iterator[OidcProvider]:
    """The provider that auth was told of, with nobody at its keyboard."""
    provider = OidcProvider(fleet.oidc_port, ahead=lambda: fleet.ahead)
    yield provider
    provider.stop()
