"""Looks into networks while they compute: what goes into their layers, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from coevo.cells import CellTensors
from coevo.chain import ELEMENTWISE
from coevo.layers import PrunableLayer, first_input
from coevo.networks import untouched_generator
from coevo.population import Population

__all__ = ["Observer", "Seen"]


@dataclass(frozen=True)
class Seen:
    """What one layer of some networks did with a batch.

    Attributes:
        inputs: ``[cells, rows, ...]``, as the layer got them.
        outputs: ``[cells, rows, ...]``, behind the activation module that follows the layer;
            of the layer itself where none does.
    """

    inputs: Tensor
    outputs: Tensor


class Observer:
    """Calls stacked networks and notes what their layers see.

    Slower than `coevo.networks.StackedNetwork`, and the same numbers.
    """

    def __init__(self, build: Callable[[], nn.Module], layers: Sequence[PrunableLayer]) -> None:
        """Prepare for an architecture and some of its layers."""
        with untouched_generator():
            self._module = build().to("meta")
        self._layers = {layer.name: layer for layer in layers}
        self._modules = {name: self._module.get_submodule(name) for name in self._layers}
        self._names = {module: name for name, module in self._modules.items()}
        self._inputs: dict[str, Tensor] = {}
        self._own: dict[str, Tensor] = {}
        self._outputs: dict[str, Tensor] = {}
        for module in self._module.modules():
            if module in self._names:
                module.register_forward_hook(self._note_layer, with_kwargs=True)
            elif isinstance(module, ELEMENTWISE):
                module.register_forward_hook(self._note_activation, with_kwargs=True)

    def __call__(self, population: Population, inputs: Tensor) -> tuple[Tensor, dict[str, Seen]]:
        """Call every network on its own rows.

        Args:
            population: the networks.
            inputs: ``[cells, rows, *shape]``.

        Returns:
            The outputs ``[cells, rows, *shape]``, and what each layer saw, by its name.
        """

        def call_one(
            weights: CellTensors, buffers: CellTensors, rows: Tensor
        ) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
            outputs = functional_call(self._module, (dict(weights), dict(buffers)), (rows,))
            return outputs, dict(self._inputs), {**self._own, **self._outputs}

        try:
            # A copy, because modules may work in place.
            own = inputs.clone()
            found = vmap(call_one)(dict(population.weights), dict(population.buffers), own)
        finally:
            self._forget()
        result, before, after = found
        return result, {name: Seen(before[name], after[name]) for name in self._layers}

    def outputs(self, name: str, seen: Seen) -> Tensor:
        """A layer's outputs as operators see them: ``[cells, cases, units, positions]``."""
        layer, found = self._layers[name], seen.outputs
        if layer.kind == "dense":
            return found.flatten(2, -2).transpose(2, 3) if found.dim() > 3 else found.unsqueeze(3)
        return found.flatten(3)

    def input_rms(self, name: str, seen: Seen, weights: CellTensors, *, bias: bool) -> Tensor:
        """Root mean square of what each weight of a layer is multiplied with.

        Args:
            name: of the layer.
            seen: what it saw.
            weights: of the networks.
            bias: whether the bias, whose input is 1, counts as a weight.

        Returns:
            ``[cells, 1 or units, inputs]``.
        """
        layer, squares = self._layers[name], seen.inputs.square()
        if layer.kind == "dense":
            mean = squares.flatten(1, -2).mean(1, keepdim=True)
        else:
            # A weight's derivative of the sum of all outputs is the sum of its inputs.
            total = vmap(grad(self._summed(name)))(weights[layer.weight], squares)
            self._forget()
            uses = layer.positions * squares.shape[1]
            mean = layer.matrix({layer.weight: total / uses}, bias=False)
        if bias and layer.bias is not None:
            mean = torch.cat([mean, torch.ones_like(mean[..., :1])], 2)
        return mean.sqrt()

    def _summed(self, name: str) -> Callable[[Tensor, Tensor], Tensor]:
        module, layer = self._modules[name], self._layers[name]

        def total(weight: Tensor, rows: Tensor) -> Tensor:
            tensors = {"weight": weight}
            if layer.bias is not None:
                tensors["bias"] = weight.new_zeros(layer.units)
            result: Tensor = functional_call(module, tensors, (rows,)).sum()
            return result

        return total

    def _forget(self) -> None:
        for noted in (self._inputs, self._own, self._outputs):
            noted.clear()

    def _note_layer(
        self, module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Tensor
    ) -> None:
        name = self._names[module]
        self._inputs[name], self._own[name] = first_input(inputs, named), output

    def _note_activation(
        self, module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Tensor
    ) -> None:
        del module
        given = first_input(inputs, named)
        for name, own in self._own.items():
            if own is given:
                self._outputs[name] = output
