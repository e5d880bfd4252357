"""The layers of a module whose weights can be pruned, in one form whatever their kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from coevo.cells import CellTensors
from coevo.networks import untouched_generator

__all__ = ["PRUNABLE", "PrunableLayer", "first_input", "prunable_layers"]

Kind: TypeAlias = Literal["dense", "convolution", "transposed"]

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
PRUNABLE: tuple[type[nn.Module], ...] = (nn.Linear, *_CONVOLUTIONS, *_TRANSPOSED)
"""The types of layers that are found; subclasses of them too."""


@dataclass(frozen=True)
class PrunableLayer:
    """A linear or convolutional layer of a module.

    Attributes:
        name: its path in the module; "" for the module itself.
        kind: how its weight is stored.
        weight: name of the weight in the module.
        bias: name of the bias; None without one.
        shape: of the weight, as in the module.
        groups: of a convolution; 1 for dense layers.
        positions: outputs of one unit for one row of data, at different places.
        uses: how often each weight is multiplied for one row, padding included: once for each
            position of the outputs, or of the inputs where a convolution is transposed.
        calls: how often the module calls it for one batch.
        shared: whether another layer has the same weight.
    """

    name: str
    kind: Kind
    weight: str
    bias: str | None
    shape: tuple[int, ...]
    groups: int
    positions: int
    uses: int
    calls: int
    shared: bool

    @property
    def units(self) -> int:
        """Outputs: neurons or feature maps."""
        return self.shape[1] * self.groups if self.kind == "transposed" else self.shape[0]

    @property
    def inputs(self) -> int:
        """Weights of one unit, without the bias."""
        return prod(self.shape) // self.units

    def matrix(self, tensors: CellTensors, *, bias: bool) -> Tensor:
        """Bring the layer's tensors into the form in which operators see them.

        Args:
            tensors: weights, masks or gradients by their names in the module, each
                ``[cells, *shape]``.
            bias: whether the bias stands behind the weights as a last input.

        Returns:
            ``[cells, units, inputs]``, a view where that is possible.
        """
        weights = self._by_unit(tensors[self.weight])
        if not bias or self.bias is None:
            return weights
        return torch.cat([weights, tensors[self.bias].unsqueeze(2)], 2)

    def tensors(self, matrix: Tensor, *, bias: bool) -> dict[str, Tensor]:
        """The reverse of `matrix`: tensors in the module's shapes, by their names."""
        if not bias or self.bias is None:
            return {self.weight: self._as_stored(matrix)}
        weights, biases = matrix[..., :-1], matrix[..., -1]
        return {self.weight: self._as_stored(weights), self.bias: biases}

    def _by_unit(self, weight: Tensor) -> Tensor:
        if self.kind != "transposed":
            return weight.flatten(2)
        # Stored as [inputs of all groups, units of one group, *kernel].
        cells, kernel = len(weight), prod(self.shape[2:])
        grouped = weight.reshape(cells, self.groups, -1, self.shape[1], kernel)
        return grouped.transpose(2, 3).reshape(cells, self.units, self.inputs)

    def _as_stored(self, matrix: Tensor) -> Tensor:
        cells = len(matrix)
        if self.kind == "transposed":
            kernel = prod(self.shape[2:])
            matrix = matrix.reshape(cells, self.groups, self.shape[1], -1, kernel).transpose(2, 3)
        return matrix.reshape(cells, *self.shape)


def prunable_layers(
    build: Callable[[], nn.Module], input_shape: Sequence[int]
) -> tuple[PrunableLayer, ...]:
    """Find the prunable layers of an architecture, in the order in which they are called.

    Args:
        build: makes one network.
        input_shape: of one row.

    Examples:
        >>> build = lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> [(layer.name, layer.units, layer.inputs) for layer in prunable_layers(build, [4])]
        [('0', 3, 4), ('2', 2, 3)]
    """
    with untouched_generator():
        module = build()
    # Weights that are computed from others, as parametrizations do, have no parameter of that name.
    found: dict[nn.Module, str] = {
        layer: path
        for path, layer in module.named_modules()
        if isinstance(layer, PRUNABLE) and "weight" in layer._parameters
    }
    calls: dict[nn.Module, int] = {}
    positions: dict[nn.Module, tuple[int, int]] = {}

    def note(
        layer: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Tensor
    ) -> None:
        calls[layer] = calls.get(layer, 0) + 1
        outside = output[0].numel() // _units(layer)
        rows = first_input(inputs, named)
        transposed = isinstance(layer, _TRANSPOSED)
        positions[layer] = outside, _inside(layer, rows[0]) if transposed else outside

    hooks = [layer.register_forward_hook(note, with_kwargs=True) for layer in found]
    dtype = next(module.parameters()).dtype
    with torch.no_grad():
        module(torch.zeros(1, *input_shape, dtype=dtype))
    for hook in hooks:
        hook.remove()
    owners = [id(layer.weight) for layer in found]
    return tuple(
        _describe(layer, found[layer], positions[layer], number, shared=_twice(owners, layer))
        for layer, number in calls.items()
    )


def first_input(inputs: tuple[Any, ...], named: dict[str, Any]) -> Tensor:
    """What a module is called with, whether by position or by name."""
    found: Tensor = inputs[0] if inputs else next(iter(named.values()))
    return found


def _units(layer: nn.Module) -> int:
    return int(layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels)  # type: ignore[arg-type]  # a number in every convolution


def _inside(layer: nn.Module, row: Tensor) -> int:
    """Positions of the inputs of a transposed convolution."""
    return row.numel() // int(layer.in_channels)  # type: ignore[arg-type]  # a number in each


def _twice(owners: list[int], layer: nn.Module) -> bool:
    return owners.count(id(layer.weight)) > 1


def _describe(
    layer: nn.Module, path: str, positions: tuple[int, int], calls: int, *, shared: bool
) -> PrunableLayer:
    prefix = f"{path}." if path else ""
    kind: Kind = "dense"
    if not isinstance(layer, nn.Linear):
        kind = "transposed" if isinstance(layer, _TRANSPOSED) else "convolution"
    weight: Tensor = layer.weight  # type: ignore[assignment]  # every such layer has one
    return PrunableLayer(
        name=path,
        kind=kind,
        weight=f"{prefix}weight",
        bias=None if layer.bias is None else f"{prefix}bias",
        shape=tuple(weight.shape),
        groups=int(getattr(layer, "groups", 1)),
        positions=positions[0],
        uses=positions[1],
        calls=calls,
        shared=shared,
    )
