"""Quartiles and interquartile means: worked out by hand, and as scipy has them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coevo.comparison.summaries import interquartile_mean, quartiles

NUMBERS = st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([7.0], 7.0),
        ([1.0, 2.0, 6.0], 3.0),  # nothing to leave out
        ([8.0, 1.0, 3.0, 5.0], 4.0),  # 3 and 5
        ([1.0, 2.0, 3.0, 4.0, 100.0, -50.0, 5.0, 6.0], 3.5),  # 2, 3, 4, 5
    ],
)
def test_the_mean_of_the_middle_half(values: list[float], mean: float) -> None:
    assert interquartile_mean(np.array(values)) == mean


@given(NUMBERS)
def test_it_is_a_mean_trimmed_by_a_quarter_as_in_rliable(values: list[float]) -> None:
    found = interquartile_mean(np.array(values))
    assert found == pytest.approx(stats.trim_mean(values, 0.25), abs=1e-9)


@given(NUMBERS, st.integers(-1000, 1000))
def test_it_lies_in_the_range_and_moves_with_the_values(values: list[float], by: int) -> None:
    array = np.array(values)
    mean = float(interquartile_mean(array))
    assert array.min() <= mean <= array.max()
    assert interquartile_mean(array + by) == pytest.approx(mean + by, abs=1e-9)
    assert interquartile_mean(array[::-1]) == pytest.approx(mean, abs=1e-9)


def test_each_row_has_a_mean_of_its_own() -> None:
    rows = np.array([[8.0, 1.0, 3.0, 5.0], [0.0, 0.0, 4.0, 8.0]])
    assert interquartile_mean(rows).tolist() == [4.0, 2.0]


def test_quartiles_lie_between_values() -> None:
    # Of 10, 11, ..., 15 at the places 1.25, 2.5 and 3.75.
    assert quartiles(np.array([15.0, 10, 12, 11, 13, 14])) == (11.25, 12.5, 13.75)
    assert quartiles(np.array([3.0])) == (3.0, 3.0, 3.0)
