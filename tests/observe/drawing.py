"""A dashboard as a picture: each panel where Grafana has it, in SVG, for light and dark screens."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from chaos.history import Harm
from observe.panels import Place, Shown

WIDTH, COLUMNS, ROW, GAP = 1440, 24, 26, 8
HEAD = 64
LEFT, RIGHT, TOP, BOTTOM = 58, 10, 34, 62  # of a panel's axes
LEGEND_ROWS, CHARACTER = 2, 6.1
TICKS = 4
# By Grafana's name of a unit: what one of what is written is worth, and what is written behind it.
UNITS = {
    "short": (1.0, ""),
    "s": (1.0, " s"),
    "percentunit": (0.01, " %"),
    "bytes": (2.0**20, " MiB"),
    "reqps": (1.0, "/s"),
    "ops": (1.0, "/s"),
}
COLOURS = ("#5794f2", "#56a64b", "#ff780a", "#e02f44", "#a352cc", "#f2cc0c", "#37872d", "#1f60c4", "#c4162a", "#8f3bb8")
_STYLE = (
    "body{margin:0}svg{display:block}text{font:11px system-ui,sans-serif;fill:var(--ink)}.small{font-size:9px}"
    ".title{font-size:13px;font-weight:600}"
    ".head{font-size:18px;font-weight:600}.faint{fill:var(--faint)}.line{fill:none;stroke-width:1.5}"
    ".grid{stroke:var(--faint);stroke-opacity:.25}.panel{fill:var(--panel);stroke:var(--faint);stroke-opacity:.3}"
    ".harm{fill:var(--faint);fill-opacity:.2}:root{--paper:#f4f5f5;--panel:#fff;--ink:#24292e;--faint:#6e7681}"
    "@media(prefers-color-scheme:dark){:root{--paper:#111217;--panel:#181b1f;--ink:#d8d9da;--faint:#8e8e8e}}"
    "body{background:var(--paper)}"
)


@dataclass(frozen=True)
class Time:
    """The time that is shown, in seconds since 1970; and what was done meanwhile, which has numbers from 1."""

    begin: float
    end: float
    step: float
    harms: Sequence[Harm]

    def part(self, at: float) -> float:
        """Where a moment is, between 0 and 1."""
        return min(max((at - self.begin) / (self.end - self.begin), 0.0), 1.0)


def height(panels: Sequence[Shown]) -> int:
    """How high the picture is."""
    return HEAD + ROW * max(one.panel.place.y + one.panel.place.height for one in panels) + GAP


def draw(title: str, panels: Sequence[Shown], time: Time) -> str:
    """A page with nothing but the picture, WIDTH wide."""
    told = " · ".join(f"{number} {one.kind}" for number, one in enumerate(time.harms, start=1))
    about = f"Grey, what was done: {told}" if told else ""
    drawn = "".join(part for one in panels for part in _panel(one, time))
    high = height(panels)
    return (
        f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{high}" viewBox="0 0 {WIDTH} {high}">'
        f'<text class="head" x="{GAP}" y="26">{escape(title)}</text>'
        f'<text class="faint" x="{GAP}" y="48">{escape(about)}</text>{drawn}</svg>'
    )


def _panel(shown: Shown, time: Time) -> Iterator[str]:
    place, column = shown.panel.place, WIDTH / COLUMNS
    box = Place(int(place.x * column), HEAD + place.y * ROW, int(place.width * column), place.height * ROW)
    if shown.panel.kind == "row":
        yield f'<text class="title faint" x="{box.x + GAP}" y="{box.y + 18}">{escape(shown.panel.title)}</text>'
        return
    size = f'width="{box.width - 6}" height="{box.height - 6}"'
    yield f'<rect class="panel" x="{box.x + 3}" y="{box.y + 3}" {size} rx="3"/>'
    yield f'<text class="title" x="{box.x + 12}" y="{box.y + 22}">{escape(shown.panel.title)}</text>'
    axes = Place(box.x + LEFT, box.y + TOP, box.width - LEFT - RIGHT, box.height - TOP - BOTTOM)
    values = [value for _, line in shown.lines for _, value in line.points if math.isfinite(value)]
    if not values:
        yield f'<text class="faint" x="{axes.x + axes.width / 2}" y="{axes.y + axes.height / 2}">No data</text>'
        return
    worth, behind = UNITS[shown.panel.unit]
    top = rounded_up(max(values) / worth) * worth
    yield from _axes(axes, time, [f"{top / worth * tick / TICKS:g}{behind}" for tick in range(TICKS + 1)])
    highest = sorted(shown.lines, key=lambda one: max(_finite(one[1].points), default=0), reverse=True)
    for number, (_, line) in enumerate(highest):
        path = "".join(_path(line.points, axes, time, top=top))
        yield f'<path class="line" stroke="{COLOURS[number % len(COLOURS)]}" d="{path}"/>'
    yield from _legend([name for name, _ in highest], axes)


def _finite(points: Sequence[tuple[float, float]]) -> list[float]:
    return [value for _, value in points if math.isfinite(value)]


def rounded_up(value: float) -> float:
    """The next of 1, 2, 4 or 8 times a power of ten, which four steps lead up to."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 4, 8, 10) if factor * power >= value * 0.999)


