"""Reads a module as plain dense layers, where it is nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from coevo.chain import has_own_weights

__all__ = ["DenseLayer", "dense_layers"]

# Activations whose derivative follows from their output, so that inputs need not be kept.
_ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.Identity: "identity",
    nn.ReLU: "relu",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
}


@dataclass(frozen=True)
class DenseLayer:
    """A linear layer and the activation behind it.

    Attributes:
        weight: name of the weight in the module, ``[out, in]``.
        bias: name of the bias, ``[out]``; None without one.
        activation: ``identity``, ``relu``, ``sigmoid`` or ``tanh``.
    """

    weight: str
    bias: str | None
    activation: str = "identity"


def dense_layers(module: nn.Module) -> tuple[DenseLayer, ...] | None:
    """The dense layers that a module consists of.

    Args:
        module: any module.

    Returns:
        The layers of an `nn.Sequential` of linear layers, each followed by at most one of the
        activations above, with an optional flattening at its start and an optional unflattening
        at its end; None for anything else.

    Examples:
        >>> dense_layers(nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.ReLU()))
        (DenseLayer(weight='1.weight', bias='1.bias', activation='relu'),)
        >>> dense_layers(nn.Sequential(nn.Linear(4, 2), nn.GELU())) is None
        True
    """
    if type(module) is not nn.Sequential or _hooked(module) or not has_own_weights(module):
        return None
    found: list[DenseLayer] = []
    open_for_activation = False
    last = len(module) - 1
    for position, (name, layer) in enumerate(module._modules.items()):
        if layer is None or _hooked(layer) or not _in_place(layer, position, last):
            return None
        if type(layer) is nn.Linear:
            bias = None if layer.bias is None else f"{name}.bias"
            found.append(DenseLayer(f"{name}.weight", bias))
            open_for_activation = True
        elif type(layer) in _ACTIVATIONS:
            if not open_for_activation:
                return None
            activation = _ACTIVATIONS[type(layer)]
            found[-1] = DenseLayer(found[-1].weight, found[-1].bias, activation)
            open_for_activation = False
    return tuple(found) or None


def _in_place(layer: nn.Module, position: int, last: int) -> bool:
    """Whether a layer is of a known kind and stands where it may."""
    if type(layer) is nn.Flatten:
        return position == 0 and layer.start_dim == 1 and layer.end_dim == -1
    if type(layer) is nn.Unflatten:
        return position == last and layer.dim == 1
    return type(layer) is nn.Linear or type(layer) in _ACTIVATIONS


def _hooked(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)
