"""Whether two forms of a pairing compute the same."""

from __future__ import annotations

import math
from typing import TypeAlias

import torch
from torch import Tensor, nn

__all__ = ["MOST_ROWS", "Pair", "largest_difference", "outputs", "tolerance"]

Pair: TypeAlias = tuple[nn.Module, nn.Module]
"""Encoder and decoder."""

MOST_ROWS = 1000
"""Validation rows on which two forms are compared, where there are so many."""

_TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-9}


def tolerance(dtype: torch.dtype) -> float:
    """How far outputs may differ, as `largest_difference` measures it."""
    return _TOLERANCES[dtype]


def largest_difference(expected: Tensor, found: Tensor) -> float:
    """The largest difference of two outputs.

    Rows with outputs beyond 1 are measured by their largest output, because rounding grows
    with it.

    Args:
        expected: ``[rows, *shape]`` float.
        found: the same shape and type; infinite otherwise, and where a number is not finite.

    Examples:
        >>> expected = torch.tensor([[0.0, 0.5], [100.0, 0.0]])
        >>> largest_difference(expected, expected + torch.tensor([0.25, 0.0]))
        0.25
        >>> largest_difference(expected, torch.full((2, 2), float("nan")))
        inf
    """
    if expected.shape != found.shape or expected.dtype != found.dtype:
        return math.inf
    scale = expected.abs().flatten(1).amax(1).clamp(min=1)
    difference = (expected - found).abs().flatten(1).amax(1) / scale
    largest = float(difference.max())
    return math.inf if math.isnan(largest) else largest


def outputs(pair: Pair, rows: Tensor) -> Tensor:
    """What a pairing makes of rows, ``[rows, *shape]``; they stay as they are."""
    encoder, decoder = pair
    with torch.no_grad():
        found: Tensor = decoder(encoder(rows.clone()))
    return found
