"""Which openEHR servers the tests run against: the development server, and a real EHRbase where one is named."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from contracts.openehr import letters_data
from contracts.openehr.development_server import development_server as start
from contracts.openehr.server_under_test import OpenEhrServer
from native.bare import PostgresServer

_DEVELOPMENT = "QUILL_TEST_OPENEHR"
_REAL = "QUILL_EHRBASE"
_WHICH = ["development", *(["real"] if os.environ.get(f"{_REAL}_URL") else [])]


def _from_environment(prefix: str, *, is_real: bool) -> OpenEhrServer:
    url, user, password = (os.environ[f"{prefix}_{name}"] for name in ("URL", "USER", "PASSWORD"))
    return OpenEhrServer(url.rstrip("/"), user, password, is_real)


@pytest.fixture(scope="session")
def development_server(request: pytest.FixtureRequest) -> Iterator[OpenEhrServer]:
    """The one that the environment names, else one of our own on a database of its own."""
    if f"{_DEVELOPMENT}_URL" in os.environ:
        server = _from_environment(_DEVELOPMENT, is_real=False)
        yield server
        server.client.close()
        return
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    with start(postgres.create_database()) as running:
        yield running.server


@pytest.fixture(scope="session", params=_WHICH)
def server(request: pytest.FixtureRequest) -> Iterator[OpenEhrServer]:
    """Each server that the contract is held against."""
    if request.param == "development":
        yield request.getfixturevalue("development_server")
        return
    real = _from_environment(_REAL, is_real=True)
    yield real
    real.client.close()


@pytest.fixture(scope="session")
def letters(server: OpenEhrServer) -> OpenEhrServer:
    """A server that knows the letter's template."""
    answer = server.upload_template(letters_data.TEMPLATE)
    assert answer.status_code in (201, 409)
    return server


@pytest.fixture
def ehr_id(letters: OpenEhrServer) -> str:
    """A new patient's EHR."""
    return letters.create_ehr(str(uuid4()))
