"""Looks into one module while it computes: which layers it calls, and what they see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Seen", "called_once", "joined", "seen_by"]

PRUNABLE = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
ACTIVATIONS = (
    *(nn.Identity, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid),
    nn.Softplus,
)


@dataclass(frozen=True)
class Seen:
    """What a layer got, and what came out behind the activation that follows it."""

    layer: nn.Module
    inputs: Tensor
    own: Tensor
    outputs: Tensor

    def cases(self) -> list[list[list[float]]]:
        """The outputs of every row, unit and position."""
        found = self.outputs
        if isinstance(self.layer, nn.Linear):
            found = found.movedim(-1, 1)
        cases: list[list[list[float]]] = found.reshape(*found.shape[:2], -1).tolist()
        return cases

    def root_mean_squares(self) -> list[float]:
        """Of what each weight of a unit is multiplied with, the bias left out."""
        squares = self.inputs.square()
        if isinstance(self.layer, nn.Linear):
            rows: list[list[float]] = squares.reshape(-1, squares.shape[-1]).tolist()
            return [sqrt(sum(column) / len(rows)) for column in zip(*rows, strict=True)]
        places = len(self.own) * self.own[0, 0].numel()
        return [sqrt(sum(met) / places) for met in self._met(squares.sum(0).tolist())]

    def _met(self, squares: list[list[list[float]]]) -> Iterator[list[float]]:
        """The squares that one weight of a convolution meets, map by map of the inputs."""
        layer: Any = self.layer
        (high, wide), stride, padding = layer.kernel_size, layer.stride[0], layer.padding[0]
        transposed = isinstance(layer, nn.ConvTranspose2d)
        near, far = self.inputs.shape[2:], self.own.shape[2:]
        if transposed:
            near, far = far, near
        for image in squares:
            for down in range(high):
                for right in range(wide):
                    met = []
                    for y in range(far[0]):
                        for x in range(far[1]):
                            at = (y * stride - padding + down, x * stride - padding + right)
                            if 0 <= at[0] < near[0] and 0 <= at[1] < near[1]:
                                met.append(image[y][x] if transposed else image[at[0]][at[1]])
                    yield met


@dataclass(frozen=True)
class _Call:
    name: str
    module: nn.Module
    inputs: Tensor
    outputs: Tensor


def _watched(module: nn.Module, rows: Tensor) -> tuple[Tensor, list[_Call]]:
    calls: list[_Call] = []
    hooks = []
    for name, part in module.named_modules():

        def note(part: nn.Module, given: tuple[Tensor, ...], out: Tensor, name: str = name) -> None:
            calls.append(_Call(name, part, given[0], out))

        hooks.append(part.register_forward_hook(note))
    with torch.no_grad():
        result: Tensor = module(rows)
    for hook in hooks:
        hook.remove()
    return result, calls


def called_once(module: nn.Module, rows: Tensor) -> tuple[Tensor, list[str]]:
    """The outputs, and the layers with weights of their own that are called once, in order."""
    result, calls = _watched(module, rows)
    layers = [call for call in calls if isinstance(call.module, PRUNABLE)]
    names = [call.name for call in layers]
    return result, [name for name in names if names.count(name) == 1]


def seen_by(module: nn.Module, rows: Tensor) -> tuple[Tensor, dict[str, Seen]]:
    """The outputs, and what each layer sees."""
    result, calls = _watched(module, rows)
    seen = {}
    for call in calls:
        if isinstance(call.module, PRUNABLE):
            behind = [c.outputs for c in calls if _follows(c, call)]
            seen[call.name] = Seen(
                call.module, call.inputs, call.outputs, [call.outputs, *behind][-1]
            )
    return result, seen


def joined(parts: Sequence[dict[str, Seen]]) -> dict[str, Seen]:
    """What layers saw at different times, row by row."""
    return {
        name: Seen(
            seen.layer,
            torch.cat([part[name].inputs for part in parts]),
            torch.cat([part[name].own for part in parts]),
            torch.cat([part[name].outputs for part in parts]),
        )
        for name, seen in parts[0].items()
    }


def _follows(activation: _Call, layer: _Call) -> bool:
    return isinstance(activation.module, ACTIVATIONS) and activation.inputs is layer.outputs
