"""Tests of ranks: worked out by hand, by counting everything, and as scipy has them."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from coevo.comparison.rank_distributions import ranked
from coevo.comparison.significance import holm, mann_whitney, wilcoxon

DIFFERENCES = st.lists(st.integers(-6, 6).map(float), min_size=1, max_size=9).map(np.array)
SAMPLES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=5).map(np.array)
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20).map(np.array)

# Demšar (2006), table 2: AUC of C4.5 with and without tuning on 14 data sets.
DEMSAR = np.array([5.0, -8, 17, 33, 6, -5, 7, 0, 63, 0, 22, 47, 9, 21])  # in thousandths


def signed_rank_by_counting(differences: np.ndarray) -> float:
    """Give every difference both signs, and see how often the sum is as far out."""
    ranks = stats.rankdata(np.abs(differences))[differences != 0]
    observed = ranks[differences[differences != 0] > 0].sum()
    sums = [np.dot(ranks, signs) for signs in product((0, 1), repeat=len(ranks))]
    below, above = np.mean(np.array(sums) <= observed), np.mean(np.array(sums) >= observed)
    return min(1.0, 2 * min(below, above))


def rank_sum_by_counting(first: np.ndarray, second: np.ndarray) -> float:
    """Take every choice of as many values for the first sample."""
    ranks = stats.rankdata(np.concatenate([first, second]))
    observed = ranks[: len(first)].sum()
    sums = np.array([sum(chosen) for chosen in combinations(ranks, len(first))])
    return min(1.0, 2 * min(np.mean(sums <= observed), np.mean(sums >= observed)))


@given(SAMPLES)
def test_ranks_are_scipys(values: np.ndarray) -> None:
    assert ranked(values).tolist() == stats.rankdata(values).tolist()


def test_a_worked_example_of_demsar() -> None:
    # He gives each side one of the two zeros (rank 1.5 each): R+ = 93, R- = 12, and 21 or less
    # is significant at 5 %. Pratt leaves the zeros out after ranking: 91.5 and 10.5.
    found = wilcoxon(DEMSAR)
    assert found.statistic == 12 - 1.5
    assert found.exact
    assert found.p < 0.05


def test_six_pairs_with_ties_by_hand() -> None:
    # Ranks: four times 2.5, then 5 and 6. The only positive one has 2.5; five of the 64 choices
    # of signs give 2.5 or less: none, or one of the four.
    found = wilcoxon(np.array([-1.0, -1, 1, -3, -1, -4]))
    assert (found.statistic, found.p, found.exact) == (2.5, 2 * 5 / 64, True)


def test_all_on_one_side() -> None:
    assert wilcoxon(np.array([6.0, 2, 7, 4, 6])).p == 2 / 2**5
    assert mann_whitney(np.array([1.0, 2, 3]), np.array([4.0, 5, 6, 7])).p == pytest.approx(2 / 35)


def test_samples_that_do_not_differ_have_p_1() -> None:
    assert wilcoxon(np.zeros(30)).p == 1
    assert wilcoxon(np.zeros(300)).p == 1
    assert mann_whitney(np.ones(30), np.ones(20)).p == 1
    assert mann_whitney(np.ones(300), np.ones(200)).p == 1


@given(DIFFERENCES)
def test_signed_ranks_are_counted_exactly(differences: np.ndarray) -> None:
    assert wilcoxon(differences).p == pytest.approx(signed_rank_by_counting(differences))


@given(SAMPLES, SAMPLES)
def test_rank_sums_are_counted_exactly(first: np.ndarray, second: np.ndarray) -> None:
    counted = rank_sum_by_counting(first, second)
    assert mann_whitney(first, second).p == pytest.approx(counted)


@given(st.integers(0, 1000), st.integers(2, 60))
@settings(max_examples=20)
def test_without_ties_they_are_scipys(seed: int, size: int) -> None:
    generator = np.random.default_rng(seed)
    first, second = generator.normal(size=size), generator.normal(0.3, size=min(size + 3, 40))
    paired = stats.wilcoxon(first, method="exact")
    assert wilcoxon(first).p == pytest.approx(paired.pvalue, rel=1e-9)
    assert wilcoxon(first).statistic == paired.statistic
    unpaired = stats.mannwhitneyu(first, second, method="exact")
    assert mann_whitney(first, second).p == pytest.approx(unpaired.pvalue, rel=1e-9)
    assert mann_whitney(first, second).statistic == unpaired.statistic


def test_many_values_take_scipys_approximation() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.integers(0, 9, 101) + 0.0, generator.integers(0, 9, 80) + 0.0
    found = wilcoxon(first - 4)
    assert not found.exact
    assert found.p == stats.wilcoxon(first - 4, zero_method="pratt", method="asymptotic").pvalue
    other = mann_whitney(first, second)
    assert not other.exact
    assert other.p == stats.mannwhitneyu(first, second, method="asymptotic").pvalue


@given(DIFFERENCES, SAMPLES, SAMPLES)
def test_directions_do_not_matter(
    differences: np.ndarray, first: np.ndarray, second: np.ndarray
) -> None:
    assert wilcoxon(differences).p == pytest.approx(wilcoxon(-differences).p)
    one, other = mann_whitney(first, second), mann_whitney(second, first)
    assert one.p == pytest.approx(other.p)


def test_holms_procedure_by_hand() -> None:
    # Demšar (2006), section 3.2.2: .016 * 3, .019 * 2 but no less than before, .607.
    assert holm(np.array([0.607, 0.016, 0.019])).tolist() == pytest.approx([0.607, 0.048, 0.048])
    # Holm (1979) rejects while p is at most alpha / (n - i).
    assert holm(np.array([0.01, 0.015, 0.04, 0.02])).tolist() == pytest.approx(
        [0.04, 0.045, 0.045, 0.045]
    )
    assert holm(np.array([])).tolist() == []


@given(P_VALUES)
def test_holm_never_lowers_and_keeps_the_order(p: np.ndarray) -> None:
    found = holm(p)
    assert (found >= p).all()
    assert (found <= 1).all()
    assert (np.diff(found[np.argsort(p, kind="stable")]) >= 0).all()
    assert found.min() == pytest.approx(min(1, len(p) * p.min()))


@given(P_VALUES, st.floats(0.001, 0.5))
def test_holm_rejects_what_the_stepwise_procedure_rejects(p: np.ndarray, alpha: float) -> None:
    rejected = set()
    for step, place in enumerate(np.argsort(p, kind="stable").tolist()):
        if p[place] * (len(p) - step) > alpha:
            break
        rejected.add(place)
    assert set(np.flatnonzero(holm(p) <= alpha).tolist()) == rejected
