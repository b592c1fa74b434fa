"""What takes the place of something else takes the focus over: it is told to those who listen, and not lost to keys."""

from e2e.client import Person, demo_person, eventually, inbox, new_patient, register, unique
from e2e.push_receiver import PushReceiver
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


def test_session_or_device_that_goes_leaves_the_focus_to_the_others(
    fleet: Fleet, windows: Windows, reader: Person, push_service: PushReceiver
) -> None:
    register(reader, push_service.subscribe())
    for _ in range(2):
        Person(fleet.url).sign_in(reader.user["username"])
    page = windows.open(reader)
    page.goto("/account")
    sessions = page.get_by_role("listitem").filter(has_text="last used")
    expect(sessions).to_have_count(3)
    sessions.get_by_role("button", name="Sign out").first.press("Enter")
    expect(sessions).to_have_count(2)
    expect(page.get_by_role("list").filter(has_text="last used")).to_be_focused()
    press(page, "Remove:")  # the only one
    expect(part(page, "Devices that get notifications")).to_be_focused()


def test_notification_that_is_marked_as_read_takes_the_focus_of_its_button(windows: Windows, reader: Person) -> None:
    eventually(lambda: inbox(reader)["items"])
    page = windows.open(reader)
    page.goto("/notifications")
    press(page, "Mark as read:")
    expect(page.get_by_role("tabpanel").get_by_role("listitem")).to_be_focused()


def test_webhook_that_goes_leaves_the_focus_to_the_others(fleet: Fleet, windows: Windows) -> None:
    page, admin = windows.open(demo_person(fleet, "admin")), demo_person(fleet, "admin")
    kept, gone = (f"https://{unique()}.invalid/quill" for _ in range(2))
    drafts = [{"url": address, "events": ["letter.created"]} for address in (kept, gone)]
    stays, _ = (admin.post("/api/webhooks", draft).json()["id"] for draft in drafts)
    page.goto("/admin/webhooks")
    press(page, f"Remove: {gone}")
    press(page, "Remove the webhook")
    expect(page.get_by_role("table", name="Webhooks")).to_be_focused()
    assert admin.delete(f"/api/webhooks/{stays}").status_code == 204


def test_row_that_narrows_the_trail_leaves_the_focus_to_the_heading(fleet: Fleet, windows: Windows) -> None:
    admin = demo_person(fleet, "admin")
    name = str(admin.user["display_name"])
    page = windows.open(admin)
    page.goto("/admin/audit")
    page.get_by_role("row").filter(has_text=name).get_by_role("button", name="Details of").first.press("Enter")
    press(page, "Only this person")
    expect(page.get_by_role("combobox", name="Who acted")).to_have_value(name)
    expect(heading(page)).to_be_focused()


def test_section_of_a_letter_that_is_removed_leaves_the_focus_to_the_others(
    fleet: Fleet, windows: Windows, clinician: Person
) -> None:
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(f"/patients/{new_patient(clinician)}/letters/new")
    page.get_by_label("Add a section").select_option("plan")
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    press(page, "Remove section Plan")
    expect(page.get_by_role("group", name="Sections")).to_be_focused()
