"""What the app weighs on a first visit."""

import pytest
from e2e.client import demo_person
from fleet import Fleet
from playwright.sync_api import Page, expect
from web.steps import heading
from web.windows import Windows

KB = 1000

# As it came over the network, packed. What the service worker stores for later is not the page's.
_SCRIPTS = """() => performance.getEntriesByType('resource').filter(({name}) => new URL(name).pathname.endsWith('.js'))
  .reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)"""


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
