"""Quill as an app of its own: whether a browser can install it, its offer to do so, and the number on the icon."""

from pathlib import Path

import pytest
from e2e.client import Person, eventually, inbox
from fleet import Fleet
from playwright.sync_api import Browser, expect

from web.push import watch_badge
from web.steps import LETTER, heading, wait_for_worker
from web.windows import Windows, kept_browser

_OFFER = """dispatchEvent(Object.assign(new Event('beforeinstallprompt'), {
  prompt: async () => { window.asked = (window.asked ?? 0) + 1; }}))"""


def test_browser_can_install_it(chromium: Browser, fleet: Fleet, tmp_path: Path) -> None:
    with kept_browser(chromium, tmp_path) as context:
        page = context.new_page()
        ask = context.new_cdp_session(page)
        page.goto(f"{fleet.url}/about.html")
        assert ask.send("Page.getInstallabilityErrors")["installabilityErrors"] != []
        page.goto(f"{fleet.url}/sign-in")
        wait_for_worker(page)
        assert ask.send("Page.getInstallabilityErrors")["installabilityErrors"] == []


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


@pytest.mark.parametrize("is_noted", [False, True], ids=["unread", "noted-meanwhile"])
def test_number_on_the_icon_follows_what_is_read(windows: Windows, reader: Person, *, is_noted: bool) -> None:
    (told,) = eventually(lambda: inbox(reader)["items"])
    page = windows.open(reader)
    watch_badge(page)
    page.goto("/letters")
    eventually(lambda: page.evaluate("window.badge") == 1)
    if is_noted:
        assert reader.post(f"/api/notifications/{told['id']}/read").status_code == 204
    page.get_by_role("link", name=LETTER).click()
    eventually(lambda: page.evaluate("window.badge") == 0)
