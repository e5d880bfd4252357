"""The middle of several runs, and how certain it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["FEWEST", "Spread", "interval_rank", "spread_of_runs"]

FEWEST = 6
"""From so many runs on there is a 95 % interval of the median."""


@dataclass(frozen=True)
class Spread:
    """The middle of several runs.

    Attributes:
        median: ``[n]`` over runs.
        low: ``[n]`` lower end of the interval of the median.
        high: ``[n]`` upper end.
    """

    median: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


@lru_cache(maxsize=4096)
def interval_rank(runs: int) -> int:
    """Which of the sorted runs bound the median.

    The median of what the runs are drawn from lies between the value of this rank, counted from
    the lowest, and that of the same rank counted from the highest, with a probability of at least
    95 %, whatever the distribution is: below it lies a binomial number of runs (W. R. Thompson,
    Annals of Mathematical Statistics 7:122, 1936).

    Args:
        runs: how many there are.

    Returns:
        From 1 on. With fewer than 6 runs no rank gives 95 %; then it is 1, so that the interval
        is the range.

    Examples:
        >>> [interval_rank(runs) for runs in (5, 6, 10, 30)]
        [1, 1, 2, 10]
    """
    total, rank = 0, 0
    while True:
        total += math.comb(runs, rank)
        if 40 * total > 2**runs:
            return max(1, rank)
        rank += 1


def spread_of_runs(values: npt.NDArray[np.float64]) -> Spread:
    """Median over runs with its interval.

    Args:
        values: ``[runs, n]``; what is not finite is not counted.

    Returns:
        ``[n]`` each; NaN where no run has a value.

    Examples:
        >>> spread = spread_of_runs(np.array([[3.0, np.nan], [1.0, 4.0], [2.0, np.nan]]))
        >>> spread.median.tolist(), spread.low.tolist(), spread.high.tolist()
        ([2.0, 4.0], [1.0, 4.0], [3.0, 4.0])
    """
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=0)  # NaNs go last
    runs = np.isfinite(ordered).sum(axis=0)
    rank = np.array([interval_rank(int(n)) if n else 1 for n in runs], dtype=np.int64)

    def at(position: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        within = np.clip(position, 0, len(ordered) - 1)
        found: npt.NDArray[np.float64] = np.take_along_axis(ordered, within[None], axis=0)[0]
        return found

    median = (at((runs - 1) // 2) + at(runs // 2)) / 2
    empty = runs == 0
    return Spread(
        *(np.where(empty, np.nan, one) for one in (median, at(rank - 1), at(runs - rank)))
    )
