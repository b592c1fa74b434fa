"""What the person at the terminal sees while the fleet starts: live on a terminal, plain lines elsewhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table


class Progress:
    """Prints finished steps as lines and shows the steps under way below them."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._under_way: dict[str, Spinner] = {}
        # No refreshing thread: the launcher forks, and that is safest with one thread.
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._began = time.monotonic()

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Show the steps under way until the block ends; without a terminal only lines are printed."""
        if not self._console.is_terminal:
            yield
            return
        with self._live:
            refresher = asyncio.create_task(self._spin())
            try:
                yield
            finally:
                refresher.cancel()

    async def _spin(self) -> None:
        while True:
            self._live.refresh()
            await asyncio.sleep(0.12)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """A step that takes a while; plain output names it when it begins, a terminal while it lasts."""
        if not self._console.is_terminal:
            self.line(f"{text} ...")
        self._under_way[text] = Spinner("dots", text=text)
        self._refresh()
        try:
            yield
        finally:
            del self._under_way[text]
            self._refresh()

    def line(self, text: str) -> None:
        """One line that stays, with the seconds since the start before it."""
        self._console.print(f"[{time.monotonic() - self._began:6.1f} s] {text}", markup=False)

    def text(self, text: str) -> None:
        """Text that stays, as it is."""
        self._console.print(text, markup=False)

    def _refresh(self) -> None:
        grid = Table.grid()
        for spinner in self._under_way.values():
            grid.add_row(spinner)
        self._live.update(grid)
