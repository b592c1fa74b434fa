"""What end-to-end tests share: the one push service and the one identity provider that the fleet trusts."""

from collections.abc import Iterator

import pytest
from e2e.push_receiver import PushReceiver, push_receiver
from fleet import Fleet
from oidc_provider import OidcProvider


@pytest.fixture(scope="session")
def push_service(fleet: Fleet) -> Iterator[PushReceiver]:
    """A push service at the origin that the launcher allows for tests."""
    with push_receiver(fleet.push_port) as receiver:
        yield receiver


@pytest.fixture(scope="session")
def identity_provider(fleet: Fleet) -> Iterator[OidcProvider]:
    """The provider that auth was told of, with nobody at its keyboard."""
    provider = OidcProvider(fleet.oidc_port, ahead=lambda: fleet.ahead)
    yield provider
    provider.stop()
