"""Loss against sparsity: which variants no other beats in both, and the area that they cover."""

from __future__ import annotations

import numpy as np

from coevo.comparison.summaries import Array

__all__ = ["hypervolume", "pareto"]


def pareto(costs: Array, sparsities: Array) -> Array:
    """Which points no other point dominates.

    A point dominates another that costs no less and is no sparser, if one of the two is worse.

    Args:
        costs: ``[n]``, lower is better.
        sparsities: ``[n]``, higher is better.

    Returns:
        ``[n]`` bool.

    Examples:
        >>> pareto(np.array([1.0, 2.0, 2.0]), np.array([0.0, 0.9, 0.5])).tolist()
        [True, True, False]
    """
    no_worse = (costs[:, None] <= costs) & (sparsities[:, None] >= sparsities)
    better = (costs[:, None] < costs) | (sparsities[:, None] > sparsities)
    dominated: Array = np.asarray((no_worse & better).any(axis=0))
    return ~dominated


def hypervolume(costs: Array, sparsities: Array, reference: float) -> float:
    """The area that points dominate, down to a reference cost and a sparsity of 0.

    Exact: the points of the front cut it into rectangles. Points that cost more than the
    reference cover nothing.

    Args:
        costs: ``[n]``, lower is better.
        sparsities: ``[n]`` in [0, 1], higher is better.
        reference: the cost from which on nothing is covered.

    Examples:
        >>> hypervolume(np.array([1.0, 3.0]), np.array([0.25, 0.75]), 5.0)
        2.0
    """
    order = np.lexsort((costs, -sparsities))  # the sparsest first
    lowest = np.minimum.accumulate(costs[order])
    heights = np.maximum(reference - lowest, 0.0)
    widths = -np.diff(sparsities[order], append=0.0)
    return float((heights * widths).sum())
