"""Different donors for every trial, by shifting past those that are taken.

Rejection would need a loop that ends at another time for every trial.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["distinct"]


def distinct(fractions: Tensor, candidates: Tensor | int, taken: Tensor | None = None) -> Tensor:
    """Draw whole numbers that differ from each other and from some that are taken.

    Every set of them is equally likely in every order.

    Args:
        fractions: ``[*, count]`` float in [0, 1), one for each number.
        candidates: numbers are drawn from ``[0, candidates)``; one for all, or ``[*]`` int64.
        taken: ``[*, m]`` int64, different numbers in that range; None for none.

    Returns:
        ``[*, count]`` int64. Where there are too few candidates, numbers repeat.

    Examples:
        >>> distinct(torch.tensor([[0.0, 0.0, 0.99]]), 5, torch.tensor([[0]]))
        tensor([[1, 2, 4]])
    """
    shape = fractions.shape[:-1]
    if taken is None:
        taken = torch.empty((*shape, 0), dtype=torch.int64, device=fractions.device)
    total = torch.as_tensor(candidates, device=fractions.device).expand(shape)
    excluded = taken.sort(-1).values
    drawn = []
    for fraction in fractions.unbind(-1):
        left = (total - excluded.shape[-1]).clamp(min=1)
        number = torch.minimum((fraction * left).long(), left - 1)
        for value in excluded.unbind(-1):
            number = number + (number >= value)
        number = torch.minimum(number, (total - 1).clamp(min=0))
        drawn.append(number)
        excluded = torch.cat([excluded, number.unsqueeze(-1)], -1).sort(-1).values
    return torch.stack(drawn, -1)
