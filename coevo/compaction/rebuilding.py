"""Builds modules from a chain whose layers were made smaller."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from coevo.compaction.chain import TRANSPOSED, Step
from coevo.compaction.gathering import PlaceOutputs, SelectInputs
from coevo.compaction.layers import ChainLayer, stored
from coevo.roles import RoleName

__all__ = ["rebuilt"]

_OPTIONS = ("kernel_size", "stride", "padding", "dilation", "padding_mode")


def rebuilt(chain: Sequence[Step], layers: Sequence[ChainLayer]) -> dict[RoleName, list[nn.Module]]:
    """New modules in place of the steps of a chain.

    Args:
        chain: all steps; left as they are.
        layers: those of them that are layers, with the units and channels that stay.
    """
    own = {layer.place: number for number, layer in enumerate(layers)}
    result: dict[RoleName, list[nn.Module]] = {"encoder": [], "decoder": []}
    for place, step in enumerate(chain):
        modules = result[step.role]
        if place in own:
            number = own[place]
            layer = layers[number]
            modules += _leading(layer, layers[number - 1] if layer.linked else None)
            modules.append(_layer(layer))
            if number == len(layers) - 1 and not bool(layer.kept.all()):
                modules.append(_placing(layer))
        elif not (step.kind == "reshape" and _is_redone(place, layers)):
            modules.append(deepcopy(step.module))
    return result


def _is_redone(place: int, layers: Sequence[ChainLayer]) -> bool:
    """Whether a reshape stands where another one is put before a layer."""
    behind = next((layer for layer in layers if layer.place > place), None)
    return behind is not None and (behind.linked or not bool(behind.read.all()))


def _leading(layer: ChainLayer, before: ChainLayer | None) -> list[nn.Module]:
    """What brings numbers into the shape in which a layer takes them."""
    if before is None:
        return [] if bool(layer.read.all()) else [_module(SelectInputs(_places(layer.read)), layer)]
    given = (int(before.kept.sum()), *before.step.after[1:])
    channels = int(layer.read.sum())
    taken: tuple[int, ...] = (channels * layer.weight.shape[2],)
    if not layer.step.dense:
        taken = (channels, *layer.step.before[1:])
    modules: list[nn.Module] = []
    if given != taken and len(given) > 1:
        modules.append(_module(nn.Flatten(), layer))
    if given != taken and len(taken) > 1:
        modules.append(_module(nn.Unflatten(1, taken), layer))
    return modules


def _layer(layer: ChainLayer) -> nn.Module:
    module: Any = layer.step.module
    weight = stored(layer.step, layer.weight[layer.kept][:, layer.read])
    bias = layer.bias[layer.kept].to(weight.dtype)
    has_bias = module.bias is not None or bool((bias != 0).any())
    options: dict[str, Any] = {"bias": has_bias, "dtype": weight.dtype, "device": "meta"}
    units = int(layer.kept.sum())
    inputs = int(layer.read.sum()) * (layer.weight.shape[2] if layer.step.dense else 1)
    if not layer.step.dense:
        options |= {name: getattr(module, name) for name in _OPTIONS}
        if isinstance(module, TRANSPOSED):
            options["output_padding"] = module.output_padding
    # Without memory, so that no first weights are drawn.
    new: nn.Module = type(module)(inputs, units, **options)
    tensors = {"weight": weight, "bias": bias} if has_bias else {"weight": weight}
    new.load_state_dict(tensors, assign=True)
    return _module(new, layer)


def _placing(layer: ChainLayer) -> nn.Module:
    weight = layer.step.module.weight
    assert isinstance(weight, Tensor)
    kept = layer.kept
    # The computed ones first, then the constants, each in their order.
    order = torch.cat([_places(kept), _places(~kept)])
    return _module(PlaceOutputs(order.argsort(), layer.bias[~kept].to(weight.dtype)), layer)


def _places(flags: Tensor) -> Tensor:
    return flags.nonzero().flatten()


def _module(module: nn.Module, layer: ChainLayer) -> nn.Module:
    """In the mode of a layer."""
    return module.train(layer.step.module.training)
