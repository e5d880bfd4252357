"""Regrowth of removed weights at constant sparsity.

By gradient: RigL, Evci et al., ICML 2020 (arXiv 1911.11134). At random: SET, Mocanu et al.,
Nature Communications 2018. Regrown weights begin at zero, as in RigL, but for those that were
removed in the same step, which are as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from operators.selection import lowest
from operators.types import Layer

__all__ = ["RegrowBy", "regrow"]

RegrowBy: TypeAlias = Literal["gradient", "random"]


def regrow(by: RegrowBy, layers: Sequence[Layer], left: Sequence[Tensor]) -> list[Tensor]:
    """Give back as many weights as were removed, in the places that promise most.

    Args:
        by: ``gradient`` takes the removed weights with the largest ``|dL/dw|``, ``random`` any.
        layers: before the removal; ranked together. The places of weights that were removed
            just now are as good as those that were removed before, as in RigL.
        left: the masks after it, ``[cells, units, inputs]`` bool each.

    Returns:
        Masks with as many True as before the removal.
    """
    before = torch.cat([layer.masks.flatten(1) for layer in layers], 1)
    after = torch.cat([masks.flatten(1) for masks in left], 1)
    if by == "gradient":
        promise = [layer.need("gradients").abs().flatten(1) for layer in layers]
    else:
        promise = [layer.draws("regrow", layer.weights.shape[1:]).flatten(1) for layer in layers]
    quota = (before & ~after).sum(1)
    grown = after | lowest(-torch.cat(promise, 1), ~after, quota)
    parts = torch.split(grown, [masks[0].numel() for masks in left], 1)
    return [part.view_as(masks) for part, masks in zip(parts, left, strict=True)]
