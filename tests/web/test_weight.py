"""What the app weighs on a first visit, and what a long list costs."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from e2e.client import Person, demo_person, new_linked_patient
from fleet import Fleet
from playwright.sync_api import Page, expect
from web.steps import heading
from web.windows import PHONE, Windows

KB = 1000
LETTERS = 1000
FRAMES, PIXELS = 200, 100  # a fling: seven screens of a phone in a second
MOST_WORK_MS = 8.0  # of the main thread for each frame of 16.7 ms, so that phones half as fast keep up

# As it came over the network, packed. What the service worker stores for later is not the page's.
_SCRIPTS = """() => performance.getEntriesByType('resource').filter(({name}) => new URL(name).pathname.endsWith('.js'))
  .reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)"""

_SCROLL = """async ([frames, pixels]) => {
  scrollTo(0, 0);
  for (let frame = 0; frame < frames; frame += 1) {
    scrollBy(0, pixels);
    await new Promise(requestAnimationFrame);
  }
}"""


def weight_of_scripts(page: Page, path: str, shown: str) -> int:
    """Bytes of JavaScript that the browser fetched until the screen stood."""
    page.goto(path, wait_until="networkidle")
    expect(heading(page)).to_contain_text(shown)
    weight: int = page.evaluate(_SCRIPTS)
    assert weight > 30 * KB, "the scripts were not seen"
    return weight


def test_sign_in_loads_little(windows: Windows) -> None:
    assert weight_of_scripts(windows.open(), "/sign-in", "Sign in") <= 150 * KB


@pytest.mark.parametrize(
    ("role", "path", "shown"),
    [
        ("patient", "/", "Welcome"),
        ("patient", "/letters", "Your letters"),
        ("clinician", "/", "Patients"),
        ("clinician", "/patients/{patient}/letters/new", "Write a letter"),
        ("admin", "/", "Users"),
    ],
)
def test_first_screen_loads_within_its_budget(fleet: Fleet, windows: Windows, role: str, path: str, shown: str) -> None:
    path = path.format(patient=fleet.account("patient")["patient_id"])
    assert weight_of_scripts(windows.open(demo_person(fleet, role)), path, shown) <= 220 * KB


def write_many(clinician: Person, patient_id: str) -> None:
    """Write so many letters by a few hands."""

    def write(number: int) -> int:
        draft = {"title": f"Letter {number}", "body": "Dear patient,\n\nall is well."}
        return clinician.post(f"/api/patients/{patient_id}/letters", draft).status_code

    with ThreadPoolExecutor(8) as hands:
        assert set(hands.map(write, range(LETTERS))) == {201}


def test_thousand_letters_scroll_without_jank(fleet: Fleet, windows: Windows, clinician: Person) -> None:
    person, patient_id = new_linked_patient(fleet, clinician)
    write_many(clinician, patient_id)
    page = windows.open(person, size=PHONE)
    page.goto("/letters")
    letters = page.get_by_role("main").get_by_role("link", name="Letter ")
    expect(letters.first).to_be_visible()
    while (more := page.get_by_role("button", name="Show more")).count():
        before = letters.count()
        more.click()
        expect(letters).not_to_have_count(before)
    expect(letters).to_have_count(LETTERS)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def work() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration") * 1000

    began = work()
    page.evaluate(_SCROLL, [FRAMES, PIXELS])
    assert page.evaluate("scrollY") >= FRAMES * PIXELS * 0.9
    assert (work() - began) / FRAMES <= MOST_WORK_MS
