"""Records at the desk: a patient is registered once, and gets the code that opens the record."""

from e2e.client import NHS_NUMBER, Person, demo_person, new_nhs_number, new_patient, new_patient_account, unique
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.accessibility import violations
from web.answers import losing
from web.steps import give_birth_date, heading
from web.windows import PHONE, Windows


def register(page: Page, *, nhs_number: str) -> None:
    """Send the form with this number, past the people who are like this one."""
    page.get_by_label("NHS number").fill(nhs_number)
    page.get_by_role("button", name="Register patient").click()
    page.get_by_role("button", name="It is somebody else: register").click()


def test_patient_is_registered_once_after_a_look_at_namesakes_and_a_lost_answer(
    fleet: Fleet, windows: Windows, clinician: Person
) -> None:
    family, taken = unique("Family"), new_nhs_number()
    name = {"use": "official", "family": family, "given": ["Ada"]}
    new_patient(clinician, name=[name], identifier=[{"system": NHS_NUMBER, "value": taken}])
    windows.expect_complaint("fhir/patients: .*status of 409|ERR_CONNECTION_RESET")
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto("/patients/new")
    page.get_by_label("Given names").fill("Zoe")
    page.get_by_label("Family name", exact=True).fill(family)
    give_birth_date(page)
    page.get_by_label("NHS number").fill(taken)
    page.get_by_role("button", name="Register patient").click()
    alike = page.get_by_role("group", name="Is the patient registered already?")
    expect(alike).to_be_focused()
    expect(alike.get_by_role("listitem")).to_have_count(1)
    expect(alike).to_contain_text("Ada")
    assert violations(page) == []
    alike.get_by_role("button", name="Back to the form").click()
    register(page, nhs_number=taken)
    expect(page.get_by_role("alert")).to_contain_text("Another patient is registered with this NHS number")
    expect(page.get_by_text(f"Search for NHS number {taken}")).to_be_visible()

    page.route("**/api/fhir/patients", losing(201), times=1)
    register(page, nhs_number=new_nhs_number())
    expect(page.get_by_text("It is not known whether the patient was registered")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(heading(page)).to_contain_text("Zoe")
    found = list(clinician.every("/api/patients", family=family))
    assert sorted(each["name"]["given"] for each in found) == [["Ada"], ["Zoe"]]


def test_code_is_printed_for_a_patient_who_opens_the_record_with_it(
    fleet: Fleet, windows: Windows, clinician: Person
) -> None:
    patient_id = new_patient(clinician)
    assert clinician.post(f"/api/patients/{patient_id}/letters", {"title": "Hello", "body": "Dear patient,"}).is_success
    desk = windows.open(demo_person(fleet, "clinician"))
    desk.add_init_script("window.print = () => { window.printed = true }")
    desk.goto(f"/patients/{patient_id}")
    desk.get_by_role("button", name="Hand out a link code").click()
    give_birth_date(desk)
    desk.get_by_role("button", name="Make a code").click()
    code = desk.locator(".slip-code").inner_text()
    assert violations(desk) == []
    desk.get_by_role("button", name="Print").click()
    assert desk.evaluate("window.printed")
    desk.emulate_media(media="print")
    expect(desk.get_by_text(code)).to_be_visible()
    expect(desk.get_by_role("button", name="Done")).to_be_hidden()
    desk.emulate_media(media="screen")
    desk.get_by_role("button", name="Edit details").click()
    expect(desk.get_by_role("status").filter(has_text="press Done below it first")).to_be_visible()
    expect(desk.get_by_text(code)).to_be_visible()

    phone = windows.open(new_patient_account(fleet), size=PHONE)
    phone.goto("/")
    phone.get_by_role("main").get_by_role("link", name="Link my record").click()
    expect(heading(phone)).to_have_text("Link your record")
    phone.get_by_label("One-time code").fill(f" {code.lower()} ")
    give_birth_date(phone)
    expect(phone.get_by_label("Day")).to_have_attribute("autocomplete", "bday-day")
    phone.get_by_role("button", name="Link my record").click()
    expect(phone.get_by_role("link", name="Hello")).to_be_visible()

    desk.get_by_role("link", name="Patients").first.click()
    desk.get_by_role("dialog", name="Does the patient have the code?").get_by_role("button", name="Leave").click()
    expect(heading(desk)).to_have_text("Patients")
