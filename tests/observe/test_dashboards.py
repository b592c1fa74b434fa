"""The pictures of the dashboards (`make dashboards`): every panel is drawn, and what is not true of a run is told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from chaos.announced import FOLLOWERS
from chaos.history import Call, Harm, History
from observe import truth
from observe.asking import Line
from observe.drawing import UNITS, Time, draw, rounded_up
from observe.panels import FILES, Panel, Place, Shown, filled, load
from observe.truth import BACKENDS, BURIED, DOWN, FAILED, PUSHES, REQUESTS, WRITES

LETTERS, INBOX = "/api/patients/1/letters", "/api/notifications"
STEP, AHEAD, SECONDS = 2, 1_000_000, 300
SVG = "{http://www.w3.org/2000/svg}"
PANEL = Panel("Panel", "timeseries", "s", Place(0, 0, 12, 8), [])

type Values = Mapping[int, float]


def test_panels_have_titles_of_their_own_and_those_that_are_compared_are_there() -> None:
    titles = Counter(panel.title for file in FILES for panel in load(file).panels if panel.kind != "row")
    assert set(titles.values()) == {1}
    assert titles.keys() >= truth.TITLES
    assert {panel.unit for file in FILES for panel in load(file).panels if panel.kind != "row"} <= UNITS.keys()


def test_nothing_of_grafana_is_left_in_a_query() -> None:
    queries = [query for file in FILES for panel in load(file).panels for query, _ in panel.queries]
    assert len(queries) > 20
    assert not [query for query in queries if "$" in filled(query, "8s")]


def points(value: float = 0.0, **at: float) -> list[tuple[float, float]]:
    """A value every two seconds of the run; `at` has others, by the names of their seconds."""
    others = {int(second.removeprefix("s")): other for second, other in at.items()}
    return [(AHEAD + second, others.get(second, value)) for second in range(0, SECONDS, STEP)]


def most(rate: float) -> list[tuple[float, float]]:
    """A rate for 200 s, and nothing afterwards."""
    return points(rate, **{f"s{second}": 0.0 for second in range(200, SECONDS, STEP)})


def shown(title: str, *lines: tuple[Mapping[str, str], Sequence[tuple[float, float]]]) -> Shown:
    return Shown(Panel(title, "timeseries", "s", PANEL.place, []), [(title, Line(*line)) for line in lines])


def drawn(*panels: Shown) -> ElementTree.Element:
    time = Time(AHEAD, AHEAD + SECONDS, STEP, [Harm("kill letters", ("letters",), AHEAD + 10, AHEAD + 12)])
    page = draw("What <waits>", panels, time)
    return ElementTree.fromstring(page[page.index("<svg") :])  # noqa: S314 - our own


def texts(picture: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in picture.iter(f"{SVG}text")]


def test_picture_has_every_panel_and_line_and_what_was_done() -> None:
    kinds = Counter(panel.kind for file in FILES for panel in load(file).panels)
    assert kinds.keys() == {"row", "stat", "timeseries"}
    picture = drawn(shown("Requests", ({"service": "auth"}, points(2.0)), ({"service": "letters"}, points(7.0))))
    assert len(list(picture.iter(f"{SVG}path"))) == 2
    assert {"What <waits>", "Requests", "0 s", "8 s", "5 min", "1"} <= {*texts(picture)}
    assert "Grey, what was done: 1 kill letters" in texts(picture)


def test_line_has_a_gap_where_nothing_was_seen() -> None:
    whole = points(1.0)
    gap = [*whole[:50], *whole[55:]]
    (path,) = drawn(shown("Requests", ({}, gap))).iter(f"{SVG}path")
    assert path.attrib["d"].count("M") == 2
    (path,) = drawn(shown("Requests", ({}, whole))).iter(f"{SVG}path")
    assert path.attrib["d"].count("M") == 1


def test_empty_panel_says_so() -> None:
    assert "No data" in texts(drawn(shown("Requests", ({}, points(float("nan"))))))
    assert "No data" in texts(drawn(shown("Requests")))


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.9, 1), (1, 1), (1.1, 2), (7, 8), (9, 10), (37, 40), (0.03, 0.04)]
)
def test_axis_ends_at_a_round_number(value: float, top: float) -> None:
    assert rounded_up(value) == pytest.approx(top)


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = History(tmp_path / "history.jsonl")
    history.calls = [Call(float(second), "POST", LETTERS, 201, 0.1) for second in range(100)]
    history.calls += [Call(float(second), "GET", INBOX, 200, 0.1) for second in range(100)]
    for _ in range(100):
        history.act("letter", "ok", target="a letter")
    history.harms = [
        Harm("kill letters", ("letters",), 150, 150),
        Harm("letters away", ("letters",), 150, 155),
        Harm("openehr: 503", ("openehr",), 200, 220),
        Harm("pushes 500", (), 230, 250),
    ]
    return history


def true(history: History, **other: Shown) -> truth.Run:
    """What tells the truth of that; `other` tells something else."""
    rates = most(0.5)
    backend = {"service": "letters", "backend": "openehr"}
    outage = points(1.0, **{f"s{second}": 0.0 for second in range(202, 222, STEP)})
    told = {
        "requests": shown(REQUESTS, ({"service": "letters"}, rates), ({"service": "notify"}, rates)),
        "failed": shown(FAILED, ({"service": "letters"}, points(s210=0.5))),
        "down": shown(DOWN, ({}, points(s152=1, s154=1))),
        "writes": shown(WRITES, ({"kind": "letter.create", "outcome": "done"}, rates)),
        "backends": shown(BACKENDS, (backend, outage)),
        "buried": shown(BURIED, *(({"durable": name}, points(2.0)) for name in FOLLOWERS)),
        "pushes": shown(PUSHES, ({"outcome": "later"}, points(s240=3))),
        **other,
    }
    panels = {one.panel.title: one for one in told.values()}
    return truth.Run(history, panels, STEP, AHEAD, Counter({"poison": 2}))


def lies(run: truth.Run) -> list[str]:
    return [lie.partition(":")[0] for check in truth.CHECKS for lie in check(run)]


def test_dashboards_that_tell_the_truth_pass(history: History) -> None:
    assert lies(true(history)) == []


LIES = {
    "an empty panel": ("failed", shown(FAILED), FAILED),
    "half of the requests": (
        "requests",
        shown(REQUESTS, ({"service": "letters"}, most(0.25)), ({"service": "notify"}, most(0.5))),
        REQUESTS,
    ),
    "half of the letters": (
        "writes",
        shown(WRITES, ({"kind": "letter.create", "outcome": "done"}, most(0.25))),
        WRITES,
    ),
    "a replica that is never down": ("down", shown(DOWN, ({}, points())), DOWN),
    "a replica that is down for nothing": ("down", shown(DOWN, ({}, points(s152=1, s280=1))), DOWN),
    "a backend that is never away": (
        "backends",
        shown(BACKENDS, ({"service": "letters", "backend": "openehr"}, points(1.0))),
        BACKENDS,
    ),
    "a backend that is away for nothing": (
        "backends",
        shown(BACKENDS, ({"service": "letters", "backend": "openehr"}, points(1.0, s204=0, s50=0))),
        BACKENDS,
    ),
    "no failures": ("failed", shown(FAILED, ({"service": "letters"}, points())), FAILED),
    "no push that nobody took": ("pushes", shown(PUSHES, ({"outcome": "later"}, points())), PUSHES),
    "one dead letter too few": (
        "buried",
        shown(BURIED, *(({"durable": one}, points(1.0)) for one in FOLLOWERS)),
        BURIED,
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_dashboard_that_lies_is_told(history: History, lie: str) -> None:
    name, other, title = LIES[lie]
    assert {*lies(true(history, **{name: other}))} == {title}


def test_what_a_killed_process_took_along_is_no_lie(history: History) -> None:
    lines = [({"service": "letters"}, most(0.42)), ({"service": "notify"}, most(0.5))]
    run = true(history, requests=shown(REQUESTS, *lines))
    assert lies(run) == [REQUESTS]
    history.harms.append(Harm("letters away", ("letters",), 48, 51))
    assert lies(run) == []
