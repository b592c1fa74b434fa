"""The main tasks without a mouse: signing in, finding a patient, writing and sending a letter, reading one."""

import pytest
from e2e.client import Person, demo_person, new_linked_patient, new_staff
from fleet import Fleet
from playwright.sync_api import Locator, Page, expect

from web.steps import LETTER, heading, titles
from web.windows import Windows

MOST_TABS = 60
_HERE = "(element) => element === document.activeElement"


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    expect(target).to_be_visible()
    for _ in range(MOST_TABS):
        if target.evaluate(_HERE):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{target} is not reached by Tab")


def test_clinician_writes_a_letter_by_keyboard(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    author, (_, patient_id) = new_staff(fleet, "clinician"), new_linked_patient(fleet, clinician)
    family = clinician.get(f"/api/patients/{patient_id}/demographics").json()["name"]["family"]
    page = windows.open()
    page.goto("/sign-in")
    keys = page.keyboard
    expect(page.get_by_label("User name or e-mail address")).to_be_focused()
    keys.type(author.user["username"])
    tab_to(page, page.get_by_label("Password", exact=True))
    keys.type(author.password)
    keys.press("Enter")

    expect(page.get_by_role("searchbox")).to_be_focused()
    keys.type(family)
    tab_to(page, page.get_by_role("main").get_by_role("row").get_by_role("link"))
    keys.press("Enter")
    expect(heading(page)).to_contain_text(family, ignore_case=True)
    expect(heading(page)).to_be_focused()
    tab_to(page, page.get_by_role("link", name="Write a letter"))
    keys.press("Enter")
    tab_to(page, page.get_by_label("Title"))
    keys.type("Written by keyboard")
    tab_to(page, page.get_by_label("Letter", exact=True))
    keys.type("Dear patient,")
    keys.press("Enter")
    tab_to(page, page.get_by_role("button", name="Send letter"))
    keys.press("Enter")
    tab_to(page, page.get_by_role("dialog").get_by_role("button", name="Send"))
    keys.press("Enter")
    expect(heading(page)).to_have_text("Written by keyboard")
    assert titles(clinician, patient_id) == ["Written by keyboard"]


def test_patient_reads_a_letter_by_keyboard(windows: Windows, reader: Person) -> None:
    page = windows.open(reader)
    page.goto("/")
    expect(heading(page)).to_contain_text("Welcome")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("main").get_by_role("link", name="All letters"))
    page.keyboard.press("Enter")
    expect(heading(page)).to_be_focused()  # a new screen begins at its heading
    tab_to(page, page.get_by_role("link", name=LETTER))
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text(LETTER)
    expect(heading(page)).to_be_focused()


def test_way_back_asks_before_a_letter_is_lost_after_the_skip_link_too(windows: Windows, fleet: Fleet) -> None:
    patient_id = fleet.account("patient")["patient_id"]
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(f"/patients/{patient_id}")
    page.get_by_role("link", name="Write a letter").click()
    page.get_by_label("Title").fill("Half a letter")
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.evaluate("history.back()")
    expect(page.get_by_role("dialog", name="Leave without saving?")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Title")).to_have_value("Half a letter")


def test_press_on_the_menu_beside_its_links_leaves_it_open(windows: Windows, reader: Person) -> None:
    """What is pressed there has no focus to give, like a link in Safari."""
    page = windows.open(reader)
    page.goto("/letters")
    page.get_by_role("banner").get_by_role("button", expanded=False).click()
    page.locator(".own-who").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Account and security")).to_be_visible()
