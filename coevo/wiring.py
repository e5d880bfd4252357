"""How the units of one layer become the inputs of the next, where that is plain to see.

Plain chains are `nn.Sequential` modules of prunable layers with activations and reshapes in
between. Elsewhere nothing is known, and every unit counts as used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

from torch import nn

from coevo.chain import ELEMENTWISE
from coevo.layers import PRUNABLE, PrunableLayer

__all__ = ["Link", "links_between"]

# Exact types: a subclass may compute something else.
_TRANSPARENT = (*ELEMENTWISE, nn.Flatten, nn.Unflatten)
_Step: TypeAlias = PrunableLayer | nn.Module | None


@dataclass(frozen=True)
class Link:
    """From the units of one layer to the inputs of the next.

    Units and inputs meet in channels: channel c is made of the units from ``c *
    units_per_channel`` on and read by the inputs from ``c * inputs_per_channel`` on.

    Attributes:
        channels: number of channels.
        units_per_channel: more than 1 where a dense layer is unflattened into feature maps.
        inputs_per_channel: more than 1 where feature maps are convolved or flattened.
    """

    channels: int
    units_per_channel: int
    inputs_per_channel: int


def links_between(
    modules: Sequence[nn.Module], layers: Sequence[Sequence[PrunableLayer]]
) -> list[Link | None]:
    """The links between the layers of modules that are called one after the other.

    Args:
        modules: the first gets the data, each other what the one before gives.
        layers: the prunable layers of each, in the order in which they are called.

    Returns:
        One per layer but the last; None where the way is not plain.

    Examples:
        >>> from coevo.layers import prunable_layers
        >>> module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
        >>> layers = prunable_layers(lambda: module, (1, 4, 4))
        >>> links_between([module], [layers])
        [Link(channels=4, units_per_channel=1, inputs_per_channel=4)]
    """
    steps: list[_Step] = []
    for module, own in zip(modules, layers, strict=True):
        steps += _steps(module, "", {layer.name: layer for layer in own}) or _unknown(own)
    found: list[Link | None] = []
    before: PrunableLayer | None = None
    plain = True
    for step in steps:
        if not isinstance(step, PrunableLayer):
            plain = plain and type(step) in _TRANSPARENT
            continue
        if before is not None:
            found.append(_link(before, step) if plain else None)
        before, plain = step, True
    return found


def _unknown(layers: Sequence[PrunableLayer]) -> list[_Step]:
    """Layers with something unknown before and behind each."""
    return [step for layer in layers for step in (None, layer, None)]


def _steps(module: nn.Module, prefix: str, layers: dict[str, PrunableLayer]) -> list[_Step] | None:
    """What a chain does, one after the other; None where it is no chain."""
    if type(module) is not nn.Sequential:
        if prefix in layers:
            return [layers[prefix]] if type(module) in PRUNABLE else None
        return [module] if type(module) in _TRANSPARENT else None
    steps: list[_Step] = []
    for name, child in module._modules.items():
        path = f"{prefix}.{name}" if prefix else name
        inner = None if child is None else _steps(child, path, layers)
        steps += inner or _unknown(list(_inside(path, layers))) or [None]
    called = [step for step in steps if isinstance(step, PrunableLayer)]
    return steps if all(layer.calls == 1 for layer in called) else None


def _inside(path: str, layers: dict[str, PrunableLayer]) -> Iterator[PrunableLayer]:
    return (layer for name, layer in layers.items() if f"{name}.".startswith(f"{path}."))


def _link(before: PrunableLayer, after: PrunableLayer) -> Link | None:
    if after.groups > 1 or any(
        one.kind == "dense" and one.positions > 1 for one in (before, after)
    ):
        return None
    if after.kind != "dense":
        reads = prod(after.shape[2:])
    else:
        reads = 1 if before.kind == "dense" else before.positions
    channels = after.inputs // reads
    units = before.units // channels
    fits = before.units == channels * units and after.inputs == channels * reads
    return Link(channels, units, reads) if fits and (units == 1 or before.kind == "dense") else None
