"""Tournament selection."""

from __future__ import annotations

from math import inf

from torch import Tensor

__all__ = ["tournament"]


def tournament(values: Tensor, entrants: Tensor) -> Tensor:
    """Pick each cell's entrant with the lowest value.

    Args:
        values: ``[cells, k]`` float, lower is better. NaN never wins against a number.
        entrants: ``[cells, n]`` int64 in ``[0, k)``, n >= 1, drawn with or without replacement.

    Returns:
        ``[cells]`` int64 in ``[0, k)``: the winner; of equal values the one drawn first.

    Examples:
        >>> import torch
        >>> values = torch.tensor([[0.3, 0.1, 0.2]])
        >>> tournament(values, torch.tensor([[2, 0, 2]]))
        tensor([2])
    """
    drawn = values.gather(1, entrants)
    lowest = drawn.nan_to_num(nan=inf, posinf=inf, neginf=-inf).amin(1, keepdim=True)
    wins = drawn == lowest
    # argmin does not promise which of equal minima it gives: count the losers before the first.
    first = wins.int().cumsum(1).eq(0).sum(1)
    # Where all are NaN, none wins and all are counted: the one drawn first is as good as any.
    first = first.where(wins.any(1), 0)
    return entrants.gather(1, first.unsqueeze(1)).squeeze(1)
