"""Makes the README's pictures from the running fleet with its demo data: `make pictures`."""

import base64
import os
import sys
from collections.abc import Callable
from pathlib import Path

from e2e.client import demo_person
from fleet import ROOT, running_fleet
from playwright.sync_api import Page, expect

from web.steps import heading, write
from web.windows import Windows, running_browser

FOLDER = ROOT / "docs/pictures"
DESK, TALL_DESK, PHONE = (1280, 800), (1280, 1080), (375, 1000)
PATIENT, LETTER = "Margaret Ellen Hartley", "Your blood test results"
BODY = """Dear Mrs Hartley,

Thank you for coming to the clinic today. **Your blood pressure is well controlled.**

- Go on with amlodipine 5 mg once a day.
- Please have your kidney function checked in **three months**.

Yours sincerely"""


def search(page: Page) -> None:
    """A clinician finds a patient."""
    page.goto("/patients")
    page.get_by_role("searchbox").fill("Ma")
    expect(page.get_by_role("link", name="Hartley")).to_be_visible()


def compose(page: Page) -> None:
    """A clinician writes, and sees how it will read."""
    search(page)
    page.get_by_role("link", name="Hartley").click()
    page.get_by_role("link", name="Write a letter").click()
    write(page, "Blood pressure review", BODY)


def read(page: Page) -> None:
    """A patient reads on a phone."""
    page.goto("/letters")
    page.get_by_role("link", name=LETTER).click()
    expect(heading(page)).to_contain_text(LETTER)


def notification(page: Page) -> None:
    """What a patient was told, with nothing clinical in it."""
    page.goto("/notifications")
    expect(page.get_by_role("main").get_by_role("listitem").first).to_be_visible()


def audit(page: Page) -> None:
    """An administrator sees who did what."""
    page.goto("/admin/audit")
    expect(page.get_by_role("row").nth(5)).to_be_visible()


PICTURES: dict[str, tuple[str, tuple[int, int], Callable[[Page], None]]] = {
    "search": ("clinician", DESK, search),
    "write": ("clinician", DESK, compose),
    "read": ("patient", PHONE, read),
    "notification": ("patient", PHONE, notification),
    "audit": ("admin", TALL_DESK, audit),
}


def take(page: Page, file: Path) -> None:
    """Keep what is on the screen as a small WebP; Playwright itself writes PNG and JPEG only."""
    page.wait_for_load_state("networkidle")
    expect(page.locator(".loading")).to_have_count(0)
    page.wait_for_timeout(500)  # colours change by degrees
    session = page.context.new_cdp_session(page)
    made = session.send("Page.captureScreenshot", {"format": "webp", "quality": 80})
    file.write_bytes(base64.b64decode(made["data"]))
    session.detach()


def main(home: Path) -> None:
    """Make all of them, each in light and dark."""
    FOLDER.mkdir(exist_ok=True)
    with running_fleet(home, instead=str(home)) as fleet, running_browser() as browser:
        for name, (role, size, play) in PICTURES.items():
            windows = Windows(browser, fleet.url)
            page = windows.open(demo_person(fleet, role), size=size, device_scale_factor=2 if size == PHONE else 1)
            play(page)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                take(page, FOLDER / f"{name}-{scheme}.webp")
            windows.close()


if __name__ == "__main__":
    home = Path(os.environ.get("QUILL_HOME") or ROOT / ".quill")
    if not (home / "fleet.json").exists():
        sys.exit(f"make pictures: no fleet runs in {home}; start it with `make run`")
    main(home)
