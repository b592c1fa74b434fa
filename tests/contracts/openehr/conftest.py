"""Which openEHR servers the tests run against: the development server, and a real EHRbase where one is named."""

import os
from collections.abc import Iterator

import pytest
from contracts.openehr.server_under_test import OpenEhrServer

_DEVELOPMENT = "QUILL_TEST_OPENEHR"
_REAL = "QUILL_EHRBASE"
_WHICH = ["development", *(["real"] if os.environ.get(f"{_REAL}_URL") else [])]


def _from_environment(prefix: str, *, is_real: bool) -> OpenEhrServer:
    url, user, password = (os.environ[f"{prefix}_{name}"] for name in ("URL", "USER", "PASSWORD"))
    return OpenEhrServer(url.rstrip("/"), user, password, is_real)


@pytest.fixture(scope="session")
def development_server(request: pytest.FixtureRequest) -> Iterator[OpenEhrServer]:
    """The one that the environment names, else that of the fleet."""
    if f"{_DEVELOPMENT}_URL" in os.environ:
        server = _from_environment(_DEVELOPMENT, is_real=False)
    else:
        fleet = request.getfixturevalue("fleet")
        server = OpenEhrServer(fleet.openehr_url.rstrip("/"), fleet.openehr_user, fleet.openehr_password)
    yield server
    server.client.close()


@pytest.fixture(scope="session", params=_WHICH)
def server(request: pytest.FixtureRequest) -> Iterator[OpenEhrServer]:
    """Each server that the contract is held against."""
    if request.param == "development":
        yield request.getfixturevalue("development_server")
        return
    real = _from_environment(_REAL, is_real=True)
    yield real
    real.client.close()
