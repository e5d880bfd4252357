"""Pareto fronts and hypervolumes: by hand, against the plain definition, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.comparison.fronts import hypervolume, pareto

POINTS = st.lists(
    st.tuples(st.integers(0, 8).map(float), st.integers(0, 8).map(lambda n: n / 8)),
    min_size=1,
    max_size=10,
).map(np.array)
POINT = st.tuples(st.integers(0, 8).map(float), st.integers(0, 8).map(lambda n: n / 8))


def test_the_area_of_three_points_by_hand() -> None:
    # From 0 to .48 down to a loss of 11, from there to .78 to 17; 12.5 at 0 adds nothing.
    costs, sparsities = np.array([12.5, 11.0, 17.0]), np.array([0.0, 0.48, 0.78])
    assert pareto(costs, sparsities).tolist() == [False, True, True]
    assert hypervolume(costs, sparsities, 20.0) == pytest.approx(9 * 0.48 + 3 * 0.30)
    assert hypervolume(costs, sparsities, 15.0) == pytest.approx(4 * 0.48)


def test_equal_points_are_both_on_the_front() -> None:
    assert pareto(np.array([1.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.4])).tolist() == [
        *(True, True, False)
    ]


@given(POINTS)
def test_the_front_is_what_no_other_point_dominates(points: np.ndarray) -> None:
    def dominates(one: np.ndarray, other: np.ndarray) -> bool:
        no_worse = one[0] <= other[0] and one[1] >= other[1]
        return bool(no_worse and (one != other).any())

    plain = [not any(dominates(one, other) for one in points) for other in points]
    assert pareto(points[:, 0], points[:, 1]).tolist() == plain
    assert any(plain)


@given(POINTS, st.integers(0, 10))
def test_the_area_is_the_number_of_squares_below(points: np.ndarray, reference: int) -> None:
    squares = [
        (cost, step)
        for cost in range(reference)
        for step in range(8)
        if any(point[0] <= cost and point[1] * 8 >= step + 1 for point in points)
    ]
    area = hypervolume(points[:, 0], points[:, 1], float(reference))
    assert area == pytest.approx(len(squares) / 8)


@given(POINTS, POINT)
def test_another_point_never_takes_area_away(
    points: np.ndarray, point: tuple[float, float]
) -> None:
    more = np.vstack([points, point])
    before, after = (hypervolume(p[:, 0], p[:, 1], 9.0) for p in (points, more))
    assert after >= before - 1e-12
    dominated = bool(((points[:, 0] <= point[0]) & (points[:, 1] >= point[1])).any())
    assert (after == pytest.approx(before)) == (dominated or point[1] == 0)
