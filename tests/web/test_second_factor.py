"""Two-step sign-in, from the first scan to the recovery code."""

import re

from e2e.authenticator import Phone
from e2e.client import new_staff
from e2e.test_auth_totp import strict
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.accessibility import violations
from web.steps import heading, sign_in, sign_out, tick
from web.windows import Windows


def switch_on(page: Page, fleet: Fleet, password: str) -> Phone:
    """On one's account: scan the code that it shows, enter the digits, keep the recovery codes."""
    page.get_by_role("button", name="Switch on").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your password").fill(password)
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    phone = Phone(fleet, dialog.get_by_text(re.compile("^([A-Z2-7]{4} ?)+$")).inner_text().replace(" ", ""), [])
    # The code of the step before is still good, and leaves the one shown now for signing in.
    dialog.get_by_label("The six digits").fill(phone.code(steps=-1))
    dialog.get_by_role("button", name="Switch on").click()
    codes = dialog.get_by_role("listitem")
    expect(codes).to_have_count(10)
    phone.paper.extend(codes.all_inner_texts())
    page.context.grant_permissions(["clipboard-write"])
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.get_by_role("status")).to_have_text("The codes are copied.")
    tick(page, "I have kept these codes")
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_hidden()
    return phone


def give_code(page: Page, code: str) -> None:
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Sign in").click()


def test_second_factor_is_enrolled_and_asked_for(fleet: Fleet, windows: Windows) -> None:
    person = new_staff(fleet, "clinician")
    page = windows.open()
    sign_in(page, person.user["username"], person.password)
    expect(heading(page)).to_have_text("Patients")
    page.goto("/account")
    phone = switch_on(page, fleet, person.password)
    expect(page.get_by_role("button", name="Switch off")).to_be_visible()
    sign_out(page)

    windows.expect_complaint("status of 401")  # that a code is asked for, and that one is wrong
    sign_in(page, person.user["username"], person.password)
    give_code(page, phone.wrong)
    expect(page.get_by_role("alert")).to_contain_text("This code does not work")
    give_code(page, phone.code())
    expect(heading(page)).to_have_text("Patients")
    sign_out(page)

    sign_in(page, person.user["username"], person.password)
    give_code(page, phone.paper[0])
    expect(heading(page)).to_have_text("Patients")

    page.goto("/account")
    page.get_by_role("button", name="Switch off").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your password").fill(person.password)
    dialog.get_by_label("Code").fill(phone.paper[1])
    assert violations(page) == []
    dialog.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    sign_out(page)
    sign_in(page, person.user["username"], person.password)
    expect(heading(page)).to_have_text("Patients")


def test_role_that_needs_a_second_factor_is_led_to_it_and_then_on(fleet: Fleet, windows: Windows) -> None:
    person = new_staff(fleet, "clinician")
    page, refresh = windows.open(), "**/api/auth/refresh"
    windows.expect_complaint("status of 403|ERR_FAILED")
    with strict(fleet, "patients") as origin:
        page.route("**/api/patients?*", lambda route: route.continue_(url=route.request.url.replace(fleet.url, origin)))
        sign_in(page, person.user["username"], person.password)
        page.get_by_role("searchbox").fill("Hartley")
        expect(page.get_by_text("Your role needs two-step sign-in")).to_be_visible()
        expect(page.get_by_role("link", name="Patients")).to_have_count(0)
        page.route(refresh, lambda route: route.abort())  # the way on is open as soon as the code is accepted
        switch_on(page, fleet, person.password)
        expect(page.get_by_role("button", name="Switch off")).to_be_visible()
        expect(page.get_by_role("link", name="Patients")).to_be_visible()
        page.unroute(refresh)
        page.get_by_role("link", name="Patients").click()
        page.get_by_role("searchbox").fill("Hartley")
        expect(page.get_by_role("link", name="Hartley").first).to_be_visible()
