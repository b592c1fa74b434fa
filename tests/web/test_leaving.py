"""A screen with something typed or shown once is not left without being asked."""

from collections.abc import Callable

import pytest
from e2e.client import PASSWORD, Person, demo_person, new_patient_account, unique
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.steps import heading, tick
from web.windows import Windows

type Who = Callable[[Fleet], Person | None]


@pytest.mark.parametrize(
    ("who", "path", "field", "way_out"),
    [
        (lambda _: None, "/register", "Your name", "Sign in"),
        (lambda _: None, "/activate", "Activation code", "Sign in"),
        (new_patient_account, "/link", "One-time code", "Letters"),
        (lambda fleet: demo_person(fleet, "admin"), "/admin/users/new", "Name", "Audit"),
    ],
    ids=["register", "activate", "link", "new-user"],
)
def test_screen_with_something_typed_asks_before_it_is_left(
    fleet: Fleet, windows: Windows, who: Who, path: str, field: str, way_out: str
) -> None:
    page = windows.open(who(fleet))
    page.goto(path)
    before = heading(page).inner_text()
    page.get_by_label(field, exact=True).fill("not lost")
    page.get_by_role("link", name=way_out, exact=True).click()
    question = page.get_by_role("dialog", name="Leave without saving?")
    question.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label(field, exact=True)).to_have_value("not lost")
    page.get_by_role("link", name=way_out, exact=True).click()
    question.get_by_role("button", name="Leave").click()
    expect(heading(page)).not_to_have_text(before)


def register(page: Page, name: str) -> None:
    page.goto("/register")
    for label, text in (("Your name", f"Test {name}"), ("User name", name), ("E-mail address", f"{name}@example.org")):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Register").click()


def test_form_that_was_sent_is_left_without_a_question(windows: Windows) -> None:
    page = windows.open()
    register(page, unique())
    expect(page.get_by_text("Your account is ready")).to_be_visible()


def test_change_of_roles_asks_before_it_is_left(fleet: Fleet, windows: Windows) -> None:
    person, page = new_patient_account(fleet), windows.open(demo_person(fleet, "admin"))
    page.goto(f"/admin/users/{person.id}")
    tick(page, "Clinician")
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("dialog", name="Leave without saving?")).to_be_visible()
