"""Quill as an app of its own: the browser's offer to install it, and the number on its icon."""

from e2e.client import Person, eventually
from playwright.sync_api import expect
from web.steps import LETTER, heading
from web.windows import Windows

_OFFER = """dispatchEvent(Object.assign(new Event('beforeinstallprompt'), {
  prompt: async () => { window.asked = (window.asked ?? 0) + 1; }}))"""
_BADGE = """Object.assign(Navigator.prototype, {
  setAppBadge: async count => { window.badge = count; }, clearAppBadge: async () => { window.badge = 0; }})"""


def test_offer_that_came_before_the_screen_is_shown_and_taken_once(windows: Windows, reader: Person) -> None:
    page = windows.open(reader)
    page.goto("/letters")
    expect(heading(page)).to_have_text("Your letters")
    page.evaluate(_OFFER)
    page.get_by_role("banner").get_by_role("button", expanded=False).click()
    page.get_by_role("link", name="Install Quill").click()
    page.get_by_role("button", name="Install Quill now").click()
    expect(page.get_by_role("button", name="Install Quill now")).to_have_count(0)
    assert page.evaluate("window.asked") == 1


def test_number_on_the_icon_follows_what_is_read(windows: Windows, reader: Person) -> None:
    eventually(lambda: reader.get("/api/notifications").json()["items"])
    page = windows.open(reader)
    page.add_init_script(_BADGE)
    page.goto("/letters")
    eventually(lambda: page.evaluate("window.badge") == 1)
    page.get_by_role("link", name=LETTER).click()
    eventually(lambda: page.evaluate("window.badge") == 0)
