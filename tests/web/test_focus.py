"""What takes the place of something else takes the focus over: it is told to those who listen, and not lost to keys."""

from e2e.client import Person, demo_person, new_patient
from fleet import Fleet
from playwright.sync_api import Locator, Page, expect

from web.steps import heading
from web.windows import Windows


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).press("Enter")


def part(page: Page, name: str) -> Locator:
    """The heading of a part of the screen."""
    return page.get_by_role("heading", level=2, name=name)


def test_details_and_their_form_hand_the_focus_to_each_other(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    patient_id = new_patient(clinician)
    windows.expect_complaint("status of 412")
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(f"/patients/{patient_id}")
    press(page, "Edit details")
    expect(part(page, "Who the patient is")).to_be_focused()
    press(page, "Cancel")
    expect(part(page, "Details")).to_be_focused()
    press(page, "Edit details")
    page.get_by_label("Family name", exact=True).fill("Robinson")
    stored = clinician.get(f"/api/patients/{patient_id}/demographics").json()
    changed = {member: stored[member] for member in stored.keys() - {"patient_id", "version"}} | {"gender": "other"}
    path = f"/api/patients/{patient_id}/demographics"
    assert clinician.put(path, changed, version=int(stored["version"])).status_code == 200
    press(page, "Save details")
    expect(part(page, "Somebody else has changed these details")).to_be_focused()
    press(page, "Apply my changes again")
    expect(part(page, "Who the patient is")).to_be_focused()
    press(page, "Save details")
    expect(part(page, "Details")).to_be_focused()


def test_steps_to_a_link_code_hand_the_focus_on(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(f"/patients/{new_patient(clinician)}")
    press(page, "Hand out a link code")
    expect(part(page, "Check who the patient is")).to_be_focused()
    press(page, "Cancel")
    expect(part(page, "The patient’s own access")).to_be_focused()


def test_version_that_is_chosen_takes_the_focus(windows: Windows, clinician: Person, reader: Person) -> None:
    patient_id = str(reader.user["patient_id"])
    (letter,) = clinician.every(f"/api/patients/{patient_id}/letters")
    path = f"/api/patients/{patient_id}/letters/{letter['uid']}"
    draft = {"title": "Your scan, once more", "body": "Dear patient,\n\nnothing was found.", "reason": "A typing error"}
    assert clinician.put(path, draft, version=1).status_code == 200
    page = windows.open(reader)
    page.goto(f"/letters/{letter['uid']}")
    for name in ("Read version 1", "Read version 2"):
        press(page, name)
        expect(heading(page)).to_be_focused()
        expect(page.get_by_text("This is version 1, and not")).to_have_count(1 if name.endswith("1") else 0)
