"""What the tests of the web app share: the fleet, a browser, and people who use it."""

from collections.abc import Iterator

import pytest
from e2e.client import Person, demo_person, new_linked_patient
from fleet import Fleet
from native import web
from playwright.sync_api import Browser
from programs import lack

from web.steps import LETTER
from web.windows import Windows, running_browser


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A browser for all these tests: while it lives, nothing else in this process can use an event loop."""
    if not web.can_build():
        lack("the web app is built with Node, which is not here")
    with running_browser() as browser:
        yield browser


@pytest.fixture
def windows(chromium: Browser, fleet: Fleet) -> Iterator[Windows]:
    """Windows that must end without a complaint: no script failed, no policy was broken, no answer was an error."""
    windows = Windows(chromium, fleet.url)
    yield windows
    windows.close()
    assert windows.unexpected() == []


@pytest.fixture(scope="module")
def clinician(fleet: Fleet) -> Iterator[Person]:
    """The demo's clinician at work elsewhere, who makes the records that a test needs."""
    with demo_person(fleet, "clinician") as person:
        yield person


@pytest.fixture
def reader(fleet: Fleet, clinician: Person) -> Person:
    """A patient with one letter, LETTER."""
    person, patient_id = new_linked_patient(fleet, clinician)
    draft = {"title": LETTER, "body": "Dear patient,\n\nnothing was found."}
    assert clinician.post(f"/api/patients/{patient_id}/letters", draft).status_code == 201
    return person
