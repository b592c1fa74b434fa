"""What somebody is typing stays before their eyes, whatever others do meanwhile and whichever system is away."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from e2e.client import Person, demo_person, new_patient
from fleet import Fleet
from playwright.sync_api import Locator, Page, Response, expect

from web.accessibility import violations
from web.answers import refuse
from web.steps import heading, write
from web.windows import Windows

TITLE, BODY = "Half a letter", "Dear patient,\n\nthis took me ten minutes."


@pytest.fixture
def patient_id(clinician: Person) -> str:
    """A patient without letters."""
    return new_patient(clinician)


@pytest.fixture
def page(fleet: Fleet, windows: Windows) -> Page:
    """A clinician's window."""
    return windows.open(demo_person(fleet, "clinician"))


def is_demographics(url: str) -> bool:
    return url.endswith("/demographics") or "/api/fhir/patients/" in url


def is_read(answer: Response, path: str) -> bool:
    return answer.request.method == "GET" and answer.url.endswith(path)


def expect_typed(page: Page) -> None:
    expect(page.get_by_label("Title")).to_have_value(TITLE)
    expect(page.get_by_label("Letter", exact=True)).to_have_value(BODY)


def test_letter_stays_while_demographics_are_away_and_when_they_are_back(
    page: Page, windows: Windows, patient_id: str
) -> None:
    windows.expect_complaint("status of 503")
    refuse(page, is_demographics, status=503)
    page.goto(f"/patients/{patient_id}/letters/new")
    expect(page.get_by_text("Whose record this is cannot be shown")).to_be_visible()
    assert violations(page) == []
    write(page, TITLE, BODY)
    with page.expect_response(lambda answer: is_demographics(answer.url)):
        page.get_by_role("button", name="Try again").click()
    expect_typed(page)
    page.unroute(is_demographics)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("region", name="Patient")).to_be_visible()
    expect_typed(page)


def test_letter_stays_when_the_record_is_closed_meanwhile(page: Page, clinician: Person, patient_id: str) -> None:
    page.goto(f"/patients/{patient_id}/letters/new")
    write(page, TITLE, BODY)
    path = f"/api/patients/{patient_id}/demographics"
    details = clinician.get(path).json()
    version = details.pop("version")
    del details["patient_id"]
    assert clinician.put(path, {**details, "active": False}, version=version).status_code == 200
    page.context.clock.set_system_time(datetime.now().astimezone() + timedelta(minutes=2))
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("region", name="Patient")).to_contain_text("Record inactive")
    expect_typed(page)


def test_amendment_stays_when_the_letter_is_withdrawn_meanwhile(
    page: Page, windows: Windows, clinician: Person, patient_id: str
) -> None:
    windows.expect_complaint("status of 412")
    written = clinician.post(f"/api/patients/{patient_id}/letters", {"title": "Your visit", "body": "Dear patient,"})
    letter = written.headers["Location"]
    page.goto(f"{letter.removeprefix('/api')}/amend")
    write(page, TITLE, BODY)
    page.get_by_label("Reason for the amendment").fill("More to say")
    assert clinician.post(f"{letter}/withdraw", {"reason": "Wrong patient"}, version=1).status_code == 200
    reads = count(1)  # one to compare, one because what the screen shows is out of date
    with page.expect_response(lambda answer: is_read(answer, letter) and next(reads) == 2):
        page.get_by_role("button", name="Save amendment").click()
    expect(page.get_by_role("heading", name="This letter was withdrawn meanwhile")).to_be_visible()
    expect(page.get_by_text("this took me ten minutes")).to_be_visible()
    page.get_by_role("link", name="Patients").first.click()
    page.get_by_role("dialog", name="Leave without saving?").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("this took me ten minutes")).to_be_visible()


def try_to_sign_out(page: Page) -> Locator:
    """Press what signs out; the question that must come first."""
    menu = page.get_by_role("banner")
    menu.get_by_role("button", expanded=False).click()
    menu.get_by_role("button", name="Sign out").click()
    return page.get_by_role("dialog", name="Sign out without saving?")


def test_signing_out_in_any_tab_asks_before_a_letter_is_lost(page: Page, patient_id: str) -> None:
    page.goto(f"/patients/{patient_id}/letters/new")
    write(page, TITLE, BODY)
    other = page.context.new_page()
    other.goto("/account")
    for tab in (page, other):
        question = try_to_sign_out(tab)
        expect(question).to_be_visible()
        assert violations(tab) == []
        question.get_by_role("button", name="Cancel").click()
    other.get_by_role("button", name="Sign out everywhere").click()
    everywhere = other.get_by_role("dialog", name="Sign out everywhere?")
    expect(everywhere).to_contain_text("is not sent yet, and will be lost")
    everywhere.get_by_role("button", name="Cancel").click()
    expect_typed(page)
    try_to_sign_out(other).get_by_role("button", name="Sign out").click()
    for tab in (page, other):
        expect(heading(tab)).to_have_text("Sign in to Quill")
