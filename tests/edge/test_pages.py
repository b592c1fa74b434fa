"""The plain pages: nothing inline (the policy would refuse it), no dead link, enough contrast in light and dark."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edge.conftest import Edge

PAGES = Path(__file__).parents[2] / "web/public"
HTML = sorted(PAGES.glob("*.html"))
TEXT_ON = [("ink", "paper"), ("soft", "paper"), ("soft", "card"), ("gold", "paper"), ("on-accent", "accent")]
TEXT_ON += [("accent", "paper"), ("accent", "card")]


class Page(HTMLParser):
    """Collects what a page refers to and what the policy forbids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.links += [str(named[name]) for name in ("href", "src") if name in named]
        self.inline += [name for name in named if name == "style" or name.startswith("on")]
        self.inline += [tag] if tag == "style" or (tag == "script" and "src" not in named) else []


@pytest.mark.parametrize("path", HTML, ids=lambda path: path.name)
def test_page_works_under_the_policy_and_has_no_dead_link(edge: Edge, path: Path) -> None:
    text = path.read_text()
    page = Page(text)
    assert page.inline == []
    assert '<html lang="en-GB">' in text
    for link in page.links:
        assert link.startswith(("/", "#main"))
        assert link == "#main" or edge.ask("GET", link).status == 200, link


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of #rrggbb."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_has_the_contrast_of_wcag_aa(text: str, ground: str, theme: int) -> None:
    style = (PAGES / "style.css").read_text()
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", style.split(":root")[1 + theme]))
    darker, lighter = sorted((luminance(colours[text]), luminance(colours[ground])))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
