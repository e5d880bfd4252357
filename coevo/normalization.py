"""Running statistics of stacked networks, taken anew from a batch.

Networks are called in a mode in which BatchNorm applies its running mean and variance and does
not change them. Weights that are combined from several networks make other activations than any
of these, so that their statistics have to be taken anew (Jordan et al. 2023, REPAIR).
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.modules.batchnorm import _BatchNorm

from coevo.cells import CellTensors

__all__ = ["Calibrate", "calibration"]

Calibrate: TypeAlias = Callable[[CellTensors, CellTensors, Tensor], dict[str, Tensor]]
"""``(weights, buffers, inputs)`` of stacked networks, ``[cells, batch >= 2, *shape]``, to buffers."""


def calibration(prototype: nn.Module) -> Calibrate | None:
    """What takes the statistics of an architecture; None where it keeps none.

    Each layer sees what the layers before it make with the statistics of the same batch. Means
    are those of the batch, variances unbiased, as torch's are with a momentum of 1.

    Args:
        prototype: one network, in the mode in which it is used; left alone.
    """
    names = [name for name, m in prototype.named_modules() if _keeps_statistics(m)]
    if not names:
        return None
    module = deepcopy(prototype).to("meta")
    found: dict[str, tuple[Tensor, Tensor]] = {}
    for name in names:
        layer = module.get_submodule(name)
        assert isinstance(layer, _BatchNorm)
        layer.train()
        # The batch's own are used, and no buffer is changed.
        layer.track_running_stats = False
        layer.register_forward_pre_hook(_taking(name, found))

    def call_one(
        weights: dict[str, Tensor], buffers: dict[str, Tensor], inputs: Tensor
    ) -> dict[str, tuple[Tensor, Tensor]]:
        found.clear()
        functional_call(module, (weights, buffers), (inputs,))
        return dict(found)

    def calibrate(weights: CellTensors, buffers: CellTensors, inputs: Tensor) -> dict[str, Tensor]:
        taken = vmap(call_one)(dict(weights), dict(buffers), inputs)
        result = dict(buffers)
        for name, (mean, variance) in taken.items():
            prefix = f"{name}." if name else ""
            result[f"{prefix}running_mean"], result[f"{prefix}running_var"] = mean, variance
        return result

    return calibrate


def _keeps_statistics(module: nn.Module) -> bool:
    return (
        isinstance(module, _BatchNorm)
        and module.track_running_stats
        and module.running_mean is not None
    )


def _taking(
    name: str, found: dict[str, tuple[Tensor, Tensor]]
) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def take(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        inputs = given[0]
        others = [dimension for dimension in range(inputs.dim()) if dimension != 1]
        variance, mean = torch.var_mean(inputs, dim=others)
        found[name] = mean, variance

    return take
