"""Prunes layers together: ranks the weights or the units of several layers in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from operators.pruning import ScoringOperator
from operators.quotas import Quota
from operators.selection import lowest
from operators.types import Layer, PruningOperator

__all__ = ["Pruned", "Structure", "prune_group", "prune_units", "prune_weights_per_unit"]

Structure: TypeAlias = Literal["weight", "unit"]


@dataclass(frozen=True)
class Pruned:
    """What is left of a group of layers.

    Attributes:
        masks: of every layer, ``[cells, units, inputs]`` bool.
        sound: ``[cells]`` bool, False where a score was not a number.
    """

    masks: list[Tensor]
    sound: Tensor


def prune_group(operator: PruningOperator, layers: Sequence[Layer], quota: Quota) -> Pruned:
    """Remove weights of some layers, ranked together.

    Unlike an operator that is called directly, this does not refuse scores that are not a
    number, because the host would have to wait for the device to see them: it keeps such
    weights and says so.

    Args:
        operator: one that scores, where there is more than one layer.
        layers: of the same cells.
        quota: of all their weights together.
    """
    masks = torch.cat([layer.masks.flatten(1) for layer in layers], 1)
    if not isinstance(operator, ScoringOperator):
        (layer,) = layers
        quotas = quota.of(masks.sum(1), masks.shape[1])
        sound = torch.ones(len(masks), dtype=torch.bool, device=masks.device)
        return Pruned([layer.masks & operator(layer, quotas)], sound)
    scores = torch.cat([operator.scores(layer).flatten(1) for layer in layers], 1)
    left = masks & ~_chosen(scores, masks, quota)
    parts = torch.split(left, [layer.masks[0].numel() for layer in layers], 1)
    shaped = [part.view_as(layer.masks) for part, layer in zip(parts, layers, strict=True)]
    return Pruned(shaped, ~(scores.isnan() & masks).any(1))


def prune_weights_per_unit(operator: ScoringOperator, layer: Layer, quota: Quota) -> Pruned:
    """Remove weights of a layer, every unit's ranked by themselves.

    Args:
        operator: scores weights.
        layer: one layer.
        quota: of every unit's weights.
    """
    masks = layer.masks.flatten(0, 1)
    scores = operator.scores(layer).flatten(0, 1)
    chosen = _chosen(scores, masks, quota)
    unsound = (scores.isnan() & masks).view_as(layer.masks)
    return Pruned([(masks & ~chosen).view_as(layer.masks)], ~unsound.flatten(1).any(1))


def prune_units(operator: ScoringOperator, layers: Sequence[Layer], quota: Quota) -> Pruned:
    """Remove whole units of some layers, ranked together: all weights into them, and the bias.

    Args:
        operator: scores units.
        layers: of the same cells.
        quota: of all their units together; a unit is kept while one of its weights is.
    """
    kept = torch.cat([layer.masks.any(2) for layer in layers], 1)
    scores = torch.cat([operator.unit_scores(layer) for layer in layers], 1)
    chosen = _chosen(scores, kept, quota)
    parts = torch.split(chosen, [layer.masks.shape[1] for layer in layers], 1)
    masks = [layer.masks & ~part.unsqueeze(2) for layer, part in zip(layers, parts, strict=True)]
    return Pruned(masks, ~(scores.isnan() & kept).any(1))


def _chosen(scores: Tensor, eligible: Tensor, quota: Quota) -> Tensor:
    """The items that go, of every row: ``[rows, n]`` bool."""
    total = eligible.shape[1]
    if quota.everything:
        return eligible & (scores < inf)
    return lowest(scores, eligible, quota.of(eligible.sum(1), total), most=quota.most(total))
