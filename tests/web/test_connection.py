"""A connection that is lost while a letter is sent: nothing that was typed is lost, and nothing is stored twice."""

import pytest
from e2e.client import Person, demo_person, new_patient
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.answers import losing
from web.steps import LETTER, heading, send, titles, wait_for_worker, write
from web.windows import Windows

TITLE = "Sent on a train"


@pytest.fixture
def patient_id(clinician: Person) -> str:
    """A patient without letters."""
    return new_patient(clinician)


@pytest.fixture
def page(fleet: Fleet, windows: Windows, patient_id: str) -> Page:
    """A clinician's window with a letter that is written and not sent."""
    windows.expect_complaint("ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_RESET")
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(f"/patients/{patient_id}/letters/new")
    write(page, TITLE, "Dear patient,\n\nwe are in a tunnel.")
    return page


def test_letter_that_cannot_be_sent_is_kept_and_sent_later(page: Page, clinician: Person, patient_id: str) -> None:
    page.context.set_offline(True)
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("Quill cannot be reached")
    expect(page.get_by_label("Title")).to_have_value(TITLE)
    assert titles(clinician, patient_id) == []
    page.context.set_offline(False)
    send(page)
    expect(heading(page)).to_contain_text(TITLE)
    assert titles(clinician, patient_id) == [TITLE]


def test_letter_whose_answer_is_lost_is_stored_once(page: Page, clinician: Person, patient_id: str) -> None:
    page.route(f"**/api/patients/{patient_id}/letters", losing(201), times=1)
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("Quill cannot be reached")
    assert titles(clinician, patient_id) == [TITLE]
    send(page)
    expect(heading(page)).to_contain_text(TITLE)
    assert titles(clinician, patient_id) == [TITLE]


def test_letter_that_could_not_be_loaded_comes_with_the_connection(windows: Windows, reader: Person) -> None:
    windows.expect_complaint("ERR_INTERNET_DISCONNECTED")
    page = windows.open(reader)
    page.goto("/letters")
    wait_for_worker(page)
    page.context.set_offline(True)
    page.get_by_role("link", name=LETTER).click()
    expect(page.get_by_text("This could not be loaded")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("nothing was found")).to_be_visible()
