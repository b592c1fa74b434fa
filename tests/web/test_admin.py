"""The administrator's screens: accounts are made and taken back, the trail is searched, the fleet's health is seen."""

import csv

from e2e.client import PASSWORD, Person, assert_problem, demo_person, new_patient, unique
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.accessibility import violations
from web.steps import heading, sign_in, tick
from web.windows import Windows


def open_account(page: Page, username: str) -> None:
    """Find somebody's account."""
    page.goto("/admin/users")
    page.get_by_role("searchbox").fill(username)
    page.get_by_role("row").filter(has_text=username).get_by_role("link").click()


def log_in(fleet: Fleet, username: str) -> Person:
    return Person(fleet.url).sign_in(username)


def test_user_is_invited_activated_changed_and_disabled(fleet: Fleet, windows: Windows) -> None:
    page, name = windows.open(demo_person(fleet, "admin")), unique("w")
    page.goto("/admin/users/new")
    page.get_by_label("Name", exact=True).fill(f"Dr {name}")
    page.get_by_label("User name", exact=True).fill(name)
    page.get_by_label("E-mail address").fill(f"{name}@example.org")
    tick(page, "Clinician")
    page.get_by_role("button", name="Create the account").click()
    expect(heading(page)).to_have_text(f"Dr {name} can be activated")
    expect(heading(page)).to_be_focused()  # it has taken the form's place
    code = page.locator("code").inner_text()

    newcomer = windows.open()
    newcomer.goto("/activate")
    newcomer.get_by_label("Activation code").fill(code)
    newcomer.get_by_label("Choose a password").fill(PASSWORD)
    newcomer.get_by_role("button", name="Activate").click()
    expect(newcomer.get_by_text("Your account is active")).to_be_visible()
    sign_in(newcomer, name, PASSWORD)
    expect(heading(newcomer)).to_have_text("Patients")

    tick(page, "I have printed")
    open_account(page, name)
    expect(heading(page)).to_have_text(f"Dr {name}")
    tick(page, "Administrator")
    page.get_by_role("button", name="Save roles").click()
    expect(page.get_by_role("status").filter(has_text="are changed")).to_be_visible()
    assert set(log_in(fleet, name).user["roles"]) == {"clinician", "admin"}

    page.get_by_role("button", name="Disable the account").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable the account").click()
    expect(page.get_by_text("This account is disabled")).to_be_visible()
    refused = Person(fleet.url).post("/api/auth/login", {"username": name, "password": PASSWORD})
    assert_problem(refused, 401, "credentials-refused")


def test_audit_trail_shows_who_opened_a_record(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    patient_id = new_patient(clinician)
    name = clinician.get(f"/api/patients/{patient_id}/demographics").json()["name"]
    page = windows.open(demo_person(fleet, "admin"))
    page.goto("/admin/audit")
    page.get_by_role("combobox", name="Patient").press_sequentially(name["family"])
    page.get_by_role("option", name=name["family"]).click()
    entries = page.get_by_role("row").filter(has_text="Dr Amara Okafor")
    expect(entries).to_have_count(2)
    expect(entries.filter(has_text="Read")).to_have_count(1)
    expect(entries.filter(has_text="Created")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    expect(page.get_by_text("The file has")).to_be_visible()
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert {row["patient_id"] for row in rows} == {patient_id}
    assert [row["action"] for row in rows if row["actor_name"] == "Dr Amara Okafor"] == ["R", "C"]
    page.get_by_role("button", name="Details of").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []


def test_pasted_name_is_searched_for(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    patient_id = new_patient(clinician)
    name = clinician.get(f"/api/patients/{patient_id}/demographics").json()["name"]
    page = windows.open(demo_person(fleet, "admin"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/admin/audit")
    expect(heading(page)).to_have_text("Audit trail")
    for field, text in (("Patient", f"{name['family'].upper()}, "), ("Who acted", "Dr Amara Okafor")):
        page.evaluate("text => navigator.clipboard.writeText(text)", text)
        page.get_by_role("combobox", name=field).focus()
        page.keyboard.press("Control+V")
        page.get_by_role("option", name=text.strip(", "), exact=False).first.click()
    expect(page.get_by_role("row").filter(has_text="Dr Amara Okafor").filter(has_text="Created")).to_have_count(1)


def test_day_that_there_is_not_is_told_and_not_passed_over(fleet: Fleet, windows: Windows) -> None:
    page = windows.open(demo_person(fleet, "admin"))
    page.goto("/admin/audit")
    first, mistake = page.get_by_role("group", name="From"), "There is no such day: check the date"
    for part, digits in (("Day", "31"), ("Month", "6"), ("Year", "2026")):
        expect(first.get_by_text(mistake)).to_have_count(0)
        first.get_by_label(part).fill(digits)
    expect(first.get_by_label("Day")).to_have_accessible_description(f"The first day {mistake}")
    first.get_by_label("Day").fill("30")
    expect(first.get_by_text(mistake)).to_have_count(0)


def test_webhook_is_registered_with_a_secret_that_is_shown_once_and_removed(fleet: Fleet, windows: Windows) -> None:
    page, admin = windows.open(demo_person(fleet, "admin")), demo_person(fleet, "admin")
    page.goto("/admin/webhooks/new")
    page.get_by_label("Address").fill("http://localhost/quill")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("link", name="Choose at least one fact")).to_be_visible()
    tick(page, "A letter was written")
    windows.expect_complaint("/api/webhooks: .*status of 422")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("A webhook is reached by https on port 443")).to_be_visible()

    address = f"https://{unique()}.invalid/quill"
    page.get_by_label("Address").fill(address)
    page.get_by_role("button", name="Register").click()
    expect(heading(page)).to_have_text("The webhook is registered")
    expect(heading(page)).to_be_focused()
    secret = page.locator("code").inner_text()
    assert secret.startswith("whsec_")
    page.get_by_role("link", name="Back to webhooks").click()
    page.get_by_role("dialog", name="Leave without the secret?").get_by_role("button", name="Cancel").click()
    tick(page, "I have kept the secret")
    page.get_by_role("link", name="Back to webhooks").click()
    expect(heading(page)).to_have_text("Webhooks")
    page.reload()  # what was announced of the form is gone then
    row = page.get_by_role("row").filter(has_text=address)
    expect(row).to_contain_text("letter.created")
    expect(row).to_contain_text("Works")
    assert violations(page) == []
    assert secret not in page.content()
    assert [each["events"] for each in admin.every("/api/webhooks") if each["url"] == address] == [["letter.created"]]

    row.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the webhook").click()
    expect(page.get_by_role("status").filter(has_text="is removed")).to_be_visible()
    expect(row).to_have_count(0)
    assert [each for each in admin.every("/api/webhooks") if each["url"] == address] == []


def test_health_shows_every_service_and_what_it_needs(fleet: Fleet, windows: Windows) -> None:
    page = windows.open(demo_person(fleet, "admin"))
    page.goto("/admin/health")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(10)
    expect(page.get_by_text("Works", exact=True)).to_have_count(14)
    for name in ("Accounts and sign-in", "Patients", "Letters", "Notifications"):
        expect(page.get_by_role("main").get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="(openEHR)")).to_contain_text("server")
