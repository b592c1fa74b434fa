"""Letters that are amended: each version stays, with its reason, and what has changed is shown."""

from e2e.client import Person, demo_person
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.accessibility import violations
from web.steps import LETTER, heading
from web.windows import Windows


def amend(page: Page, body: str, reason: str) -> None:
    """From the letter, through the form, back to the letter."""
    page.get_by_role("link", name="Amend").click()
    page.get_by_label("Letter", exact=True).fill(body)
    page.get_by_label("Reason for the amendment").fill(reason)
    page.get_by_role("button", name="Save amendment").click()
    expect(heading(page)).to_have_text(LETTER)
    expect(page.get_by_role("article")).to_contain_text(body)


def test_letter_is_amended_twice_and_its_versions_are_compared(
    fleet: Fleet, windows: Windows, clinician: Person, reader: Person
) -> None:
    patient_id = reader.user["patient_id"]
    (letter,) = clinician.every(f"/api/patients/{patient_id}/letters")
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(f"/patients/{patient_id}/letters/{letter['uid']}")
    amend(page, "Dear patient, a shadow was found.", "The wrong scan")
    amend(page, "Dear patient, a small shadow was found.", "It is small")
    page.get_by_role("link", name="Versions (3)").click()
    for reason in ("The wrong scan", "It is small"):
        expect(page.get_by_text(f"Reason: {reason}")).to_be_visible()
    added, deleted = page.locator("section section ins"), page.locator("section section del")
    expect(added).to_contain_text("small")
    expect(deleted).to_have_count(0)
    page.get_by_label("From", exact=True).select_option("1")
    expect(added.filter(has_text="small shadow")).to_be_visible()
    expect(deleted.filter(has_text="nothing")).to_be_visible()
    assert violations(page) == []

    own = windows.open(reader)
    own.goto(f"/letters/{letter['uid']}")
    expect(own.get_by_role("article")).to_contain_text("a small shadow was found")
    expect(own.get_by_text("The wrong scan")).to_be_visible()
