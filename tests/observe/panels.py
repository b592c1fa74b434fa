"""The panels of the Grafana dashboards, and what a Prometheus has for each."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from native.settings import REPOSITORY
from observe.asking import Line, Prometheus

FILES = sorted((REPOSITORY / "infra/observe/grafana").glob("*.json"))
_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class Place(NamedTuple):
    """Where a panel is, in columns and rows of Grafana's grid."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Panel:
    """A panel as it is defined.

    kind: `timeseries`, `stat`, or `row` for a heading.
    unit: by Grafana's name.
    queries: in PromQL with Grafana's variables, each with the form of its legend.
    """

    title: str
    kind: str
    unit: str
    place: Place
    queries: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Dashboard:
    """A file of infra/observe/grafana; its panels have titles that no other panel has."""

    name: str
    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Shown:
    """A panel with its lines, each under what its legend says."""

    panel: Panel
    lines: Sequence[tuple[str, Line]]

    def line(self, **labels: str) -> Line:
        """The one line with these labels; without points where there is none."""
        found = [line for _, line in self.lines if labels.items() <= line.labels.items()]
        return found[0] if len(found) == 1 else Line(labels, [])


def load(file: Path) -> Dashboard:
    """A dashboard as it is defined."""
    told = json.loads(file.read_text())
    return Dashboard(file.stem, told["title"], [_panel(one) for one in told["panels"]])


def _panel(told: Any) -> Panel:
    grid = told["gridPos"]
    return Panel(
        told["title"],
        told["type"],
        told.get("fieldConfig", {}).get("defaults", {}).get("unit", ""),
        Place(grid["x"], grid["y"], grid["w"], grid["h"]),
        [(one["expr"], one["legendFormat"]) for one in told.get("targets", ())],
    )


def filled(query: str, rate_interval: str) -> str:
    """A query with what Grafana puts in the place of its variables when all services are chosen."""
    return query.replace("$__rate_interval", rate_interval).replace("$service", ".*")


def show(panel: Panel, prometheus: Prometheus, *, begin: float, end: float, step: int) -> Shown:
    """What a panel shows of a time in seconds since 1970; Prometheus has looked at each step."""
    interval = f"{4 * step}s"  # as Grafana has it: four looks, or a look and a step
    lines = [
        (_LABEL.sub(partial(_value_of, line), legend), line)
        for query, legend in panel.queries
        for line in prometheus.over_time(filled(query, interval), begin=begin, end=end, step=step)
    ]
    return Shown(panel, lines)


def _value_of(line: Line, label: re.Match[str]) -> str:
    return line.labels.get(label[1], "")
