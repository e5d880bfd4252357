"""Reads a pairing as one chain of steps, from the encoder's inputs to the decoder's outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from coevo.chain import ELEMENTWISE, has_own_weights
from coevo.roles import RoleName

__all__ = [
    "Step",
    "TRANSPOSED",
    "channels_between",
    "is_hooked",
    "read_chain",
    "read_steps",
    "untouched_buffers",
]

Kind: TypeAlias = Literal["layer", "activation", "reshape", "unknown"]
_Shape: TypeAlias = tuple[int, ...]

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_ROWS = 2


@dataclass(frozen=True)
class Step:
    """A module of a chain.

    Attributes:
        role: of the network that it is in.
        module: itself, not a copy.
        kind: ``layer``: dense, or a convolution without groups. ``activation``: works on every
            number alone. ``reshape``: leaves the numbers of a row in their order. Of ``unknown``
            ones nothing is known.
        before: shape of a row of what it gets.
        after: shape of a row of what it gives.
    """

    role: RoleName
    module: nn.Module
    kind: Kind
    before: _Shape
    after: _Shape

    @property
    def dense(self) -> bool:
        """Whether it is a dense layer."""
        return self.kind == "layer" and isinstance(self.module, nn.Linear)


def read_chain(encoder: nn.Module, decoder: nn.Module, input_shape: _Shape) -> list[Step]:
    """All steps of a pairing.

    Args:
        encoder: from inputs to codes.
        decoder: from codes to outputs.
        input_shape: of one row.
    """
    steps = read_steps(encoder, "encoder", input_shape)
    return steps + read_steps(decoder, "decoder", steps[-1].after if steps else input_shape)


def read_steps(module: nn.Module, role: RoleName, shape: _Shape) -> list[Step]:
    """The steps of one network.

    It is a single unknown one where it is no `nn.Sequential`, and where its parts do not give
    tensors to each other.

    Args:
        module: the network.
        role: of it.
        shape: of a row of what it gets.

    Examples:
        >>> module = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU())
        >>> [(step.kind, step.after) for step in read_steps(module, "encoder", (1, 2, 2))]
        [('reshape', (4,)), ('layer', (3,)), ('activation', (3,))]
    """
    weight = next(module.parameters(), torch.empty(0))
    rows = torch.zeros(_ROWS, *shape, dtype=weight.dtype, device=weight.device)
    if has_own_weights(module):
        # Whatever a part of one's own does: the network can be called, so that it stays whole.
        with suppress(Exception):
            return _steps(_parts(module), role, rows)
    return _steps([module], role, rows)


@contextmanager
def untouched_buffers(module: nn.Module) -> Iterator[None]:
    """Put the buffers of a module back as they were: calling it may change them."""
    before = [(buffer, buffer.clone()) for buffer in module.buffers()]
    try:
        yield
    finally:
        for buffer, values in before:
            buffer.copy_(values)


def channels_between(before: Step, between: list[Step], after: Step) -> int:
    """How many channels two layers have in common: 0 where the way between them is not plain.

    A channel is made of the units of the first layer, and read by the inputs of the second,
    that belong to one feature map; or of one unit and one input.
    """
    if any(step.kind not in ("activation", "reshape") for step in between):
        return 0
    units = before.after[0]
    if after.dense:
        return units
    channels = after.before[0]
    fits = units % channels == 0 if before.dense else units == channels
    return channels if fits else 0


def is_hooked(module: nn.Module) -> bool:
    """Whether calling a module does something else than its class says."""
    hooks = (
        module._forward_hooks,
        module._forward_pre_hooks,
        module._backward_hooks,
        module._backward_pre_hooks,
    )
    return any(hooks) or "forward" in vars(module)


def _steps(parts: Iterable[nn.Module], role: RoleName, values: Tensor) -> list[Step]:
    """Call modules one after the other, the first on ``values``."""
    steps = []
    for part in parts:
        with torch.no_grad(), untouched_buffers(part):
            after: object = part(values.clone())
        if not isinstance(after, Tensor):
            raise TypeError(f"{type(part).__name__} gives no tensor")
        before = tuple(values.shape[1:])
        steps.append(Step(role, part, _kind(part, before, after), before, tuple(after.shape[1:])))
        values = after
    return steps


def _parts(module: nn.Module) -> Iterator[nn.Module]:
    """The modules of a chain and of the chains in it."""
    children = list(module._modules.values())
    if type(module) is not nn.Sequential or is_hooked(module) or None in children:
        yield module
        return
    for child in children:
        assert child is not None
        yield from _parts(child)


def _kind(module: nn.Module, before: _Shape, after: Tensor) -> Kind:
    # Exact types: a subclass may compute something else.
    kind = type(module)
    if is_hooked(module) or after.dim() < 2 or len(after) != _ROWS:
        return "unknown"
    if kind in ELEMENTWISE:
        return "activation"
    if kind in (nn.Flatten, nn.Unflatten):
        dimension = module.start_dim if kind is nn.Flatten else module.dim
        apart = isinstance(dimension, int) and dimension % (len(before) + 1) != 0
        return "reshape" if apart else "unknown"
    if kind is nn.Linear:
        return "layer" if len(before) == 1 else "unknown"
    plain = kind in (*_CONVOLUTIONS, *TRANSPOSED) and module.groups == 1
    return "layer" if plain else "unknown"
