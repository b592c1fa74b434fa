"""Finding a patient: who is pressed is who opens."""

import pytest
from e2e.client import Person, demo_person, new_patient, unique
from fleet import Fleet
from playwright.sync_api import Page, expect
from web.accessibility import unreached
from web.steps import heading
from web.windows import Windows


@pytest.fixture
def page(fleet: Fleet, windows: Windows, clinician: Person) -> Page:
    """A clinician's window in which two namesakes, Ada and Zoe, are found."""
    family = unique("Family")
    for given in ("Ada", "Zoe"):
        new_patient(clinician, name=[{"use": "official", "family": family, "given": [given]}])
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto("/patients")
    page.get_by_role("searchbox").fill(family)
    expect(page.get_by_role("link", name=family)).to_have_count(2)
    return page


def test_of_two_namesakes_the_one_that_is_pressed_opens(page: Page) -> None:
    page.get_by_role("link", name="Ada").click()
    expect(heading(page)).to_contain_text("Ada")


def test_what_is_found_is_reached_by_keys_and_shows_it(page: Page) -> None:
    assert unreached(page) == ([], [])
