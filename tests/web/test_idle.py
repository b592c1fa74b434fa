"""Staff who have left: their screen is covered, and nothing but their password uncovers it; who is at work stays in."""

import pytest
from e2e.client import Person, new_patient, new_staff
from fleet import Fleet
from playwright.sync_api import Locator, Page, expect

from web.accessibility import violations
from web.steps import give_password, heading, sign_in, write
from web.windows import Windows


@pytest.fixture
def author(fleet: Fleet) -> Person:
    """A clinician whose session nobody else shares."""
    return new_staff(fleet, "clinician")


@pytest.fixture
def page(windows: Windows, author: Person) -> Page:
    """Their window, whose clock the test moves on."""
    page = windows.open()
    page.clock.install()
    sign_in(page, author.user["username"], author.password)
    expect(heading(page)).to_have_text("Patients")
    return page


def pass_minutes(page: Page, minutes: int) -> None:
    """Nobody touches any tab of this browser for so long."""
    page.clock.fast_forward(f"{minutes:02}:00")


def cover(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Sign in again to go on")


def warning(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Are you still there?")


def test_screen_that_was_left_is_covered_and_loading_it_again_does_not_uncover_it(
    page: Page, author: Person, clinician: Person
) -> None:
    page.goto(f"/patients/{new_patient(clinician)}/letters/new")
    write(page, "Half a letter", "Dear patient,")
    with page.expect_response("**/api/auth/logout"):
        pass_minutes(page, 31)
    give_password(page, author.password)
    expect(cover(page)).to_be_hidden()
    expect(page.get_by_label("Title")).to_have_value("Half a letter")
    page.get_by_label("Title").fill("")
    page.get_by_label("Letter", exact=True).fill("")
    with page.expect_response("**/api/auth/logout"):
        pass_minutes(page, 31)
    expect(cover(page)).to_be_visible()
    assert violations(page) == []
    page.reload()
    expect(heading(page)).to_have_text("Sign in to Quill")


def test_somebody_else_who_leaves_a_covered_screen_ends_its_session(windows: Windows, page: Page) -> None:
    windows.expect_complaint("ERR_FAILED")
    page.route("**/api/auth/logout", lambda route: route.abort(), times=1)
    pass_minutes(page, 31)
    cover(page).get_by_role("button", name="leave and lose what was typed").click()
    expect(heading(page)).to_have_text("Sign in to Quill")
    page.goto("/patients")
    expect(heading(page)).to_have_text("Sign in to Quill")


def test_work_in_one_tab_keeps_the_others_open(page: Page) -> None:
    other = page.context.new_page()
    other.goto("/patients")
    expect(heading(other)).to_have_text("Patients")
    pass_minutes(page, 20)
    other.get_by_role("searchbox").fill("Hartley")
    expect(other.get_by_role("link", name="Hartley").first).to_be_visible()
    pass_minutes(page, 15)
    page.get_by_role("link", name="Patients").click()
    expect(cover(page)).to_have_count(0)


def test_staff_are_asked_in_every_tab_before_it_is_covered_and_stay_signed_in(page: Page) -> None:
    other = page.context.new_page()
    other.goto("/patients")
    expect(heading(other)).to_have_text("Patients")
    pass_minutes(page, 29)
    expect(warning(other)).to_be_visible()
    warning(page).get_by_role("button", name="Stay signed in").click()
    expect(warning(page)).to_be_hidden()
    expect(warning(other)).to_be_hidden()
    pass_minutes(page, 5)
    page.get_by_role("searchbox").fill("Hartley")
    expect(page.get_by_role("link", name="Hartley").first).to_be_visible()
