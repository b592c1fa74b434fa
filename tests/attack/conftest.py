"""What the attack suite shares: a fleet of its own, whose clock can be moved, and its people."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet import Fleet, running_fleet

from attack.people import SERVICES, Cast

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="package")
def fleet(server_folder: Path) -> Iterator[Fleet]:
    """The attacked fleet, with the limits per address that a hospital would begin with; it ends with these tests.

    QUILL_ATTACK_REPLICAS says how many there are of each service. QUILL_ATTACK_HOME names a running one to use instead.
    """
    replicas = os.environ.get("QUILL_ATTACK_REPLICAS", "2")
    settings = {
        "QUILL_REPLICAS": ",".join(f"{service}={replicas}" for service in SERVICES),
        "QUILL_APP_FACTORY": "attack.planting:{service}",
        "PYTHONPATH": str(TESTS),
        "QUILL_TEST_CLOCK": "1",
        "QUILL_LOGIN_FAILURES_PER_MINUTE": "20",
        "QUILL_REGISTRATIONS_PER_HOUR": "5",
    }
    instead = os.environ.get("QUILL_ATTACK_HOME")
    with running_fleet(server_folder / "attack-fleet", instead=instead, **settings) as fleet:
        yield fleet


@pytest.fixture(scope="package")
def cast(fleet: Fleet) -> Iterator[Cast]:
    """The demo's people, for whoever does not end their sessions."""
    people = Cast(fleet)
    yield people
    people.close()
