"""Tournament selection."""

from __future__ import annotations

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
    drawn = values.gather(1, entrants).nan_to_num(nan=float("inf"), posinf=float("inf"))
    # argmin does not promise which of equal minima it gives: count the losers before the first.
    first = (drawn == drawn.amin(1, keepdim=True)).int().cumsum(1).eq(0).sum(1)
    return entrants.gather(1, first.unsqueeze(1)).squeeze(1)
