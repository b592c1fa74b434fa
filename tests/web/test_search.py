"""Finding a patient: who is pressed is who opens."""

import re

import pytest
from e2e.client import NHS_NUMBER, Person, demo_person, new_nhs_number, new_patient, unique
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.accessibility import unreached, violations
from web.steps import give_password, heading, sign_out
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


def test_way_back_keeps_a_search_for_who_made_it_and_nobody_else(fleet: Fleet, windows: Windows, page: Page) -> None:
    box, family = page.get_by_role("searchbox"), page.get_by_role("searchbox").input_value()
    page.get_by_role("link", name="Ada").click()
    expect(heading(page)).to_contain_text("Ada")
    page.go_back()
    expect(box).to_have_value(family)
    expect(page.get_by_role("link", name=family)).to_have_count(2)
    page.get_by_role("link", name="Zoe").click()
    expect(heading(page)).to_contain_text("Zoe")

    sign_out(page)
    admin = fleet.account("admin")
    page.get_by_label("User name or e-mail address").fill(admin["username"])
    give_password(page, admin["password"])
    expect(heading(page)).to_have_text("Users")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/patients?" in request.url else None)
    page.go_back()
    expect(heading(page)).to_have_text("Patients")
    expect(page.get_by_role("button", name="List all patients")).to_be_visible()
    expect(box).to_have_value("")
    assert asked == []


def test_patient_is_found_by_birth_date_and_number_and_then_among_the_last_opened(
    page: Page, clinician: Person
) -> None:
    number, family = new_nhs_number(), unique("Family")
    new_patient(
        clinician,
        name=[{"use": "official", "family": family, "given": ["Noor"]}],
        identifier=[{"system": NHS_NUMBER, "value": number}],
        birthDate="1903-07-09",
    )
    box, found = page.get_by_role("searchbox"), page.get_by_role("main").get_by_role("row").get_by_role("link")
    for text in (f"{family} 9/7/1903", f"{number[:3]} {number[3:6]} {number[6:]}"):
        box.fill("nobody of this name")
        expect(page.get_by_text("Nobody is found")).to_be_visible()
        box.fill(text)
        expect(found).to_have_text(re.compile("Noor"))
    box.fill(f"{family} 9/7/1904")
    expect(page.get_by_text("Nobody is found")).to_be_visible()
    assert violations(page) == []
    box.fill(number)
    found.click()
    expect(heading(page)).to_contain_text("Noor")
    page.get_by_role("navigation").get_by_role("link", name="Patients").click()
    expect(box).to_have_value("")
    expect(page.get_by_role("table", name="Patients opened last").get_by_role("link")).to_have_text(re.compile("Noor"))


def test_what_is_found_is_reached_by_keys_and_shows_it(page: Page) -> None:
    assert unreached(page) == ([], [])
