"""Where the FHIR server under test is: QUILL_TEST_FHIR_URL, or else the fleet of the whole test run."""

import os
from collections.abc import Iterator

import httpx
import pytest


@pytest.fixture(scope="session")
def fhir_url(request: pytest.FixtureRequest) -> str:
    """The API base, such as http://127.0.0.1:8090/fhir."""
    url = os.environ.get("QUILL_TEST_FHIR_URL") or request.getfixturevalue("fleet").fhir_url
    return str(url).rstrip("/")


@pytest.fixture(scope="session")
def fhir(fhir_url: str) -> Iterator[httpx.Client]:
    """Speaks FHIR JSON to the server, from any thread."""
    headers = {"Accept": "application/fhir+json"}
    with httpx.Client(base_url=fhir_url, headers=headers, timeout=30, trust_env=False) as client:
        yield client
