"""Refusals and failures: each is said where it is looked for, in words, and to those who listen."""

import re

from e2e.client import PASSWORD, Person, demo_person, eventually, new_patient, unique
from fleet import Fleet
from playwright.sync_api import expect

from web.accessibility import violations
from web.answers import refuse
from web.steps import send, write
from web.windows import Windows


def test_section_of_a_letter_that_is_refused_is_marked(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    windows.expect_complaint("letters: .*status of 422")
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(f"/patients/{new_patient(clinician)}/letters/new")
    write(page, "Your plan", "Dear patient,")
    page.get_by_label("Add a section").select_option("plan")
    page.get_by_role("button", name="Add", exact=True).click()
    plan = page.get_by_role("textbox", name="Plan and requested actions")
    expect(plan).to_be_focused()
    plan.fill("Rest")
    error: dict[str, object] = {"loc": ["body", "sections", "plan"], "type": "x", "msg": "must not have links"}
    refuse(page, "**/letters", method="POST", status=422, errors=[error])
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("Check what is marked")
    expect(plan).to_have_accessible_description(re.compile("Must not have links"))


def test_fields_that_were_refused_together_are_corrected_one_after_the_other(windows: Windows) -> None:
    windows.expect_complaint("register: .*status of 422")
    page, name = windows.open(), unique()
    page.goto("/register")
    page.get_by_label("Your name").fill("Test")
    page.get_by_label("User name").fill(f"{name} x")
    page.get_by_label("E-mail address").fill(f"{name}@localhost")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_contain_text("Check what is marked")
    page.get_by_label("User name").fill(name)
    expect(page.locator(".field-error")).to_have_count(1)
    page.get_by_label("E-mail address").fill(f"{name}@example.org")
    expect(page.locator(".field-error")).to_have_count(0)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("Your account is ready")).to_be_visible()


def test_withdrawal_without_a_reason_says_so(windows: Windows, fleet: Fleet, clinician: Person, reader: Person) -> None:
    patient_id = reader.user["patient_id"]
    (letter,) = clinician.every(f"/api/patients/{patient_id}/letters")
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(f"/patients/{patient_id}/letters/{letter['uid']}")
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw letter").click()
    expect(page.get_by_role("group", name="One thing is to be put right")).to_be_focused()
    assert violations(page) == []


def test_search_that_fails_does_not_say_that_nobody_is_found(fleet: Fleet, windows: Windows) -> None:
    windows.expect_complaint("users.*status of 500")
    page = windows.open(demo_person(fleet, "admin"))
    page.goto("/admin/audit")
    refuse(page, "**/api/auth/users?*")
    page.get_by_role("combobox", name="Who acted").press_sequentially("okafor")
    expect(page.get_by_text("does not answer at the moment")).to_be_visible()
    expect(page.get_by_text("Nobody is found")).to_have_count(0)


def test_notification_that_cannot_be_marked_as_read_says_so(windows: Windows, reader: Person) -> None:
    windows.expect_complaint("read: .*status of 500")
    eventually(lambda: reader.get("/api/notifications").json()["items"])
    page = windows.open(reader)
    page.goto("/notifications")
    refuse(page, "**/api/notifications/*/read", method="POST")
    page.get_by_role("button", name="Mark as read").first.click()
    expect(page.get_by_role("alert")).to_contain_text("does not answer at the moment")


def test_results_that_are_being_replaced_cannot_be_opened(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    family = clinician.get(f"/api/patients/{new_patient(clinician)}/demographics").json()["name"]["family"]
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto("/patients")
    page.get_by_role("searchbox").fill(family)
    link = page.get_by_role("main").get_by_role("row").get_by_role("link")
    expect(link).to_have_count(1)
    page.route("**/api/patients?*", lambda route: None)  # the next search is not answered
    page.get_by_role("searchbox").fill("nobody of this name")
    expect(page.locator("[aria-busy=true]")).to_be_visible()
    expect(link).to_be_visible()
    link.evaluate("each => each.focus()")
    expect(link).not_to_be_focused()
