"""Chooses what goes, by scores: the one place where that is decided."""

from __future__ import annotations

from math import inf

from torch import Tensor

__all__ = ["lowest"]


def lowest(scores: Tensor, eligible: Tensor, quota: Tensor, *, most: int | None = None) -> Tensor:
    """Mark the lowest-scoring eligible items of each row.

    Of equal scores, those that stand first go first, so that the result does not depend on the
    device. Scores of infinity, and those that are not a number, are never marked.

    Args:
        scores: ``[rows, n]`` float.
        eligible: ``[rows, n]`` bool.
        quota: ``[rows]`` int64 >= 0, how many items to mark.
        most: promises that no quota is larger, which saves time.

    Returns:
        ``[rows, n]`` bool; as many as the quota, or all that can be marked.

    Examples:
        >>> import torch
        >>> scores, everything = torch.tensor([[0.2, 0.1, 0.1, inf]]), torch.ones(1, 4).bool()
        >>> lowest(scores, everything, torch.tensor([1]))
        tensor([[False,  True, False, False]])
        >>> lowest(scores, everything, torch.tensor([4]))
        tensor([[ True,  True,  True, False]])
    """
    n = scores.shape[1]
    k = n if most is None else min(most, n)
    values = scores.masked_fill(~eligible | scores.isnan(), inf)
    if k == 0:
        return eligible.logical_and(values < -inf)
    # Only values are taken from the sorting, because the order of equal ones is not promised.
    ordered = values.topk(k, dim=1, largest=False, sorted=True).values
    position = (quota.clamp(max=k) - 1).clamp(min=0)
    last = ordered.gather(1, position.unsqueeze(1))
    below, ties = values < last, values == last
    room = (quota - below.sum(1)).unsqueeze(1)
    return (below | (ties & (ties.cumsum(1) <= room))) & (values < inf)
