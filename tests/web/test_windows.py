"""That the windows would tell: what they are silent about has not happened."""

import pytest
from playwright.sync_api import expect

from web.accessibility import cut_off, small_targets, unreached, violations, wider_than_screen
from web.steps import heading
from web.windows import PHONE, Windows

CSP = "CSP violation|Content Security Policy"


@pytest.mark.parametrize(
    "deed",
    [
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.taken = 1'}))",
        "document.body.innerHTML = '<img src=x onerror=\"window.taken = 1\">'",
        "document.body.append(Object.assign(document.createElement('img'), {src: 'https://evil.example/taken.png'}))",
        "document.body.setAttribute('style', 'color: red')",
    ],
    ids=["script", "markup", "picture", "style"],
)
def test_breach_of_the_policy_is_told_and_stopped(windows: Windows, deed: str) -> None:
    page = windows.open()
    page.goto("/sign-in")
    expect(heading(page)).to_be_visible()
    windows.expect_complaint(f"{CSP}|TrustedHTML|TrustedScript")
    page.evaluate(f"() => {{ try {{ {deed} }} catch {{}} }}")
    page.wait_for_timeout(200)
    assert any("CSP violation" in told for told in windows.complaints)
    assert page.evaluate("window.taken") is None


def test_barriers_are_seen(windows: Windows) -> None:
    page = windows.open(size=PHONE)
    page.set_content(
        """<html lang="en"><title>Barriers</title><main><h1>Barriers</h1><input><button>x</button>
        <div style="box-shadow: 0 0 4px"><button style="outline: none">No ring</button></div>
        <p style="width: 900px; color: #bbb">Wide and pale</p>
        <nav style="width: 60px; overflow-x: auto; white-space: nowrap">Much longer than that</nav></main>"""
    )
    assert {line.partition(":")[0] for line in violations(page)} >= {"label", "color-contrast", "target-size"}
    assert unreached(page) == ([], ["button No ring"])
    assert any(each.startswith("button x: ") for each in small_targets(page))
    assert wider_than_screen(page) != []
    assert cut_off(page) == ["nav."]
