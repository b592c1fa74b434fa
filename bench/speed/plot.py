"""The table as a picture: how far each median is from its budget, for light and dark screens."""

import math
from collections.abc import Sequence
from html import escape

from speed.figures import Figure

WIDTH, LABELS, ROW, TOP, BOTTOM = 960, 420, 22, 44, 34
FURTHEST = 8.0  # times the budget, to either side; what is further ends there
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#24292f}.faint{fill:#57606a}.kept{fill:#2da44e}.missed{fill:#cf222e}"
    ".line{stroke:#57606a}.spread{stroke:#24292f;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.faint{fill:#8d96a0}.line{stroke:#8d96a0}"
    ".spread{stroke:#e6edf3}.kept{fill:#3fb950}.missed{fill:#f85149}}"
)


def place(margin: float) -> float:
    """Where a margin stands, on a scale of factors whose middle is the budget itself."""
    bounded = min(max(margin, 1 / FURTHEST), FURTHEST)
    half = (WIDTH - LABELS - 20) / 2
    return LABELS + half + half * math.log(bounded) / math.log(FURTHEST)


def _bar(figure: Figure, y: float) -> str:
    assert figure.budget is not None  # noqa: S101 - those without are not drawn
    middle, end = place(1), place(figure.margin)
    kind = "kept" if figure.kept else "missed"
    left, right = sorted(place(figure.budget.margin(value)) for value in (figure.sample.low, figure.sample.high))
    return (
        f'<text x="{LABELS - 10}" y="{y + 12}" text-anchor="end">{escape(figure.what)}</text>'
        f'<rect class="{kind}" x="{min(middle, end):.1f}" y="{y}" width="{max(abs(end - middle), 1):.1f}" height="14"/>'
        f'<line class="spread" x1="{left:.1f}" x2="{right:.1f}" y1="{y + 7}" y2="{y + 7}"/>'
    )


def draw(figures: Sequence[Figure], title: str) -> str:
    """An SVG: a bar for each budget, to the right where it is kept and to the left where it is missed."""
    judged = [one for one in figures if one.budget is not None]
    height = TOP + ROW * len(judged) + BOTTOM
    marks = [(factor, f"{factor:g}×" if factor != 1 else "budget") for factor in (1 / 4, 1 / 2, 1, 2, 4)]
    lines = [
        f'<line class="line" x1="{place(factor):.1f}" x2="{place(factor):.1f}" y1="{TOP - 6}" y2="{height - BOTTOM}"'
        f' stroke-opacity="{1 if factor == 1 else 0.25}"/>'
        f'<text class="faint" x="{place(factor):.1f}" y="{height - BOTTOM + 16}" text-anchor="middle">{name}</text>'
        for factor, name in marks
    ]
    bars = [_bar(one, TOP + ROW * number) for number, one in enumerate(judged)]
    head = f'<text x="10" y="20">{escape(title)}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
        f"<title>How far each measurement is from its budget</title><style>{_STYLE}</style>"
        f"{head}{''.join(lines)}{''.join(bars)}</svg>\n"
    )
