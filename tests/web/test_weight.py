"""What the app weighs on a first visit."""

import httpx
import pytest
from e2e.client import demo_person
from fleet import Fleet
from playwright.sync_api import Page, expect

from web.steps import heading
from web.windows import Windows

KB = 1000

# What the service worker stores for later is not the page's.
_SCRIPTS = """() => performance.getEntriesByType('resource').map(({name}) => name)
  .filter(name => new URL(name).pathname.endsWith('.js'))"""


def packed(url: str) -> int:
    """Bytes of a file as a browser gets it that knows gzip only; others get less."""
    with httpx.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        return sum(map(len, answer.iter_raw()))


def weight_of_scripts(page: Page, path: str, shown: str) -> int:
    """Bytes of JavaScript that the browser fetched until the screen stood."""
    page.goto(path, wait_until="networkidle")
    expect(heading(page)).to_contain_text(shown)
    scripts = set(page.evaluate(_SCRIPTS))
    assert len(scripts) > 3, "the scripts were not seen"
    return sum(map(packed, scripts))


def test_sign_in_loads_little(windows: Windows) -> None:
    assert weight_of_scripts(windows.open(), "/sign-in", "Sign in") <= 150 * KB


@pytest.mark.parametrize(
    ("role", "path", "shown"),
    [
        ("patient", "/", "Welcome"),
        ("patient", "/letters", "Your letters"),
        ("clinician", "/", "Patients"),
        ("clinician", "/patients/{patient}/letters/new", "Write a letter"),
        ("patient", "/account", "Account"),
        ("admin", "/", "Users"),
        ("admin", "/admin/audit", "Audit trail"),
    ],
)
def test_first_screen_loads_within_its_budget(fleet: Fleet, windows: Windows, role: str, path: str, shown: str) -> None:
    path = path.format(patient=fleet.account("patient")["patient_id"])
    assert weight_of_scripts(windows.open(demo_person(fleet, role)), path, shown) <= 220 * KB
