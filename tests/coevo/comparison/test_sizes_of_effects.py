"""A12 and shifts: worked out by hand, and the laws that they obey."""

from __future__ import annotations

from itertools import product
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coevo.comparison.effects import a12, magnitude, paired_shift, shift

SAMPLES = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=12).map(np.array)


def test_a12_counts_pairs_and_half_of_the_ties() -> None:
    first, second = np.array([9.0, 11, 12, 10, 13, 11]), np.array([10.0, 12, 11, 13, 14, 15])
    # 9 is larger than none, 11 than one and equal to one, 12 than two, ...
    assert a12(first, second) == pytest.approx((0 + 1.5 + 2.5 + 0.5 + 3.5 + 1.5) / 36)
    assert a12(np.array([2.0]), np.array([1.0])) == 1
    assert a12(np.array([1.0]), np.array([2.0])) == 0


@given(SAMPLES, SAMPLES)
def test_both_directions_add_up_to_one(first: np.ndarray, second: np.ndarray) -> None:
    assert a12(first, second) + a12(second, first) == pytest.approx(1)
    assert a12(first, first) == 0.5


@given(SAMPLES, SAMPLES)
def test_a12_is_the_statistic_of_mann_and_whitney(first: np.ndarray, second: np.ndarray) -> None:
    u = stats.mannwhitneyu(first, second, method="asymptotic").statistic
    assert a12(first, second) == pytest.approx(u / (len(first) * len(second)))


@given(SAMPLES, SAMPLES)
def test_a12_sees_the_order_of_values_only(first: np.ndarray, second: np.ndarray) -> None:
    assert a12(np.exp(first), np.exp(second)) == a12(first, second)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *[(0.5, "negligible"), (0.559, "negligible"), (0.56, "small"), (0.44, "small")],
        *[(0.64, "medium"), (0.36, "medium"), (0.71, "large"), (0.29, "large"), (0.0, "large")],
    ],
)
def test_magnitudes_begin_where_vargha_and_delaney_put_them(value: float, name: str) -> None:
    assert magnitude(value) == name


def test_the_shift_of_pairs_is_the_median_of_means_of_two() -> None:
    # -4, -3.5, -3, three of -2.5, three of -2, -1.5, and 11th of 21: -1.
    assert paired_shift(np.array([-1.0, -1, 1, -3, -1, -4])) == -1
    assert paired_shift(np.array([5.0])) == 5


@given(SAMPLES, SAMPLES)
def test_the_shift_is_the_median_of_all_differences(first: np.ndarray, second: np.ndarray) -> None:
    assert shift(first, second) == median(one - other for one, other in product(first, second))
    assert shift(first + 3, second) == shift(first, second) + 3
