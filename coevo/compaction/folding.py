"""Finds the units of a chain that are constant or that nothing reads, and does without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from coevo.compaction.gathering import placing_pays, selecting_pays
from coevo.compaction.layers import ChainLayer

__all__ = ["folded", "without_dead_units"]


def folded(layers: Sequence[ChainLayer]) -> list[ChainLayer]:
    """Add what constant units contribute to the biases of the layers that read them.

    A unit without a weight that is not zero gives the same for every row: its bias, behind the
    activation. The weights on it become zero, which can make units of the next layer constant.

    Args:
        layers: of a chain, in order; left as they are.
    """
    result: list[ChainLayer] = []
    for layer in layers:
        result.append(_without_constants(result[-1], layer) if layer.linked else layer)
    return result


def without_dead_units(
    layers: Sequence[ChainLayer], *, select: bool, place: bool
) -> list[ChainLayer]:
    """Decide which units and channels stay: those that something reads in the end.

    Where no unit of a layer is read, its first channel stays with all weights zero, because
    layers without units are more than many programs can bear.

    Args:
        layers: `folded`.
        select: whether inputs may be selected before the first layer.
        place: whether outputs may be placed among constants behind the last one.
    """
    result: list[ChainLayer] = []
    for number in range(len(layers) - 1, -1, -1):
        layer = layers[number]
        if result and result[0].linked:
            layer = _with_readers(layer, result[0])
        elif not result and place:
            layer = replace(layer, kept=_computed(layer))
        read = _read(layer)
        if not layer.linked:
            sizes = len(read), int(read.sum()), int(layer.kept.sum())
            if not (select and number == 0 and selecting_pays(*sizes)):
                read = torch.ones_like(read)
        result.insert(0, replace(layer, read=read))
    return result


def _without_constants(before: ChainLayer, layer: ChainLayer) -> ChainLayer:
    constant, values = _constants(before, len(layer.read))
    if not layer.folds_any_constant:
        # Beside padding, which is zero, a constant is not constant any more.
        constant = constant & (values == 0)
    contribution = (layer.weight.sum(2) * values.where(constant, 0)).sum(1)
    weight = layer.weight * ~constant[:, None]
    return replace(layer, weight=weight, bias=layer.bias + contribution)


def _constants(before: ChainLayer, channels: int) -> tuple[Tensor, Tensor]:
    """Which channels are constant: ``[channels]`` bool; and the numbers that they are."""
    weight = before.step.module.weight
    assert isinstance(weight, Tensor)
    values = before.bias.to(weight.dtype)
    with torch.no_grad():
        for activation in before.activations:
            values = activation(values.clone())
    values = values.double().view(channels, -1)
    quiet = (before.weight == 0).flatten(1).all(1).view(channels, -1).all(1)
    same = (values == values[:, :1]).all(1)
    return quiet & same & values[:, 0].isfinite(), values[:, 0]


def _with_readers(layer: ChainLayer, behind: ChainLayer) -> ChainLayer:
    """Keep the units that the layer behind reads."""
    kept = behind.read.repeat_interleave(len(layer.kept) // len(behind.read))
    if bool((behind.weight[behind.kept] != 0).any()):
        return replace(layer, kept=kept)
    return replace(layer, kept=kept, weight=torch.zeros_like(layer.weight))


def _read(layer: ChainLayer) -> Tensor:
    """Channels that a unit that stays has a weight for; the first where there is none."""
    return _one_at_least((layer.weight[layer.kept] != 0).any(2).any(0))


def _computed(layer: ChainLayer) -> Tensor:
    """Outputs that are not constant, where it pays to compute only these; otherwise all."""
    computed = _one_at_least((layer.weight != 0).flatten(1).any(1))
    sizes = len(computed), int(computed.sum()), int(_read(layer).sum())
    return computed if placing_pays(*sizes) else torch.ones_like(computed)


def _one_at_least(flags: Tensor) -> Tensor:
    first = torch.arange(len(flags), device=flags.device) == 0
    return flags | (first & ~flags.any())
