"""Two people who correct the same patient's details: nobody's change is lost without being seen."""

from typing import Any

import pytest
from e2e.client import Person, demo_person, new_patient
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.accessibility import violations
from web.windows import Windows


@pytest.fixture
def patient_id(clinician: Person) -> str:
    """A patient whose details are known to nobody yet."""
    return new_patient(clinician)


@pytest.fixture
def page(fleet: Fleet, windows: Windows, patient_id: str) -> Page:
    """A clinician's window with these details in its form."""
    windows.expect_complaint("status of 412")
    page = windows.open(demo_person(fleet, "clinician"))
    page.goto(f"/patients/{patient_id}")
    page.get_by_role("button", name="Edit details").click()
    expect(page.get_by_label("Family name", exact=True)).to_be_visible()
    return page


def details(clinician: Person, patient_id: str) -> tuple[dict[str, Any], int]:
    """The patient's details as a client sends them back, and their version."""
    answer = clinician.get(f"/api/patients/{patient_id}/demographics").json()
    version = int(answer.pop("version"))
    del answer["patient_id"]
    return answer, version


def change_meanwhile(clinician: Person, patient_id: str, **members: object) -> None:
    """Somebody else is quicker."""
    stored, version = details(clinician, patient_id)
    answer = clinician.put(f"/api/patients/{patient_id}/demographics", {**stored, **members}, version=version)
    assert answer.status_code == 200, answer.text


def save(page: Page) -> None:
    page.get_by_role("button", name="Save details").click()


def test_changes_of_both_are_put_together(page: Page, clinician: Person, patient_id: str) -> None:
    assert violations(page) == []
    page.get_by_label("Family name", exact=True).fill("Robinson")
    change_meanwhile(clinician, patient_id, gender="other")
    save(page)
    expect(page.get_by_role("heading", name="Somebody else has changed these details")).to_be_visible()
    assert violations(page) == []
    assert details(clinician, patient_id)[0]["name"]["family"] != "Robinson"
    page.get_by_role("link", name="Patients").first.click()
    page.get_by_role("dialog", name="Leave without saving?").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Apply my changes again").click()
    expect(page.get_by_label("Gender")).to_have_value("other")
    save(page)
    expect(page.get_by_text("Details saved")).to_be_visible()
    stored, _ = details(clinician, patient_id)
    assert (stored["name"]["family"], stored["gender"]) == ("Robinson", "other")


def test_change_is_put_aside_for_the_one_that_came_first(page: Page, clinician: Person, patient_id: str) -> None:
    page.get_by_label("Family name", exact=True).fill("Robinson")
    name = details(clinician, patient_id)[0]["name"]
    change_meanwhile(clinician, patient_id, name={**name, "family": "Okonkwo"})
    save(page)
    row = page.get_by_role("row").filter(has_text="Both changed")
    expect(row).to_contain_text("Okonkwo")
    expect(row).to_contain_text("Robinson")
    page.get_by_role("button", name="Take theirs").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Okonkwo")
    assert details(clinician, patient_id)[0]["name"]["family"] == "Okonkwo"
