"""The Prometheus beside a fleet: which alerts there are, what a query showed over time, and how it is told to look more
often."""

import json
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from e2e.client import eventually
from fleet import Fleet
from native.home import write_json
from native.http import TLS

ASK_SECONDS = 30.0
TELLING = ("service", "replica", "backend", "durable", "server", "look")  # labels that say what an alert is about


@dataclass(frozen=True)
class Alert:
    """An alert that fires, or will if its reason lasts."""

    name: str
    labels: Mapping[str, str]
    fires: bool

    def __str__(self) -> str:
        told = ", ".join(f"{name} {self.labels[name]}" for name in TELLING if name in self.labels)
        return f"{self.name} ({told})" if told else self.name

    def is_about(self, labels: Mapping[str, str]) -> bool:
        """Whether it has these labels, among others; each value is a regular expression for the whole of it."""
        return all(re.fullmatch(value, self.labels.get(name, "")) for name, value in labels.items())


@dataclass(frozen=True)
class Line:
    """A series over time.

    labels: what tells it from others.
    points: seconds since 1970, and the value; not a number where there was nothing to divide.
    """

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


class Prometheus:
    """Asks the Prometheus of a fleet that was started with OBSERVE=1."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._http = httpx.Client(
            base_url=f"{fleet.processes['prometheus']['url']}/api/v1/", timeout=ASK_SECONDS, verify=TLS, trust_env=False
        )

    def alerts(self) -> list[Alert]:
        """Every alert that fires or will."""
        return [
            Alert(one["labels"]["alertname"], one["labels"], one["state"] == "firing")
            for one in self._ask("alerts")["alerts"]
        ]

    def over_time(self, query: str, *, begin: float, end: float, step: float) -> list[Line]:
        """What a query shows.

        Args:
            query: in PromQL.
            begin, end: seconds since 1970.
            step: seconds between two points.
        """
        found = self._ask("query_range", query=query, start=begin, end=end, step=step)["result"]
        return [Line(one["metric"], [(at, float(value)) for at, value in one["values"]]) for one in found]

    def look_every(self, seconds: int, *, rules: Path | None = None) -> None:
        """Have it look and judge so often, by other rules if there are any; what it has seen stays."""
        file = self._fleet.home / "prometheus" / "prometheus.json"
        told = json.loads(file.read_text())
        told["global"] = dict.fromkeys(("scrape_interval", "evaluation_interval"), f"{seconds}s")
        told["rule_files"] = [str(rules)] if rules else told["rule_files"]
        write_json(file, told)
        self._fleet.kill("prometheus", signal.SIGHUP)
        wanted = {f"scrape_interval: {seconds}s", *told["rule_files"]}
        eventually(lambda: all(one in self._ask("status/config")["yaml"] for one in wanted), within=30)

    def _ask(self, path: str, **query: Any) -> Any:
        return self._http.get(path, params=query).raise_for_status().json()["data"]
