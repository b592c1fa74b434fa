"""What Quill adds to a call that the server behind it answers as well."""

from collections.abc import Mapping, Sequence

from speed.budgets import figure
from speed.figures import Figure
from speed.load import Call
from speed.stage import Stage


async def compare(stage: Stage, what: str, ways: Mapping[str, Call], *, callers: Sequence[int]) -> list[Figure]:
    """Median time and throughput by two ways, with so many callers.

    Args:
        stage: where.
        what: how the figures' names begin.
        ways: the direct one, then ours.
        callers: for each number of them two figures.
    """
    base, ours = ways
    figures = []
    for number in callers:
        seen = await stage.turns(ways, callers=number)
        who = f"{what}, {number} caller{'s' if number > 1 else ''}"
        figures += [
            figure(f"{who}: added p50", seen.added(ours, base), "ms", seen.told()),
            figure(f"{who}: throughput", seen.ratio(ours, base), "×", seen.told()),
        ]
    return figures
