"""What a sample looks like: its quartiles, and the mean of its middle half."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

__all__ = ["Array", "Quartiles", "interquartile_mean", "quartiles"]

Array: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[Any]]"


class Quartiles(NamedTuple):
    """A quarter, a half and three quarters of the values are below these."""

    q1: float
    median: float
    q3: float


def quartiles(values: Array) -> Quartiles:
    """Quartiles, linear between the values on both sides (type 7 of Hyndman and Fan, 1996).

    Args:
        values: ``[n]``, at least one.

    Examples:
        >>> quartiles(np.array([1.0, 2.0, 3.0, 10.0])).median
        2.5
    """
    return Quartiles(*map(float, np.quantile(values, [0.25, 0.5, 0.75])))


def interquartile_mean(values: Array) -> Array:
    """The mean of the middle half of each row (Agarwal et al., 2021).

    A quarter of the values, rounded down, is left out on each side, as in the authors' package
    rliable; fewer than four values are averaged as they are.

    Args:
        values: ``[..., n]``, at least one in a row.

    Returns:
        ``[...]``.

    Examples:
        >>> float(interquartile_mean(np.array([9.0, 1.0, 2.0, 4.0, 100.0])))
        5.0
    """
    size = values.shape[-1]
    cut = size // 4
    ordered = np.sort(values, axis=-1)
    middle: Array = ordered[..., cut : size - cut].mean(axis=-1)
    return middle
