"""What most of some values stay below."""

import random

import pytest

from dotflow.base.percentile import percentile


@pytest.mark.parametrize("part", [0.01, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("count", [1, 2, 5, 20, 101])
def test_as_few_values_as_can_be_are_larger(count: int, part: float) -> None:
    """It is the least of the values that the part, or more, does not exceed."""
    values = [float(number) for number in range(count)]
    random.Random(count).shuffle(values)
    found = percentile(values, part)
    fits = [one for one in values if sum(v <= one for v in values) >= part * count]
    assert found == min(fits)


def test_none_of_none() -> None:
    """Of no values there is none."""
    assert percentile([], 0.5) is None
