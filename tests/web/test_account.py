"""What people do with their own account: its sessions, its password, and what tells who has used their record."""

from itertools import count

from e2e.client import PASSWORD, Person, assert_problem, new_patient_account
from fleet import Fleet
from playwright.sync_api import Route, expect

from web.accessibility import violations
from web.steps import heading, sign_in
from web.windows import Windows

NEW_PASSWORD = "four other unremarkable words"


def is_signed_in(person: Person) -> bool:
    return person.get("/api/auth/me").status_code == 200


def test_sessions_elsewhere_are_ended_one_by_one_by_a_new_password_and_all_at_once(
    fleet: Fleet, windows: Windows
) -> None:
    owner = new_patient_account(fleet)
    username = owner.user["username"]
    lost, other = (Person(fleet.url).sign_in(username) for _ in range(2))
    page = windows.open(owner)
    page.goto("/account")
    sessions = page.get_by_role("listitem").filter(has_text="last used")
    expect(sessions).to_have_count(3)
    expect(sessions.filter(has_text="This browser")).to_have_count(1)
    assert (is_signed_in(lost), is_signed_in(other)) == (True, True)
    sessions.get_by_role("button", name="Sign out").first.click()
    expect(sessions).to_have_count(2)
    assert sorted((is_signed_in(lost), is_signed_in(other))) == [False, True]

    windows.expect_complaint("password: .*status of 422")
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_label("Current password").fill("a slip of the fingers")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert")).to_have_text("The password was not accepted. The reason is given at its field.")
    expect(page.get_by_label("Current password")).to_have_accessible_description("Not the current password")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(sessions).to_have_count(1)
    assert (is_signed_in(lost), is_signed_in(other)) == (False, False)
    old = Person(fleet.url).post("/api/auth/login", {"username": username, "password": PASSWORD})
    assert_problem(old, 401, "credentials-refused")

    again = Person(fleet.url).sign_in(username, NEW_PASSWORD)
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("dialog")).not_to_contain_text("not sent yet")
    assert violations(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    expect(heading(page)).to_have_text("Sign in to Quill")
    assert not is_signed_in(again)
    sign_in(page, username, NEW_PASSWORD)
    expect(heading(page)).to_contain_text("Welcome")


def test_trail_that_is_not_read_to_its_end_does_not_say_that_nobody_has_looked(
    windows: Windows, reader: Person
) -> None:
    ids = count()
    actor = {"id": reader.user["id"], "name": reader.user["display_name"], "roles": ["patient"]}
    entry = {"at": "2026-11-27T09:14:00Z", "actor": actor, "action": "R", "resource": "letter", "outcome": "ok"}

    def own_only(route: Route) -> None:
        items = [{**entry, "id": str(next(ids)), "resource_id": None} for _ in range(50)]
        route.fulfill(json={"items": items, "next_cursor": "more"})

    page = windows.open(reader)
    page.route("**/api/auth/audit/mine?*", own_only)
    page.goto("/record-access")
    expect(page.get_by_text("Nobody else among the newest entries")).to_be_visible()
    expect(page.get_by_role("button", name="Show more")).to_be_enabled()
    expect(page.get_by_text("Nobody else, so far")).to_have_count(0)
