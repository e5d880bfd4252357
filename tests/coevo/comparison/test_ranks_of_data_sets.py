"""Friedman, Nemenyi and mean ranks: the example of Demšar (2006), and other implementations."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from coevo.comparison.ranks import average_ranks, critical_difference, friedman, nemenyi

# Table 6: AUC of C4.5 without tuning, with m, with cf, and with both, on 14 data sets. In the
# row of voting he ranks what is equal in three digits by a fourth.
AUC = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)
RANKS = average_ranks(-AUC)


def test_mean_ranks_of_demsar() -> None:
    assert RANKS.round(3).tolist() == [3.143, 2.0, 2.893, 1.964]


def test_friedmans_test_of_demsar() -> None:
    found = friedman(RANKS, 14)
    assert round(found.chi_squared, 2) == 9.28
    assert round(found.f, 2) == 3.69
    assert found.f_p < 0.05  # the critical value of F(3, 39) is 2.85
    assert found.f_p == pytest.approx(stats.f.sf(found.f, 3, 39))
    assert found.p == pytest.approx(stats.chi2.sf(found.chi_squared, 3))


def test_the_critical_difference_of_demsar() -> None:
    assert round(critical_difference(4, 14), 2) == 1.25


# Table 5 (a): critical values for the two-tailed Nemenyi test.
@pytest.mark.parametrize(
    ("variants", "q05", "q10"), [(2, 1.960, 1.645), (4, 2.569, 2.291), (10, 3.164, 2.920)]
)
def test_critical_values_of_demsar(variants: int, q05: float, q10: float) -> None:
    unit = math.sqrt(variants * (variants + 1) / (6 * 20))
    assert critical_difference(variants, 20) / unit == pytest.approx(q05, abs=6e-4)
    assert critical_difference(variants, 20, 0.1) / unit == pytest.approx(q10, abs=6e-4)


def test_a_difference_is_significant_from_the_critical_one_on() -> None:
    difference = critical_difference(3, 9)
    ranks = np.array([1.0, 1.0 + difference, 2.0])
    assert nemenyi(ranks, 9)[0, 1] == pytest.approx(0.05, abs=1e-6)


def random_costs(seed: int, data_sets: int, variants: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(data_sets, variants))


@given(st.integers(0, 1000), st.integers(2, 12), st.integers(3, 6))
@settings(max_examples=20)
def test_friedman_is_scipys_without_ties(seed: int, data_sets: int, variants: int) -> None:
    costs = random_costs(seed, data_sets, variants)
    found, theirs = friedman(average_ranks(costs), data_sets), stats.friedmanchisquare(*costs.T)
    assert found.chi_squared == pytest.approx(theirs.statistic)
    assert found.p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("costs", [-AUC, random_costs(1, 8, 5), random_costs(2, 30, 3)])
def test_nemenyi_is_that_of_scikit_posthocs(costs: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        from scikit_posthocs import posthoc_nemenyi_friedman
    theirs = posthoc_nemenyi_friedman(pandas.DataFrame(costs)).to_numpy()
    assert nemenyi(average_ranks(costs), len(costs)) == pytest.approx(theirs, abs=1e-6)


def test_variants_that_do_not_differ() -> None:
    ranks = average_ranks(np.ones((5, 3)))
    assert ranks.tolist() == [2, 2, 2]
    assert (friedman(ranks, 5).chi_squared, friedman(ranks, 5).p) == (0, 1)
    assert (nemenyi(ranks, 5) == 1).all()


def test_data_sets_that_all_agree() -> None:
    # 12 * 4 / (3 * 4) * (1 + 4 + 9 - 12) = 8, the largest that 4 data sets can give.
    found = friedman(np.array([1.0, 2.0, 3.0]), 4)
    assert (found.chi_squared, found.f) == (8, math.inf)
    # Whatever order the first has, each of the others has it in one of six cases.
    assert found.f_p == pytest.approx(1 / 6**3)


def test_two_data_sets_that_agree_prove_nothing() -> None:
    assert friedman(np.array([1.0, 2.0]), 2).f_p == pytest.approx(1 / 2)
    assert friedman(np.array([1.0, 2.0, 3.0]), 2).f_p == pytest.approx(1 / 6)
    assert 0 <= friedman(np.arange(1.0, 201.0), 3).f_p < 1e-100  # 200! is no float
