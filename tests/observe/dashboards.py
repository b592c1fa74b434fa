"""`python -m observe.dashboards`: a chaos run with a Prometheus beside it, whether the dashboards tell the truth of it,
and their pictures for docs/operations.md.

Grafana is not asked: each panel is drawn by drawing.py from Grafana's own definition and what Prometheus answers to it.
"""

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from chaos import nemesis, streams
from chaos.history import Harm
from chaos.plan import SINGLE, Form, Plan
from chaos.run import run
from chaos.stage import Stage, Todo
from e2e.push_receiver import Reply
from observe import truth
from observe.asking import Prometheus
from observe.drawing import WIDTH, Time, draw, height
from observe.faults import pushes_answered
from observe.panels import FILES, Shown, load, show
from web.pictures import FOLDER, take
from web.windows import running_browser

SEED, SECONDS, QUIET_SECONDS, LETTERS = 1, 250, 20, 300
LOOK_SECONDS = 2
CALM, CALM_SECONDS, OUTAGE_SECONDS = "calm", 12.0, 20.0


def one_by_one(stage: Stage, chance: random.Random) -> list[Todo]:
    """What goes wrong in a chaos run, with time between to see what each does."""
    acts = [
        Todo("kill letters", partial(nemesis.kill, stage, "letters", chance), ("letters",)),
        nemesis.bend(stage, "fhir", "black hole", seconds=OUTAGE_SECONDS),
        Todo("kill patients", partial(nemesis.kill, stage, "patients", chance), ("patients",)),
        nemesis.bend(stage, "openehr", "503", seconds=OUTAGE_SECONDS),
        Todo("poison", partial(streams.poison, stage)),
        Todo("kill notify", partial(nemesis.kill, stage, "notify", chance), ("notify",)),
        nemesis.bend(stage, "nats", "reset", seconds=OUTAGE_SECONDS),
        Todo("pushes 500", partial(_refuse_pushes, stage)),
        Todo("stream full", partial(streams.fill, stage)),
        Todo("kill auth", partial(nemesis.kill, stage, "auth", chance), ("auth",)),
    ]
    return [one for act in acts for one in (Todo(CALM, partial(stage.wait, CALM_SECONDS)), act)]


def _refuse_pushes(stage: Stage) -> None:
    with pushes_answered(stage, reply=Reply(500)):
        stage.wait(OUTAGE_SECONDS)


FORM = Form(SINGLE.doors, SINGLE.replicas, (one_by_one,), observed=True)
PLAN = Plan(SEED, SECONDS, quiet=QUIET_SECONDS, letters=LETTERS, form=FORM)


@dataclass
class Camera:
    """Looks at the dashboards over a run, whose fleet is gone afterwards.

    begun, ended: seconds since 1970.
    panels: by the name of their dashboard.
    """

    begun: float = 0.0
    ended: float = 0.0
    ahead: float = 0.0
    panels: dict[str, list[Shown]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    harms: Sequence[Harm] = ()
    lies: list[str] = field(default_factory=list)

    def begin(self, stage: Stage) -> None:
        """Have the fleet looked at more often from now on."""
        Prometheus(stage.fleet).look_every(LOOK_SECONDS)
        time.sleep(2 * LOOK_SECONDS)
        self.begun, self.ahead = time.time(), time.time() - time.monotonic()

    def end(self, stage: Stage) -> None:
        """Keep what every panel shows of the time since, and what in it is not true."""
        time.sleep(4 * LOOK_SECONDS)  # what a rate looks back
        self.ended, prometheus = time.time(), Prometheus(stage.fleet)
        shown: dict[str, Shown] = {}
        for dashboard in map(load, FILES):
            self.titles[dashboard.name] = dashboard.title
            look = partial(show, prometheus=prometheus, begin=self.begun, end=self.ended, step=LOOK_SECONDS)
            self.panels[dashboard.name] = [look(panel) for panel in dashboard.panels]
            shown |= {one.panel.title: one for one in self.panels[dashboard.name] if one.panel.kind != "row"}
        seen = truth.Run(stage.history, shown, LOOK_SECONDS, self.ahead, Counter(stage.done))
        self.harms = [one for one in seen.harms if one.kind != CALM and not one.kind.endswith(" away")]
        self.lies = [lie for check in truth.CHECKS for lie in check(seen)]
        self.lies += [f"never done: {kind}" for kind in sorted(stage.drawn - stage.done.keys())]

    def pages(self) -> Iterator[tuple[str, str, int]]:
        """Of each dashboard its name, the page and how high that is."""
        over = Time(self.begun, self.ended, LOOK_SECONDS, self.harms)
        for name, panels in self.panels.items():
            yield name, draw(self.titles[name], panels, over), height(panels)


def develop(camera: Camera) -> None:
    """Write every picture, in light and dark."""
    with running_browser() as browser:
        for name, html, high in camera.pages():
            page = browser.new_page(viewport={"width": WIDTH, "height": high})
            page.set_content(html)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                take(page, FOLDER / f"{name}-{scheme}.webp")
            page.close()


def main() -> int:
    """Exit code 1 when a dashboard does not tell the truth, or the run itself has failed."""
    camera = Camera()
    with tempfile.TemporaryDirectory(prefix="quill-dashboards-", delete=False) as folder:
        Path(folder).chmod(0o711)
        tell(f"in {folder}")
        report = run(PLAN, folder=Path(folder), tell=tell, begin=camera.begin, end=camera.end)
    develop(camera)
    broken = [*camera.lies, *report.faults]
    tell(f"{report.letters} letters in {report.calls} requests, {sum(report.done.values())} things done")
    for line in broken:
        tell(f"BROKEN: {line}")
    return 1 if broken else 0


def tell(line: str) -> None:
    """Say it to whoever watches."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
