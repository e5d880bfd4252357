"""The median over runs and its interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import binom

from coevo.study_reporting.spread import FEWEST, interval_rank, spread_of_runs


@given(st.integers(FEWEST, 400))
def test_the_interval_is_the_narrowest_that_holds_the_median_in_95_percent(runs: int) -> None:
    # Below the median lies a binomial number of runs: it is outside [x_(r), x_(n+1-r)] if fewer
    # than r runs are below it, or fewer than r above.
    def coverage(rank: int) -> float:
        return 1 - 2 * float(binom.cdf(rank - 1, runs, 0.5))

    rank = interval_rank(runs)
    assert coverage(rank) >= 0.95
    assert coverage(rank + 1) < 0.95


@pytest.mark.parametrize("runs", range(1, FEWEST))
def test_few_runs_give_their_range(runs: int) -> None:
    assert interval_rank(runs) == 1
    assert 1 - 2 * 0.5**runs < 0.95


def test_known_ranks() -> None:
    # Conover, Practical Nonparametric Statistics, 3rd edition, table A3: n = 20 gives 6 and 15.
    assert interval_rank(20) == 6
    assert interval_rank(30) == 10


@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(1, 12), st.integers(1, 4)),
        elements=st.one_of(st.floats(-1e3, 1e3), st.just(math.nan)),
    )
)
def test_agrees_with_each_column_alone(values: np.ndarray) -> None:
    spread = spread_of_runs(values)
    for place, column in enumerate(values.T):
        known = np.sort(column[np.isfinite(column)])
        found = [one[place] for one in (spread.low, spread.median, spread.high)]
        if not len(known):
            assert np.isnan(found).all()
            continue
        rank = interval_rank(len(known))
        assert found == [known[rank - 1], np.median(known), known[len(known) - rank]]
