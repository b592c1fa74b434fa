"""What a measurement brought, and the budget it must keep. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from measuring import quantile


@dataclass(frozen=True)
class Sample:
    """One value for each round."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> "Sample":
        """The values of some rounds.

        Raises:
            ValueError: there are none.
        """
        if not values:
            raise ValueError("a sample needs a round")
        return cls(tuple(values))

    @property
    def median(self) -> float:
        """What counts."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """The lowest round."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The highest round."""
        return max(self.values)


@dataclass(frozen=True)
class Budget:
    """A limit that a median must not pass."""

    limit: float
    at_most: bool

    def keeps(self, value: float) -> bool:
        """Whether a value is within it; the limit itself is."""
        return value <= self.limit if self.at_most else value >= self.limit

    def margin(self, value: float) -> float:
        """How many times better than the limit a value is; below 1 it is missed."""
        if self.at_most:
            return self.limit / value if value > 0 else float("inf")
        return value / self.limit


def at_most(limit: float) -> Budget:
    """No more than this."""
    return Budget(limit, at_most=True)


def at_least(limit: float) -> Budget:
    """No less than this."""
    return Budget(limit, at_most=False)


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    what: its name there and in the history.
    unit: of its values: ×, ms, s, /s, MB or %.
    budget: None for what is told for a better understanding only.
    against: what it was measured against and the absolute values, for people.
    """

    what: str
    sample: Sample
    unit: str
    budget: Budget | None = None
    against: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the median is within the budget; None without one."""
        return None if self.budget is None else self.budget.keeps(self.sample.median)

    @property
    def margin(self) -> float:
        """How many times better than the budget the median is; 1 without one."""
        return 1.0 if self.budget is None else self.budget.margin(self.sample.median)


def percentile(seconds: Sequence[float], share: float) -> float:
    """Milliseconds within which this share of the times lies."""
    return quantile(seconds, share) * 1000
