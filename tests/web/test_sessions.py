"""One session in many tabs: renewed once, ended everywhere, and never in the way of what somebody is writing."""

from datetime import datetime, timedelta

from e2e.client import Person, demo_person, new_patient, new_staff
from fleet import Fleet
from playwright.sync_api import BrowserContext, Page, Request, expect

from web.steps import give_password, heading, send, sign_in, sign_out, titles, write
from web.windows import Windows

TABS = 10
_TELL_OF_AN_OLD_SESSION = """user => new BroadcastChannel('quill-session').postMessage({
  kind: 'session', session: {accessToken: 'old', csrfToken: 'old', user, since: 0, expiresAt: Date.now() + 60_000}})"""


def refreshes(context: BrowserContext) -> list[Request]:
    """The refreshes that this browser asks for, from now on."""
    found: list[Request] = []
    context.on("request", lambda request: found.append(request) if "/auth/refresh" in request.url else None)
    return found


def tabs_of(page: Page, path: str) -> list[Page]:
    """Ten tabs that load the same screen at the same time."""
    tabs = [page, *(page.context.new_page() for _ in range(TABS - 1))]
    for tab in tabs:
        tab.goto(path, wait_until="commit")
    return tabs


def test_ten_tabs_that_open_at_once_refresh_once(fleet: Fleet, windows: Windows) -> None:
    page = windows.open(demo_person(fleet, "patient"))
    asked = refreshes(page.context)
    for tab in tabs_of(page, "/letters"):
        expect(heading(tab)).to_have_text("Your letters")
    assert len(asked) == 1


def test_ten_tabs_whose_token_runs_out_refresh_once(fleet: Fleet, windows: Windows) -> None:
    page = windows.open(demo_person(fleet, "patient"))
    tabs = tabs_of(page, "/letters")
    for tab in tabs:
        expect(heading(tab)).to_have_text("Your letters")
    asked = refreshes(page.context)
    page.context.clock.set_system_time(datetime.now().astimezone() + timedelta(minutes=15))
    for tab in tabs:
        tab.get_by_role("link", name="Notifications").dispatch_event("click")
    for tab in tabs:
        expect(heading(tab)).to_have_text("Notifications")
        expect(tab.get_by_role("main").get_by_role("status").filter(has_text="Loading")).to_have_count(0)
    assert len(asked) == 1


def test_older_session_that_another_tab_tells_of_is_not_taken_over(fleet: Fleet, windows: Windows) -> None:
    person = demo_person(fleet, "patient")
    page = windows.open(person)
    page.goto("/letters")
    expect(heading(page)).to_have_text("Your letters")
    asked = refreshes(page.context)
    page.evaluate(_TELL_OF_AN_OLD_SESSION, person.user)
    page.wait_for_timeout(200)
    page.get_by_role("link", name="Who has looked").click()
    expect(page.get_by_role("checkbox", name="Also show what I did myself")).to_be_attached()
    assert asked == []


def test_signing_out_empties_every_tab(fleet: Fleet, windows: Windows) -> None:
    page = windows.open(demo_person(fleet, "patient"))
    page.goto("/letters")
    other = page.context.new_page()
    other.goto("/record-access")
    expect(heading(other)).to_have_text("Who has looked at your record")
    sign_out(page)
    expect(heading(other)).to_have_text("Sign in to Quill")
    other.goto("/record-access")
    expect(heading(other)).to_have_text("Sign in to Quill")


def test_session_that_ends_while_writing_keeps_the_letter(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    author, patient_id = new_staff(fleet, "clinician"), new_patient(clinician)
    page = windows.open()
    sign_in(page, author.user["username"], author.password)
    expect(heading(page)).to_have_text("Patients")
    page.goto(f"/patients/{patient_id}/letters/new")
    write(page, "Half a letter", "Dear patient,\n\nthis took me ten minutes.")
    author.post("/api/auth/logout-all")
    windows.expect_complaint("status of 401")
    send(page)
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    other = page.context.new_page()
    other.goto("/sign-in")
    expect(other.get_by_text("Another tab has something that is not sent yet")).to_be_visible()
    give_password(page, author.password)
    expect(dialog).to_be_hidden()
    expect(heading(page)).to_contain_text("Half a letter")
    assert titles(clinician, patient_id) == ["Half a letter"]
