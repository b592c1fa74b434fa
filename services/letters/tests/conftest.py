"""Makes the running service of tests/letters_house.py known to the tests of letters, and who most of them are about."""

from uuid import UUID

import pytest
from letters_house import House, Person, house, house_of_letters, openehr_port

__all__ = ["house", "house_of_letters", "openehr_port"]


@pytest.fixture
def patient_id(house: House) -> UUID:
    """A patient of this test alone."""
    return house.patient()


@pytest.fixture
def clinician(house: House) -> Person:
    """A clinician of this test alone."""
    return house.person("clinician", name="Dr Ines Varga")
