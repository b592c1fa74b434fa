"""Builds helm before the first test: a test's time limit does not count that."""

import chart
import pytest


@pytest.fixture(scope="session", autouse=True)
def helm() -> str:
    return chart.helm()
