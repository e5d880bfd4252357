"""Whether two samples differ: tests of ranks, and Holm's correction for many of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coevo.comparison.rank_distributions import rank_sum_p, ranked, signed_rank_p
from coevo.comparison.summaries import Array

__all__ = ["MANN_WHITNEY", "WILCOXON", "Verdict", "holm", "mann_whitney", "wilcoxon"]

WILCOXON = "Wilcoxon signed-rank"
MANN_WHITNEY = "Mann-Whitney U"

_EXACT_UP_TO = 100  # values in both samples together, or pairs


@dataclass(frozen=True)
class Verdict:
    """What a test says.

    Attributes:
        test: its name.
        statistic: the smaller sum of ranks, or U of the first sample.
        p: two-sided.
        exact: whether ``p`` is exact, and not from the normal approximation.
    """

    test: str
    statistic: float
    p: float
    exact: bool


def wilcoxon(differences: Array) -> Verdict:
    """Test whether differences of pairs are symmetric about zero (Wilcoxon, 1945).

    Zeros are ranked with the others and then left out (Pratt, 1959). Exact up to 100 pairs, also
    with ties and zeros.

    Args:
        differences: ``[n]``, at least one.

    Examples:
        >>> wilcoxon(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])).p
        0.03125
    """
    if not differences.any():
        return Verdict(WILCOXON, 0.0, 1.0, exact=True)
    ranks = ranked(np.abs(differences))
    positive, negative = (float(ranks[side].sum()) for side in (differences > 0, differences < 0))
    exact = len(differences) <= _EXACT_UP_TO
    if exact:
        p = signed_rank_p(ranks[differences != 0], positive)
    else:
        from scipy import stats

        p = float(stats.wilcoxon(differences, zero_method="pratt", method="asymptotic").pvalue)
    return Verdict(WILCOXON, min(positive, negative), p, exact)


def mann_whitney(first: Array, second: Array) -> Verdict:
    """Test whether values of one sample tend to be larger (Mann and Whitney, 1947).

    Exact up to 100 values, also with ties; beyond, the normal approximation with its
    corrections for ties and continuity.

    Args:
        first: ``[n]``, at least one.
        second: ``[m]``, at least one.

    Examples:
        >>> mann_whitney(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])).p == 2 / 20
        True
    """
    size, together = len(first), np.concatenate([first, second])
    ranks = ranked(together)
    rank_sum = float(ranks[:size].sum())
    statistic = rank_sum - size * (size + 1) / 2
    if (together == together[0]).all():
        return Verdict(MANN_WHITNEY, statistic, 1.0, exact=True)
    exact = len(together) <= _EXACT_UP_TO
    if exact:
        p = rank_sum_p(ranks, size, rank_sum)
    else:
        from scipy import stats

        p = float(stats.mannwhitneyu(first, second, method="asymptotic").pvalue)
    return Verdict(MANN_WHITNEY, statistic, p, exact)


def holm(p: Array) -> Array:
    """Correct p values of many tests, so that any false alarm is rare (Holm, 1979).

    Args:
        p: ``[n]``.

    Returns:
        ``[n]``, never smaller than ``p``, in the same order; at most 1.

    Examples:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(4).tolist()
        [0.03, 0.06, 0.06]
    """
    size = len(p)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(size, 0, -1))
    corrected = np.empty(size)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected
