"""Where people begin, and how they come back to it."""

from e2e.client import new_staff
from fleet import Fleet
from playwright.sync_api import expect

from web.steps import heading
from web.windows import Windows


def test_clinician_who_is_a_patient_too_reaches_both_homes(fleet: Fleet, windows: Windows) -> None:
    page = windows.open(new_staff(fleet, "patient", "clinician"))
    page.goto("/")
    expect(heading(page)).to_have_text("Patients")
    page.get_by_role("navigation").get_by_role("link", name="Home").click()
    expect(heading(page)).to_contain_text("Welcome")
    page.reload()
    expect(heading(page)).to_contain_text("Welcome")
    page.get_by_role("link", name="Quill", exact=True).click()
    expect(heading(page)).to_have_text("Patients")
