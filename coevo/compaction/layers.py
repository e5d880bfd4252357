"""The layers of a chain as matrices, with what must be known in order to shrink them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coevo.compaction.chain import TRANSPOSED, Step, channels_between

__all__ = ["ChainLayer", "chain_layers", "stored"]


@dataclass(frozen=True)
class ChainLayer:
    """A layer in a chain.

    Attributes:
        place: of its step in the chain.
        step: the step.
        weight: ``[units, channels, reads]`` float64: ``reads`` weights of every unit are for one
            channel.
        bias: ``[units]`` float64; zero where the layer has none.
        activations: between it and the next layer.
        linked: whether the channels are made of the units of the layer before; ``channels`` are
            single inputs of a dense layer, or feature maps, otherwise.
        kept: ``[units]`` bool, units that stay.
        read: ``[channels]`` bool, channels that stay.
    """

    place: int
    step: Step
    weight: Tensor
    bias: Tensor
    activations: tuple[nn.Module, ...]
    linked: bool
    kept: Tensor
    read: Tensor

    @property
    def folds_any_constant(self) -> bool:
        """Whether a constant channel adds the same number to a unit at all its positions."""
        module = self.step.module
        if isinstance(module, TRANSPOSED):
            return False
        if isinstance(module, nn.Linear) or module.padding_mode != "zeros":
            return True
        padding = module.padding
        if isinstance(padding, str):
            return padding == "valid"
        return isinstance(padding, tuple) and not any(padding)


def chain_layers(chain: Sequence[Step]) -> list[ChainLayer]:
    """The layers of a chain, with nothing removed.

    Args:
        chain: all steps of a pairing.
    """
    places = [place for place, step in enumerate(chain) if step.kind == "layer"]
    found: list[ChainLayer] = []
    for number, place in enumerate(places):
        step = chain[place]
        before = places[number - 1] if number else None
        channels = 0
        if before is not None:
            channels = channels_between(chain[before], list(chain[before + 1 : place]), step)
        behind = places[number + 1] if number + 1 < len(places) else len(chain)
        activations = [s.module for s in chain[place + 1 : behind] if s.kind == "activation"]
        matrix = _matrix(step, channels)
        bias = step.module.bias
        assert bias is None or isinstance(bias, Tensor)
        zeros = torch.zeros_like(matrix[:, 0, 0])
        found.append(
            ChainLayer(
                place=place,
                step=step,
                weight=matrix,
                bias=zeros if bias is None else bias.detach().double().clone(),
                activations=tuple(activations),
                linked=channels > 0,
                kept=torch.ones_like(zeros, dtype=torch.bool),
                read=torch.ones_like(matrix[0, :, 0], dtype=torch.bool),
            )
        )
    return found


def stored(step: Step, matrix: Tensor) -> Tensor:
    """Bring a matrix ``[units, channels, reads]`` into the form in which its layer stores it."""
    module = step.module
    assert isinstance(module.weight, Tensor)
    if step.dense:
        shaped = matrix.flatten(1)
    else:
        shaped = matrix.reshape(*matrix.shape[:2], *module.weight.shape[2:])
        if isinstance(module, TRANSPOSED):
            shaped = shaped.transpose(0, 1)
    return shaped.to(module.weight.dtype).contiguous()


def _matrix(step: Step, channels: int) -> Tensor:
    weight = step.module.weight
    assert isinstance(weight, Tensor)
    weight = weight.detach().double().clone()
    if step.dense:
        return weight.view(len(weight), channels or weight.shape[1], -1)
    return (weight.transpose(0, 1) if isinstance(step.module, TRANSPOSED) else weight).flatten(2)
