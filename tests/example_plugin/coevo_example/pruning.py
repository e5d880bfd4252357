"""Two pruning operators: one scores weights, the other makes masks."""

from __future__ import annotations

import torch
from torch import Tensor

from operators import Layer, masking, prune_lowest, scoring

__all__ = ["negligible", "noisy_magnitude"]


@scoring(invariances=["weight_scale"])
def noisy_magnitude(layer: Layer, *, noise: float = 0.1) -> Tensor:
    """Removes small weights, but not always the smallest.

    Args:
        layer: its weights and random numbers are read.
        noise: >= 0, how far sizes are blurred; 0 is magnitude pruning.

    Returns:
        ``[cells, units, inputs]``, the size of every weight, times 1 to 1 + noise.
    """
    if not 0.0 <= noise < float("inf"):
        raise ValueError(f"noise: {noise} is not a size; give a number >= 0")
    blur = layer.draws("noise", layer.weights.shape[1:]).to(layer.weights.dtype)
    return layer.weights.abs() * (1.0 + noise * blur)


@masking(exact=False, invariances=["weight_scale"])
def negligible(layer: Layer, quota: Tensor, *, share: float = 0.05) -> Tensor:
    """Removes weights that are tiny beside the largest of their unit.

    Args:
        layer: its weights are read.
        quota: ``[cells]`` int64, how many weights to remove at most; the smallest go first.
        share: in (0, 1], of the unit's largest weight; what is below it is tiny.

    Returns:
        ``[cells, units, inputs]`` bool, the masks that remain.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share: {share} is not a share; give a number above 0, at most 1")
    sizes = layer.weights.abs().where(layer.masks, 0.0)
    large = sizes >= share * sizes.amax(2, keepdim=True)
    return prune_lowest(sizes.masked_fill(large, torch.inf), layer.masks, quota)
