"""How different two samples are: in shares of pairs, and in the unit of the values."""

from __future__ import annotations

import numpy as np

from coevo.comparison.summaries import Array

__all__ = ["a12", "dominance", "magnitude", "paired_shift", "shift"]

_MAGNITUDES = ((0.21, "large"), (0.14, "medium"), (0.06, "small"))


def dominance(first: Array, second: Array) -> Array:
    """Compare every value of one sample with every value of another.

    Args:
        first: ``[n]``.
        second: ``[m]``.

    Returns:
        ``[n, m]``, 1 where the first is larger, 0 where it is smaller, 1/2 where they are equal.
    """
    larger = first[:, None] > second[None, :]
    equal = first[:, None] == second[None, :]
    result: Array = larger + 0.5 * equal
    return result


def a12(first: Array, second: Array) -> float:
    """How probably a value of one sample is larger than one of another (Vargha and Delaney, 2000).

    Args:
        first: ``[n]``, at least one.
        second: ``[m]``, at least one.

    Returns:
        The share of all pairs in which the first is larger; equal ones count half. 1/2 for
        samples that do not differ.

    Examples:
        >>> a12(np.array([1.0, 2.0, 3.0]), np.array([2.0, 0.0]))
        0.75
    """
    return float(dominance(first, second).mean())


def magnitude(value: float) -> str:
    """What Vargha and Delaney call an `a12`: ``negligible``, ``small``, ``medium`` or ``large``.

    Their steps are 0.56, 0.64 and 0.71, and the same below 1/2.

    Examples:
        >>> magnitude(0.5), magnitude(0.28)
        ('negligible', 'large')
    """
    distance = round(abs(value - 0.5), 12)
    return next((name for least, name in _MAGNITUDES if distance >= least), "negligible")


def shift(first: Array, second: Array) -> float:
    """By how much one sample lies above another (Hodges and Lehmann, 1963).

    Args:
        first: ``[n]``, at least one.
        second: ``[m]``, at least one.

    Returns:
        The median of all differences, first less second.

    Examples:
        >>> shift(np.array([3.0, 5.0]), np.array([1.0, 2.0]))
        2.5
    """
    return float(np.median(first[:, None] - second[None, :]))


def paired_shift(differences: Array) -> float:
    """By how much pairs differ (Hodges and Lehmann, 1963).

    Args:
        differences: ``[n]``, at least one.

    Returns:
        The median of the means of all two differences, of each with itself too.

    Examples:
        >>> paired_shift(np.array([1.0, 3.0, 8.0]))
        3.75
    """
    one, other = np.triu_indices(len(differences))
    return float(np.median((differences[one] + differences[other]) / 2))
