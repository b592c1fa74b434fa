"""Letters as their readers see them: in print, and marked where they have changed since or do not hold any more."""

from typing import Any, Literal

import pytest
from e2e.client import Person, demo_person, eventually, inbox
from fleet import Fleet
from playwright.sync_api import Frame, Page, expect

from web.steps import LETTER, heading
from web.windows import Windows

AMENDED, WITHDRAWN = "Your scan, once more", "This letter was withdrawn. Do not act on it."
_SAVE = "href => Object.assign(document.createElement('a'), {href, download: 'letter.pdf'}).click()"
AMENDMENT = {"title": AMENDED, "body": "Dear patient,\n\nsomething was found.", "reason": "The wrong scan"}


@pytest.fixture
def path(clinician: Person, reader: Person) -> str:
    """The address of a letter, under /api, that was read and then amended."""
    (letter,) = clinician.every(f"/api/patients/{reader.user['patient_id']}/letters")
    path = f"/api/patients/{letter['patient_id']}/letters/{letter['uid']}"
    assert reader.get(path).json()["version"] == 1
    assert clinician.put(path, AMENDMENT, version=1).status_code == 200
    return path


def own(path: str) -> str:
    """The patient's page of a letter."""
    return f"/letters/{path.rpartition('/')[2]}"


def told_of(person: Person, template: str) -> list[dict[str, Any]]:
    return [one for one in inbox(person)["items"] if one["template"] == template]


def test_letter_that_was_amended_since_it_was_read_says_so_to_both_sides(
    fleet: Fleet, windows: Windows, reader: Person, path: str
) -> None:
    desk = windows.open(demo_person(fleet, "clinician"))
    for screen in (path, path.rpartition("/")[0]):
        desk.goto(screen.removeprefix("/api"))
        receipt = desk.get_by_text("First read by the patient on")
        expect(receipt).to_contain_text("before it was amended")
    eventually(lambda: told_of(reader, "amended_letter"))
    page, mark = windows.open(reader), "Changed since you read it"
    page.goto("/letters")
    expect(page.get_by_role("listitem").filter(has_text=AMENDED)).to_contain_text(mark)
    page.get_by_role("link", name=AMENDED).click()
    expect(heading(page)).to_have_text(AMENDED)
    page.get_by_role("link", name="Your letters").click()
    expect(page.get_by_role("listitem").filter(has_text=AMENDED)).to_be_visible()
    expect(page.get_by_text(mark)).to_have_count(0)


def expect_marked(page: Page, title: str) -> None:
    """The letter itself says that it does not hold, on the screen and printed."""
    article = page.get_by_role("article").filter(has_text=title)
    looks: tuple[Literal["print", "screen"], ...] = ("print", "screen")
    for media in looks:
        page.emulate_media(media=media)
        expect(article.get_by_text(WITHDRAWN)).to_be_visible()


def test_letter_that_was_withdrawn_says_so_in_every_version(
    fleet: Fleet, windows: Windows, clinician: Person, reader: Person, path: str
) -> None:
    assert clinician.post(f"{path}/withdraw", {"reason": "Wrong patient"}, version=2).status_code == 200
    desk, page = windows.open(demo_person(fleet, "clinician")), windows.open(reader)
    for side, start, letter in (
        (desk, path.removeprefix("/api").rpartition("/")[0], path.removeprefix("/api")),
        (page, "/letters", own(path)),
    ):
        side.goto(start)
        entry = side.get_by_role("listitem").filter(has_text=AMENDED)
        expect(entry.get_by_text("Withdrawn", exact=True)).to_be_visible()
        side.goto(letter)
        expect_marked(side, "something was found")
    page.get_by_role("button", name="Read version 1").click()
    expect_marked(page, "nothing was found")
    desk.get_by_role("link", name="Versions").click()
    desk.get_by_role("button", name="Read version 1").click()
    expect_marked(desk, LETTER)


def viewer_in(tab: Page) -> Frame | None:
    """Chromium's own viewer of PDFs, an extension, which the policy that the tab has from our page could keep away."""
    tab.wait_for_timeout(50)
    return next((frame for frame in tab.frames if frame.url.startswith("chrome-extension:")), None)


def open_pdf(page: Page, reader: Person) -> Page:
    """The tab that has the reader's letter as it is printed."""
    (letter,) = reader.every(f"/api/patients/{reader.user['patient_id']}/letters")
    pdf = f"/api/patients/{letter['patient_id']}/letters/{letter['uid']}.pdf"
    eventually(lambda: reader.get(pdf).status_code == 200, within=60)  # a busy printer asks to try again
    page.goto(f"/letters/{letter['uid']}")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open PDF").click()
    return opened.value


def test_printed_letter_opens_in_a_tab_of_its_own(windows: Windows, reader: Person) -> None:
    tab = open_pdf(windows.open(reader), reader)
    viewer = eventually(lambda: viewer_in(tab), within=30)
    expect(viewer.get_by_text(LETTER).first).to_be_visible()  # it has read the document's title


def test_printed_letter_can_be_saved_for_as_long_as_the_session_lasts(windows: Windows, reader: Person) -> None:
    page = windows.open(reader)
    page.clock.install()
    tab = open_pdf(page, reader)
    tab.wait_for_url(lambda address: address.startswith("blob:"), wait_until="commit")
    page.clock.fast_forward(5 * 60_000)
    with page.expect_download() as saved:
        page.evaluate(_SAVE, tab.url)
    assert saved.value.path().read_bytes().startswith(b"%PDF")
