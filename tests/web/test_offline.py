"""A device without a connection, and one with yesterday's version of the app."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.client import Person
from fleet import Fleet
from playwright.sync_api import Request, expect

from web.answers import refuse
from web.second_door import SecondDoor, second_door
from web.steps import LETTER, heading, wait_for_worker
from web.windows import Windows

_UPDATE = "navigator.serviceWorker.ready.then(registration => registration.update())"
_CACHED = """async () => (await Promise.all((await caches.keys()).map(
  async name => (await (await caches.open(name)).keys()).map(({url}) => new URL(url).pathname)))).flat()"""


def test_start_without_connection_says_so_and_goes_on_when_it_is_back(windows: Windows, reader: Person) -> None:
    page = windows.open(reader)
    page.goto("/letters")
    expect(heading(page)).to_have_text("Your letters")
    wait_for_worker(page)
    expect(page.get_by_role("link", name=LETTER)).to_be_visible()
    windows.expect_complaint("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    banner = page.get_by_role("status").filter(has_text="Quill cannot be reached. What you have typed stays here")
    expect(banner).to_be_visible()
    expect(page.get_by_role("link", name=LETTER)).to_be_visible()
    page.reload()
    expect(heading(page)).to_have_text("Quill cannot be reached")
    expect(banner).to_be_visible()
    assert page.get_by_text(LETTER).count() == 0
    page.context.set_offline(False)
    expect(page.get_by_role("link", name=LETTER)).to_be_visible()
    expect(banner).to_be_hidden()


def test_start_while_only_sign_in_is_away_waits_in_peace(windows: Windows, reader: Person) -> None:
    windows.expect_complaint("status of 503")
    page, refresh, asked = windows.open(reader), "**/api/auth/refresh", list[Request]()
    page.on("request", lambda request: asked.append(request) if request.url.endswith("/refresh") else None)
    page.clock.install()
    refuse(page, refresh, method="POST", status=503)
    page.goto("/letters")
    expect(heading(page)).to_have_text("Quill cannot be reached")
    heading(page).evaluate("each => each.dataset.stays = 'yes'")
    for seconds in (5, 10, 20):
        with page.expect_response(refresh):
            page.clock.fast_forward(seconds * 1000)
    expect(heading(page)).to_have_attribute("data-stays", "yes")
    page.clock.fast_forward(30_000)
    assert len(asked) == 4
    page.unroute(refresh)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name=LETTER)).to_be_visible()


def test_worker_keeps_the_app_and_nothing_about_anybody(windows: Windows, reader: Person) -> None:
    page = windows.open(reader)
    page.goto("/letters")
    wait_for_worker(page)
    page.get_by_role("link", name=LETTER).click()
    expect(heading(page)).to_contain_text(LETTER)
    kept = page.evaluate(_CACHED)
    assert "/index.html" in kept
    assert [path for path in kept if path.startswith(("/api", "/letters"))] == []
    stored = page.evaluate("JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])")
    told = {LETTER, *(str(reader.user[member]) for member in ("id", "username", "display_name", "email", "patient_id"))}
    assert [each for each in told if each in stored] == []
    assert "token" not in stored
    assert page.evaluate("indexedDB.databases().then(all => all.length)") == 0


@pytest.fixture
def door(fleet: Fleet, tmp_path: Path) -> Iterator[SecondDoor]:
    """Named before `windows` in a test, it is open until they are closed: what a page asks at its end is answered."""
    with second_door(fleet, tmp_path) as door:
        yield door


def test_newer_version_is_offered_and_loaded_when_asked(door: SecondDoor, windows: Windows) -> None:
    page = windows.open()
    page.goto(f"{door.origin}/sign-in")
    wait_for_worker(page)
    assert page.get_by_text("A new version of Quill is ready").count() == 0
    door.publish(build="next")
    page.get_by_label("User name or e-mail address").fill("not lost")
    page.evaluate(_UPDATE)
    expect(page.get_by_text("A new version of Quill is ready")).to_be_visible()
    expect(page.get_by_label("User name or e-mail address")).to_have_value("not lost")
    assert page.locator("html").get_attribute("data-build") is None
    page.get_by_role("button", name="Load it now").click()
    expect(page.locator("html")).to_have_attribute("data-build", "next")
    expect(page.get_by_text("A new version of Quill is ready")).to_be_hidden()


def test_newer_version_that_one_tab_loads_takes_nothing_that_is_typed_in_another(
    door: SecondDoor, windows: Windows
) -> None:
    page = windows.open()
    page.goto(f"{door.origin}/register")
    wait_for_worker(page)
    page.get_by_label("Your name", exact=True).fill("not lost")
    other = page.context.new_page()
    other.goto(f"{door.origin}/sign-in")
    door.publish(build="next")
    other.evaluate(_UPDATE)
    page.get_by_role("button", name="Load it now").click()
    expect(page.get_by_text("What you have typed is not sent yet, and would be lost")).to_be_visible()
    page.get_by_role("button", name="Not now").click()
    other.get_by_role("button", name="Load it now").click()
    expect(other.locator("html")).to_have_attribute("data-build", "next")
    expect(other.get_by_text("A new version of Quill is ready")).to_be_hidden()
    expect(page.get_by_label("Your name", exact=True)).to_have_value("not lost")
    page.get_by_role("button", name="Load it now").click()
    page.get_by_role("button", name="Load it and lose what I typed").click()
    expect(page.locator("html")).to_have_attribute("data-build", "next")
