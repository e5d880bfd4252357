"""Variants against each other: pairs of seeds where there are any, and corrected p values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np

from coevo.comparison.effects import a12, paired_shift, shift
from coevo.comparison.groups import Block, Group
from coevo.comparison.intervals import Bootstrap
from coevo.comparison.measure import Measure
from coevo.comparison.significance import Verdict, holm, mann_whitney, wilcoxon
from coevo.comparison.summaries import Array
from coevo.comparison.types import Contrast

__all__ = ["Matched", "corrected", "against", "all_pairs", "matched", "not_worse_than_best"]

_ALPHA = 0.05


class Matched(NamedTuple):
    """The numbers of two groups that are compared.

    Attributes:
        first: ``[n]``.
        second: ``[m]``, where they are paired of the same seeds as the first.
        paired: whether they are.
    """

    first: Array
    second: Array
    paired: bool

    @property
    def verdict(self) -> Verdict:
        """Of the test that fits."""
        if self.paired:
            return wilcoxon(self.first - self.second)
        return mann_whitney(self.first, self.second)

    @property
    def smallest_p(self) -> float:
        """Which no p value of that test is below, with as many numbers.

        Examples:
            >>> five, two = np.zeros(5), np.zeros(2)
            >>> Matched(five, five, paired=True).smallest_p == 2 / 32
            True
            >>> Matched(five, two, paired=False).smallest_p == 2 / 21
            True
        """
        size = len(self.first)
        ways = 2**size if self.paired else comb(size + len(self.second), size)
        return min(1.0, 2 / ways)


def matched(first: Group, second: Group) -> Matched:
    """Pair the seeds of two groups.

    They are paired where at least two seeds, and half of those of the smaller group, are in both
    groups; numbers of other seeds are then left out. Otherwise all numbers count.
    """
    shared = sorted({*first.seeds} & {*second.seeds})
    if len(shared) < max(2, min(len(first.seeds), len(second.seeds)) / 2):
        return Matched(first.values, second.values, paired=False)
    one, other = (
        group.values[np.searchsorted(np.array(group.seeds), np.array(shared))]
        for group in (first, second)
    )
    return Matched(one, other, paired=True)


def against(block: Block, name: str, measure: Measure, bootstrap: Bootstrap) -> list[Contrast]:
    """All other variants against one, not corrected yet; none where the block lacks it."""
    control = block.find(name)
    if control is None:
        return []
    others = [group for group in block.groups if group is not control]
    return [_contrast(group, control, measure, bootstrap) for group in others]


def all_pairs(block: Block, measure: Measure, bootstrap: Bootstrap) -> list[Contrast]:
    """All variants against all before them, not corrected yet."""
    pairs = combinations(block.groups, 2)
    return [_contrast(second, first, measure, bootstrap) for first, second in pairs]


def corrected(contrasts: Sequence[Sequence[Contrast]]) -> list[list[Contrast]]:
    """Correct the p values of all contrasts of all blocks together, by Holm's procedure."""
    flat = [contrast for block in contrasts for contrast in block]
    p = iter(holm(np.array([contrast.verdict.p for contrast in flat])).tolist())
    return [[replace(contrast, p_holm=next(p)) for contrast in block] for block in contrasts]


def not_worse_than_best(block: Block, measure: Measure) -> dict[str, bool]:
    """Which variants do not differ significantly from the one with the best median.

    Which one is the best is not known before the numbers are, so the p values of the tests
    against it are corrected, by Holm's procedure, as part of those of all pairs of variants.

    Returns:
        True for the best itself and those that do not differ at 5 %, by name.
    """
    costs = [float(np.median(measure.costs(group.values))) for group in block.groups]
    best = int(np.argmin(costs))
    pairs = list(combinations(range(len(block.groups)), 2))
    p = holm(np.array([matched(block.groups[i], block.groups[j]).verdict.p for i, j in pairs]))
    worse = {
        i + j - best for (i, j), q in zip(pairs, p, strict=True) if q < _ALPHA and best in (i, j)
    }
    return {group.name: place not in worse for place, group in enumerate(block.groups)}


def _contrast(group: Group, other: Group, measure: Measure, bootstrap: Bootstrap) -> Contrast:
    pair = matched(group, other)
    own, others = measure.costs(pair.first), measure.costs(pair.second)
    verdict = pair.verdict
    return Contrast(
        variant=group.name,
        other=other.name,
        pairs=len(pair.first) if pair.paired else None,
        verdict=verdict,
        smallest_p=pair.smallest_p,
        p_holm=verdict.p,
        shift=paired_shift(pair.first - pair.second) if pair.paired else shift(*pair[:2]),
        a12=a12(pair.first, pair.second),
        improvement=a12(others, own),
        interval=bootstrap.of_improvement([(own, others)]),
    )
