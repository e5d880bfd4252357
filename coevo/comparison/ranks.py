"""Variants on several data sets: ranks, Friedman's test, Nemenyi's differences (Demšar, 2006)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from coevo.comparison.summaries import Array

__all__ = ["Friedman", "average_ranks", "critical_difference", "friedman", "nemenyi"]


@dataclass(frozen=True)
class Friedman:
    """Whether ranks differ at all.

    Attributes:
        chi_squared: Friedman's statistic, without correction for ties.
        p: of it, from the chi-squared distribution.
        f: the less conservative statistic of Iman and Davenport (1980); infinite where all data
            sets agree.
        f_p: of it, from the F distribution; where all data sets agree, the exact probability of
            that, because an infinite F would make it 0 for as few as two data sets.
    """

    chi_squared: float
    p: float
    f: float
    f_p: float


def average_ranks(costs: Array) -> Array:
    """The mean rank of each variant; equal ones share the mean of their ranks.

    Args:
        costs: ``[data sets, variants]``, lower is better.

    Returns:
        ``[variants]``, 1 for what is best everywhere.

    Examples:
        >>> average_ranks(np.array([[0.1, 0.2, 0.2], [0.1, 0.3, 0.2]])).tolist()
        [1.0, 2.75, 2.25]
    """
    from scipy import stats

    ranks: Array = stats.rankdata(costs, axis=1).mean(axis=0)
    return ranks


def friedman(ranks: Array, data_sets: int) -> Friedman:
    """Test whether mean ranks are further apart than chance puts them.

    Args:
        ranks: ``[variants]``, at least two; see `average_ranks`.
        data_sets: how many they are means over, at least two.

    Examples:
        >>> round(friedman(np.array([1.0, 2.5, 2.5]), 4).chi_squared, 6)
        6.0
    """
    from scipy import stats

    variants = len(ranks)
    spread = float((ranks**2).sum()) - variants * (variants + 1) ** 2 / 4
    chi_squared = max(0.0, 12 * data_sets / (variants * (variants + 1)) * spread)
    left = data_sets * (variants - 1) - chi_squared
    p = float(stats.chi2.sf(chi_squared, variants - 1))
    if left <= 1e-9:  # every data set has the same order: one of k!, whatever the first one has
        agreement = math.exp((1 - data_sets) * math.lgamma(variants + 1))
        return Friedman(chi_squared, p, math.inf, agreement)
    f = (data_sets - 1) * chi_squared / left
    f_p = float(stats.f.sf(f, variants - 1, (variants - 1) * (data_sets - 1)))
    return Friedman(chi_squared, p, f, f_p)


def nemenyi(ranks: Array, data_sets: int) -> Array:
    """The p values of all pairs of variants, corrected for their number (Nemenyi, 1963).

    Args:
        ranks: ``[variants]``; see `average_ranks`.
        data_sets: how many they are means over.

    Returns:
        ``[variants, variants]``, 1 on the diagonal.

    Examples:
        >>> nemenyi(np.array([1.0, 2.0]), 8).round(4).tolist()
        [[1.0, 0.0047], [0.0047, 1.0]]
    """
    from scipy import stats

    distances = np.abs(ranks[:, None] - ranks[None, :]) / _error(len(ranks), data_sets)
    p: Array = stats.studentized_range.sf(distances * math.sqrt(2), len(ranks), np.inf)
    return np.where(distances == 0, 1.0, p.clip(0.0, 1.0))


def critical_difference(variants: int, data_sets: int, alpha: float = 0.05) -> float:
    """The difference of mean ranks from which on two variants differ significantly.

    Examples:
        >>> round(critical_difference(4, 14), 2)
        1.25
    """
    from scipy import stats

    q = float(stats.studentized_range.ppf(1 - alpha, variants, np.inf)) / math.sqrt(2)
    return q * _error(variants, data_sets)


def _error(variants: int, data_sets: int) -> float:
    """The standard deviation of the difference of two mean ranks."""
    return math.sqrt(variants * (variants + 1) / (6 * data_sets))