def _axes(axes: Place, time: Time, ticks: Sequence[str]) -> Iterator[str]:
    for number, one in enumerate(time.harms, start=1):
        begin, end = (axes.x + axes.width * time.part(at) for at in (one.began, one.ended))
        size = f'width="{max(end - begin, 2):.1f}" height="{axes.height}"'
        yield f'<rect class="harm" x="{begin:.1f}" y="{axes.y}" {size}/>'
        yield f'<text class="faint small" x="{begin:.1f}" y="{axes.y - 2}">{number}</text>'
    for number, told in enumerate(ticks):
        y = round(axes.y + axes.height * (1 - number / (len(ticks) - 1)))
        yield f'<line class="grid" x1="{axes.x}" x2="{axes.x + axes.width}" y1="{y}" y2="{y}"/>'
        yield f'<text class="faint" x="{axes.x - 6}" y="{y + 4}" text-anchor="end">{told}</text>'
    y = axes.y + axes.height + 14
    for minute in range(int((time.end - time.begin) / 60) + 1):
        x = axes.x + axes.width * time.part(time.begin + 60 * minute)
        yield f'<text class="faint" x="{x:.1f}" y="{y}" text-anchor="middle">{minute} min</text>'


def _path(points: Sequence[tuple[float, float]], axes: Place, time: Time, *, top: float) -> Iterator[str]:
    """A line that has a gap where nothing was seen; what stands alone is a dash."""
    last = -math.inf
    for at, value in points:
        if not math.isfinite(value):
            continue
        x = axes.x + axes.width * time.part(at)
        y = axes.y + axes.height * (1 - value / top)
        joined = at - last < time.step * 1.5
        yield f"L{x:.1f} {y:.1f}" if joined else f"M{x:.1f} {y:.1f}h1"
        last = at


def _legend(names: Sequence[str], axes: Place) -> Iterator[str]:
    x, row = float(axes.x - LEFT + 14), 0
    for number, name in enumerate(names):
        width = 20 + CHARACTER * len(name)
        if x + width > axes.x + axes.width:
            x, row = float(axes.x - LEFT + 14), row + 1
        if row == LEGEND_ROWS:
            more, y = len(names) - number, axes.y + axes.height + 58
            yield f'<text class="faint" x="{x:.0f}" y="{y}">and {more} more</text>'
            return
        y = axes.y + axes.height + 30 + 14 * row
        yield f'<rect x="{x:.0f}" y="{y - 6}" width="10" height="3" fill="{COLOURS[number % len(COLOURS)]}"/>'
        yield f'<text x="{x + 14:.0f}" y="{y}">{escape(name)}</text>'
        x += width
