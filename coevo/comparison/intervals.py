"""Bootstrap intervals, stratified over data sets (Agarwal et al., 2021, section 4.1).

Runs are drawn again, with replacement, within each data set; the statistic of what was drawn,
many times over, spreads about as the statistic itself would in new studies. Every interval
begins the random numbers of its seed anew, so it depends on its own samples only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from coevo.comparison.effects import dominance
from coevo.comparison.summaries import Array, interquartile_mean

__all__ = ["Bootstrap", "Interval"]

_NUMBERS_AT_ONCE = 1 << 22


class Interval(NamedTuple):
    """Where a figure lies with the confidence that was asked for."""

    low: float
    high: float


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made.

    Attributes:
        resamples: how often all samples are drawn again.
        seed: of the random numbers, not negative.
        confidence: between 0 and 1.
    """

    resamples: int = 10_000
    seed: int = 0
    confidence: float = 0.95

    def of_mean(self, strata: Sequence[Array]) -> Interval | None:
        """An interval of the interquartile mean of all strata together.

        Args:
            strata: ``[n]`` each.

        Returns:
            The percentiles; None where a stratum has fewer than two values.
        """
        if min(map(len, strata), default=0) < 2:
            return None
        streams = [_stream(self.seed, number) for number in range(len(strata))]
        found = [
            interquartile_mean(
                np.concatenate(
                    [
                        values[_drawn(stream, len(values), rows)]
                        for values, stream in zip(strata, streams, strict=True)
                    ],
                    axis=1,
                )
            )
            for rows in _rows(self.resamples, sum(map(len, strata)))
        ]
        return self._interval(np.concatenate(found))

    def of_improvement(self, strata: Sequence[tuple[Array, Array]]) -> Interval | None:
        """An interval of the probability of improvement, averaged over the strata.

        The runs of both variants are drawn apart, also where they have the same seeds: the
        probability is of runs of any two seeds, and pairs that are drawn together are compared
        with themselves too often, which moves the interval towards what pairs say.

        Args:
            strata: for each the values of one variant ``[n]`` and of another ``[m]``, where
                lower is better.

        Returns:
            The percentiles; None where a sample has fewer than two values.
        """
        if min((len(values) for pair in strata for values in pair), default=0) < 2:
            return None
        total = np.zeros(self.resamples)
        for number, (better, worse) in enumerate(strata):
            first = self._counts(number, 0, len(better))
            second = self._counts(number, 1, len(worse))
            wins = dominance(worse, better).T  # [better, worse]: 1 where the first is lower
            total += ((first @ wins) * second).sum(1) / (len(better) * len(worse))
        return self._interval(total / len(strata))

    def _counts(self, stratum: int, side: int, size: int) -> Array:
        return _counts(self.resamples, (self.seed, stratum, side), size)

    def _interval(self, found: Array) -> Interval:
        tail = (1 - self.confidence) / 2
        return Interval(*map(float, np.quantile(found, [tail, 1 - tail])))


@lru_cache(maxsize=4)  # many pairs of variants have as many seeds as each other
def _counts(resamples: int, place: tuple[int, ...], size: int) -> Array:
    """``[resamples, size]``: how often each value was drawn."""
    stream = _stream(*place)
    blocks = [
        np.bincount(
            (_drawn(stream, size, rows) + size * np.arange(rows)[:, None]).ravel(),
            minlength=rows * size,
        ).reshape(rows, size)
        for rows in _rows(resamples, size)
    ]
    counts = np.concatenate(blocks).astype(np.float64)
    counts.setflags(write=False)
    return counts


def _stream(*place: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(place)))


def _drawn(stream: np.random.Generator, size: int, rows: int) -> Array:
    return stream.integers(size, size=(rows, size))


def _rows(resamples: int, size: int) -> list[int]:
    """Numbers of resamples that fit the memory at once."""
    most = max(1, _NUMBERS_AT_ONCE // size)
    full, rest = divmod(resamples, most)
    return [most] * full + [rest] * (rest > 0)
