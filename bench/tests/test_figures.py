"""What a budget makes of a median."""

import pytest
from speed.figures import Figure, Sample, at_least, at_most, percentile


def test_sample_tells_median_and_spread() -> None:
    sample = Sample.of([3.0, 1.0, 2.0])
    assert (sample.median, sample.low, sample.high) == (2.0, 1.0, 3.0)


def test_sample_without_rounds_is_refused() -> None:
    with pytest.raises(ValueError, match="a sample needs a round"):
        Sample.of([])


@pytest.mark.parametrize(
    ("budget", "value", "kept"),
    [
        (at_most(3.5), 3.4, True),
        (at_most(3.5), 3.5, True),
        (at_most(3.5), 3.6, False),
        (at_least(0.25), 0.26, True),
        (at_least(0.25), 0.25, True),
        (at_least(0.25), 0.24, False),
    ],
)
def test_budget_is_kept_up_to_its_limit(budget: object, value: float, kept: bool) -> None:
    assert budget.keeps(value) is kept  # type: ignore[attr-defined]
    assert (budget.margin(value) >= 1) is kept  # type: ignore[attr-defined]


def test_margin_is_the_same_factor_to_either_side() -> None:
    assert at_most(2).margin(4) == pytest.approx(0.5)
    assert at_least(2).margin(4) == pytest.approx(2)
    assert at_most(2).margin(0) == float("inf")


def test_figure_is_judged_by_its_median_and_not_by_its_best_round() -> None:
    sample = Sample.of([1.0, 5.0, 6.0])
    assert Figure("what", sample, "ms", at_most(3)).kept is False
    assert Figure("what", sample, "ms").kept is None


def test_percentile_of_seconds_is_told_in_milliseconds() -> None:
    assert percentile([number / 1000 for number in range(1, 101)], 0.99) == pytest.approx(100)
    assert percentile([0.004], 0.5) == pytest.approx(4)
