"""Bootstrap intervals: what they are of, that they repeat, and that they cover."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.comparison import intervals
from coevo.comparison.effects import a12
from coevo.comparison.intervals import Bootstrap
from coevo.comparison.summaries import interquartile_mean

SAMPLES = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=10).map(np.array)
FEW = Bootstrap(resamples=200)


def test_two_values_by_hand() -> None:
    # Of 0 and 1 two are drawn: the mean is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4.
    values = np.array([0.0, 1.0])
    assert Bootstrap(confidence=0.95).of_mean([values]) == (0, 1)
    assert Bootstrap(confidence=0.45).of_mean([values]) == (0.5, 0.5)


def test_strata_are_drawn_from_apart() -> None:
    # Drawn from all four values at once, the mean would be other than 5 half of the time.
    strata = [np.array([0.0, 0.0]), np.array([10.0, 10.0])]
    assert FEW.of_mean(strata) == (5, 5)


def test_the_mean_is_interquartile() -> None:
    values = np.array([0.0, 0, 0, 0, 0, 0, 0, 1000])
    found = Bootstrap(confidence=0.5).of_mean([values])
    assert found == (0, 0)  # the outlier is left out as long as it is drawn twice at most


def test_it_is_the_plain_bootstrap_in_distribution() -> None:
    generator = np.random.default_rng(5)
    values = generator.normal(size=12)
    plain = [interquartile_mean(generator.choice(values, 12)) for _ in range(20_000)]
    found = Bootstrap(20_000).of_mean([values])
    assert found == pytest.approx(np.quantile(plain, [0.025, 0.975]), abs=0.02)


def test_improvement_is_the_plain_bootstrap_in_distribution() -> None:
    generator = np.random.default_rng(6)
    first = generator.normal(size=12)
    second = first + generator.normal(0.3, 0.5, size=12)
    plain = []
    for _ in range(8000):
        one, other = generator.integers(12, size=(2, 12))
        plain.append(a12(second[other], first[one]))
    found = Bootstrap(20_000).of_improvement([(first, second)])
    assert found == pytest.approx(np.quantile(plain, [0.025, 0.975]), abs=0.02)


def test_improvement_is_averaged_over_strata() -> None:
    won, lost = np.array([1.0, 1.0]), np.array([2.0, 2.0])
    strata = [(won, lost), (won, lost), (lost, won)]
    assert FEW.of_improvement(strata) == pytest.approx((2 / 3, 2 / 3))
    assert FEW.of_improvement([(won, won)]) == (0.5, 0.5)


@given(SAMPLES, SAMPLES)
def test_intervals_hold_what_can_be_drawn(first: np.ndarray, second: np.ndarray) -> None:
    mean = FEW.of_mean([first, second])
    assert mean is not None
    both = np.concatenate([first, second])
    assert both.min() <= mean.low <= mean.high <= both.max()
    share = FEW.of_improvement([(first, second)])
    assert share is not None
    assert 0 <= share.low <= share.high <= 1


@given(SAMPLES, st.integers(-100, 100))
def test_an_interval_moves_with_its_values(values: np.ndarray, by: int) -> None:
    here, there = FEW.of_mean([values]), FEW.of_mean([values + by])
    assert here is not None
    assert there == pytest.approx((here.low + by, here.high + by), abs=1e-9)


def test_one_value_has_no_interval() -> None:
    one, two = np.array([1.0]), np.array([1.0, 2.0])
    assert FEW.of_mean([one]) is None
    assert FEW.of_mean([two, one]) is None
    assert FEW.of_improvement([(two, one)]) is None
    assert FEW.of_mean([]) is None


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = np.random.default_rng(0).normal(size=15)
    assert FEW.of_mean([values]) == FEW.of_mean([values])
    assert FEW.of_mean([values]) != Bootstrap(200, seed=1).of_mean([values])
    pair = [(values, values[::-1])]
    others = Bootstrap(200, seed=1).of_improvement(pair)
    assert FEW.of_improvement(pair) != others


def test_intervals_do_not_depend_on_how_many_are_drawn_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(0).normal(size=15)

    def both() -> list[object]:
        intervals._counts.cache_clear()
        pair = [(values, values[::-1])]
        return [FEW.of_mean([values, values + 1]), FEW.of_improvement(pair)]

    at_once = both()
    monkeypatch.setattr(intervals, "_NUMBERS_AT_ONCE", 7 * 30)
    assert both() == at_once


def test_most_intervals_cover_the_truth() -> None:
    generator = np.random.default_rng(0)
    bootstrap, covered = Bootstrap(500), 0
    for _ in range(300):
        found = bootstrap.of_mean([generator.normal(size=30)])
        assert found is not None
        covered += found.low <= 0 <= found.high
    assert 0.88 <= covered / 300 <= 0.99


@pytest.mark.parametrize(("shift", "noise"), [(0.1, 0.02), (0.3, 0.3), (0.3, 2.0)])
def test_most_intervals_of_improvement_cover_the_truth_whatever_seeds_do(
    shift: float, noise: float
) -> None:
    generator = np.random.default_rng(1)
    bootstrap, covered = Bootstrap(400), 0
    truth = NormalDist().cdf(shift / math.sqrt(2 + noise**2))  # of runs with two other seeds
    for _ in range(150):
        of_seed = generator.normal(size=12)
        worse = of_seed + shift + noise * generator.normal(size=12)
        found = bootstrap.of_improvement([(of_seed, worse)])
        assert found is not None
        covered += found.low <= truth <= found.high
    assert covered / 150 >= 0.9
