"""Answers that are lost on their way back: what was done is done, and the next try must say so."""

from e2e.client import BIRTH_DATE, Person, demo_person, new_patient, new_patient_account, unique
from fleet import Fleet
from playwright.sync_api import Route, expect

from web.answers import losing
from web.steps import give_birth_date, heading, tick
from web.windows import Windows


def test_record_that_was_linked_without_an_answer_opens_at_the_next_try(
    fleet: Fleet, windows: Windows, clinician: Person
) -> None:
    form = {"patient_id": new_patient(clinician), "birth_date": BIRTH_DATE}
    code = clinician.post("/api/auth/patient-links", form).json()["code"]
    windows.expect_complaint("ERR_CONNECTION_RESET|redeem: .*status of 422")
    page = windows.open(new_patient_account(fleet))
    page.goto("/link")
    page.get_by_label("One-time code").fill(code)
    give_birth_date(page)
    page.route("**/api/auth/patient-links/redeem", losing(200), times=1)
    page.route("**/api/auth/me", lambda route: route.abort("connectionreset"), times=1)
    page.get_by_role("button", name="Link my record").click()
    expect(page.get_by_role("alert")).to_contain_text("Quill cannot be reached")
    page.get_by_role("button", name="Link my record").click()
    expect(heading(page)).to_have_text("Your letters")
    expect(page.get_by_text("No letters yet")).to_be_visible()


def test_account_that_was_made_without_an_answer_is_explained_at_the_next_try(fleet: Fleet, windows: Windows) -> None:
    windows.expect_complaint("ERR_CONNECTION_RESET|users: .*status of 409")
    page, name = windows.open(demo_person(fleet, "admin")), unique("w")
    page.goto("/admin/users/new")
    page.get_by_label("User name", exact=True).fill(name)
    page.get_by_label("E-mail address").fill(f"{name}@example.org")
    tick(page, "Clinician")
    page.route("**/api/auth/users", losing(201), times=1)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("alert")).to_contain_text("Quill cannot be reached")
    with page.expect_response("**/api/auth/users") as refused:
        page.get_by_role("button", name="Create the account").click()
    assert refused.value.status == 409
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_text("Your first try may have created the account")).to_be_visible()


def test_list_whose_next_page_fails_is_not_asked_for_it_without_end(
    fleet: Fleet, windows: Windows, reader: Person
) -> None:
    asked: list[str] = []

    def fail(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=500)

    def go_on(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "next_cursor": "more"})

    windows.expect_complaint("audit/mine.*status of 500")
    page = windows.open(reader)
    page.route("**/api/auth/audit/mine?limit=*", go_on)
    page.route("**/api/auth/audit/mine?*cursor=*", fail)
    with page.expect_response("**/api/auth/audit/mine?*cursor=*"):
        page.goto("/record-access")
    expect(page.get_by_role("button", name="Show more")).to_be_enabled()
    page.wait_for_timeout(500)
    assert len(asked) == 1
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("button", name="Show more")).to_be_enabled()
    assert len(asked) == 2
