"""Draws the app's icons from quill.svg with a browser: `python scripts/icons.py`, after a change of the drawing.

Needs playwright and a Chromium; the files are committed, so that a build needs neither.
"""

import re
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PUBLIC = Path(__file__).parents[1] / "public"
GROUND = "#0f4c5c"
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'
FEATHER = (
    '<path d="M52 10C35 11 21 21 17 40l5 5c17-3 27-15 30-35Z" fill="#fff"/>'
    '<path d="M17.5 44.6 12 54" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/>'
)


def drawings() -> dict[str, tuple[int, str]]:
    """File name → side in pixels and SVG."""
    svg = (PUBLIC / "quill.svg").read_text()
    square = svg.replace('rx="14" ', "")  # platforms cut their own corners
    # All of it within the safe zone: the ground is drawn wider than the picture.
    picture = re.sub(r"<rect[^>]*>", "", svg).replace("<svg ", '<svg width="64" height="64" ')
    maskable = f'<svg {NAMESPACE} viewBox="-11 -11 86 86"><path fill="{GROUND}" d="M-11-11h86v86h-86z"/>{picture}</svg>'
    badge = f'<svg {NAMESPACE} viewBox="0 0 64 64">{FEATHER}</svg>'  # of this one Android shows the outline
    return {
        "icon-192.png": (192, svg),
        "icon-512.png": (512, svg),
        "icon-maskable-512.png": (512, maskable),
        "apple-touch-icon.png": (180, square),
        "badge-96.png": (96, badge),
    }


def draw(page: Page, name: str, side: int, svg: str) -> None:
    """Write one file."""
    page.set_viewport_size({"width": side, "height": side})
    style = "<style>*{margin:0} body>svg{display:block;width:100vw;height:100vh}</style>"
    page.set_content(f"{style}{svg}")
    page.screenshot(path=PUBLIC / name, omit_background=True)


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    blank = browser.new_page()
    for file, (pixels, drawing) in drawings().items():
        draw(blank, file, pixels, drawing)
    browser.close()
