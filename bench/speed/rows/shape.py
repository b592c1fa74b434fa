"""What every measurement is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from speed.figures import Figure
from speed.stage import Stage


@dataclass(frozen=True)
class Measurement:
    """A row of the budgets, measured on a stage.

    name: how it is chosen by hand and known in the history.
    """

    name: str
    measure: Callable[[Stage], Awaitable[Sequence[Figure]]]
