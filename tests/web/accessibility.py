"""What can be asked of every screen: is it understood unseen, reached without a mouse, big enough for a thumb, and
narrow enough for a phone?"""

from collections.abc import Iterable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What another colour scheme can change; the rest of the page is the same.
OF_COLOUR = ("color-contrast", "link-in-text-block")
# Where React Aria tells that a button is at work: for seconds after that, an image named by what is gone.
_NOT_OURS = {"exclude": [["[data-live-announcer]"]]}
_LEAST_TARGET = 24  # CSS pixels, WCAG 2.2 success criterion 2.5.8

# What Tab reaches: of a group of radio buttons that is the chosen one, or the first.
_STOPS = """
const stops = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter(
  each => each.tabIndex >= 0 && !each.disabled && !each.closest('[inert], [aria-hidden=true]')
    && each.checkVisibility({visibilityProperty: true}) && !isSpareRadio(each));
function isSpareRadio(each) {
  if (each.type !== 'radio') return false;
  const group = [...document.getElementsByName(each.name)];
  return each !== (group.find(one => one.checked) ?? group[0]);
}
const named = each => `${each.tagName.toLowerCase()} ${each.getAttribute('aria-label') ?? each.labels?.[0]?.textContent
  ?? each.textContent}`.replace(/\\s+/g, ' ').trim().slice(0, 60);
"""
_FORGET = "for (const each of document.querySelectorAll('[data-reached]')) delete each.dataset.reached"
_UNREACHED = f"() => {{ {_STOPS} return stops.filter(each => !each.dataset.reached).map(named); }}"
_COUNT = f"() => {{ {_STOPS} return stops.length; }}"
# Marks what has the focus, and tells its name when no ring shows that it has it: around it, what it is in, or the box
# that stands for it. All our rings are outlines: a shadow tells nothing, since cards and dialogs always have one.
_ARRIVE = f"""() => {{
  {_STOPS}
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  here.dataset.reached = 'yes';
  const around = [];
  for (let each = here; each && around.length < 4; each = each.parentElement) around.push(each);
  for (const each of [...around, ...(here.closest('label')?.children ?? [])]) {{
    for (const part of [null, '::after']) {{
      const {{outlineStyle, outlineWidth}} = getComputedStyle(each, part);
      if (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) return null;
    }}
  }}
  return named(here);
}}"""
# Links within a sentence are as high as its lines, which 2.5.8 allows; hidden inputs lie under what shows them.
_SMALL = f"""least => {{
  {_STOPS}
  const isInText = each => each.tagName === 'A' && getComputedStyle(each).display === 'inline';
  const target = each => each.labels?.[0] ?? each;
  return stops.filter(each => !isInText(each)).map(each => [named(each), target(each).getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && (box.width < least || box.height < least))
    .map(([name, box]) => `${{name}}: ${{Math.round(box.width)}} by ${{Math.round(box.height)}}`);
}}"""
_WIDER = """() => [...document.querySelectorAll('body *')].filter(
  each => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest('[data-scrolls], pre, table')
    && getComputedStyle(each).position !== 'fixed' && each.checkVisibility({visibilityProperty: true}))
  .slice(0, 5).map(each => `${each.tagName.toLowerCase()}.${each.className}`)"""
# What has to be moved sideways to be seen whole, without looking as if it could be; tables and typed text may.
_CUT = """() => [...document.querySelectorAll('header *, nav, [role=tablist]')].filter(each =>
  each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== 'visible'
  && each.clientWidth > 1 && each.checkVisibility({visibilityProperty: true}))
  .map(each => `${each.tagName.toLowerCase()}.${each.className}`)"""


def violations(page: Page, *, only: Iterable[str] = ()) -> list[str]:
    """What axe finds on this page, one line for each rule with the elements that break it.

    Args:
        only: rules to ask, instead of all that WCAG 2.2 AA and good practice have.
    """
    run = {"type": "rule", "values": [*only]} if only else {"type": "tag", "values": [*LEVELS]}
    options = {
        "resultTypes": ["violations"],
        "runOnly": run,
        "rules": {} if only else {"target-size": {"enabled": True}},
    }
    found: list[dict[str, Any]] = Axe().run(page, context=_NOT_OURS, options=options).response["violations"]
    return [f"{each['id']}: {[node['target'] for node in each['nodes']]} ({each['help']})" for each in found]


def unreached(page: Page) -> tuple[list[str], list[str]]:
    """Tab through the whole page: what never had the focus, and what had it unseen."""
    page.evaluate(f"() => {{ document.activeElement?.blur(); {_FORGET} }}")
    unseen: list[str] = []
    for _ in range(page.evaluate(_COUNT) + 3):
        page.keyboard.press("Tab")
        told = page.evaluate(_ARRIVE)
        unseen += [told] if told else []
    missed: list[str] = page.evaluate(_UNREACHED)
    return missed, unseen


def small_targets(page: Page) -> list[str]:
    """What a finger has to aim at too carefully."""
    found: list[str] = page.evaluate(_SMALL, _LEAST_TARGET)
    return found


def cut_off(page: Page) -> list[str]:
    """Navigation that ends before its last entry does."""
    found: list[str] = page.evaluate(_CUT)
    return found


def wider_than_screen(page: Page) -> list[str]:
    """What reaches over the right edge, so that the whole page would have to be moved to and fro."""
    overflowing: bool = page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
    found: list[str] = page.evaluate(_WIDER) if overflowing else []
    return found or (["the page"] if overflowing else [])
