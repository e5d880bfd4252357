"""From scores to masks, with a look at the scores first.

That look makes the host wait for the device. The engine, which must not wait, prunes by
`operators.groups` and finds out afterwards.
"""

from __future__ import annotations

from torch import Tensor

from operators.selection import lowest

__all__ = ["prune_lowest"]


def prune_lowest(scores: Tensor, masks: Tensor, quota: Tensor) -> Tensor:
    """Remove the lowest-scoring kept weights of each cell.

    Args:
        scores: ``[cells, *shape]`` float, high is worth keeping; infinity is never removed.
        masks: ``[cells, *shape]`` bool, True = kept.
        quota: ``[cells]`` int64 >= 0, how many weights to remove.

    Returns:
        ``[cells, *shape]`` bool, a subset of ``masks``. Exactly ``quota`` weights are gone, or
        all whose score is below infinity where these are fewer.

    Raises:
        ValueError: the score of a kept weight is not a number.

    Examples:
        >>> import torch
        >>> scores = torch.tensor([[0.3, 0.1, 0.2, 0.9]])
        >>> masks = torch.tensor([[True, True, True, False]])
        >>> prune_lowest(scores, masks, torch.tensor([1]))
        tensor([[ True, False,  True, False]])
    """
    unsound = (scores.isnan() & masks).flatten(1)
    if bool(unsound.any()):
        cell = int(unsound.any(1).int().argmax())
        raise ValueError(
            f"scores: the score of a kept weight of cell {cell} is not a number; "
            "check what the operator reads for NaN"
        )
    chosen = lowest(scores.flatten(1), masks.flatten(1), quota)
    return masks & ~chosen.view_as(masks)
