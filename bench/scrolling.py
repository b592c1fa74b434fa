"""Measures what scrolling a patient's letters costs the page, against the running fleet: `make scrolling`.

Told is the processor time of the page's main thread for each frame, which other work on the machine does not change.
Ends with 1 where a frame of 1,000 letters costs more than half of what a screen of 60 Hz leaves for it.
"""

import os
import sys
from pathlib import Path
from uuid import uuid4

from e2e.client import demo_person
from fleet import ROOT, running_fleet
from playwright.sync_api import CDPSession, Page, Route, expect
from web.windows import PHONE, Windows, running_browser

NUMBERS = (100, 1000)
FRAMES = 300
FRAME_MS = 1000 / 60
MOST = 0.5

_SCROLL = """async frames => {
  for (let frame = 1; frame <= frames; frame += 1) {
    scrollTo(0, 60 * Math.min(frame, frames - frame));
    await new Promise(requestAnimationFrame);
  }
}"""


def give_letters(page: Page, number: int) -> None:
    """Let the patient have that many letters: copies of her newest one, under other ids and titles."""

    def answer(route: Route) -> None:
        told = route.fetch().json()
        copies = [told["items"][0] | {"uid": str(uuid4()), "title": f"Letter {count}"} for count in range(number)]
        route.fulfill(json={**told, "items": copies, "next_cursor": None})

    page.route("**/api/patients/*/letters?*", answer)


def busy_ms(session: CDPSession) -> float:
    """Processor time that the page's main thread has spent so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def cost_of_frame(page: Page, number: int) -> float:
    """Milliseconds of the main thread for each frame, while a list of that many letters scrolls down and up."""
    give_letters(page, number)
    page.goto("/letters")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(number)
    session = page.context.new_cdp_session(page)
    session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    session.send("Performance.enable")
    before = busy_ms(session)
    page.evaluate(_SCROLL, FRAMES)
    return (busy_ms(session) - before) / FRAMES


def main(home: Path) -> int:
    """Print a line for each length of the list, and say whether the longest is light enough."""
    cost = 0.0
    with running_fleet(home, instead=str(home)) as fleet, running_browser() as browser:
        for number in NUMBERS:
            windows = Windows(browser, fleet.url)
            page = windows.open(demo_person(fleet, "patient"), size=PHONE, service_workers="block")
            cost = cost_of_frame(page, number)
            sys.stdout.write(f"{number} letters: {cost:.1f} ms for each frame, {cost / FRAME_MS:.0%} of it\n")
            windows.close()
    return 0 if cost <= MOST * FRAME_MS else 1


if __name__ == "__main__":
    home = Path(os.environ.get("QUILL_HOME") or ROOT / ".quill")
    if not (home / "fleet.json").exists():
        sys.exit(f"make scrolling: no fleet runs in {home}; start it with `make run`")
    sys.exit(main(home))
