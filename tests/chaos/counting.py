"""Two counts compared: what there is, and what there should be."""

from collections import Counter
from collections.abc import Iterator


def compare[T](what: str, there: Counter[T], sure: Counter[T], perhaps: Counter[T] | None = None) -> Iterator[str]:
    """Exactly what is sure is there, and once; of what nobody was told the end of, it may be.

    Args:
        what: what these are.
        there: what there is.
        sure: what must be there.
        perhaps: what may be there as well.
    """
    for one, number in (sure - there).items():
        yield f"{what} {one}: lost" + (f", {number} times" if number > 1 else "")
    for one, number in (there - sure - (perhaps or Counter())).items():
        yield f"{what} {one}: too often or out of nothing" + (f", {number} times" if number > 1 else "")
