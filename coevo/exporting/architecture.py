"""Plain chains of layers as data, and back: nothing that is read is executed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from coevo.compaction import PlaceOutputs, SelectInputs
from coevo.compaction.chain import is_hooked, read_steps

__all__ = ["Description", "built", "described"]

Description: TypeAlias = list[dict[str, Any]]

_CONVOLUTION = (
    *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation"),
    *("groups", "padding_mode"),
)
_TRANSPOSED = (*_CONVOLUTION, "output_padding")
_ARGUMENTS: Mapping[type[nn.Module], tuple[str, ...]] = MappingProxyType(
    {
        nn.Linear: ("in_features", "out_features"),
        **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), _CONVOLUTION),
        **dict.fromkeys((nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d), _TRANSPOSED),
        nn.Flatten: ("start_dim", "end_dim"),
        nn.Unflatten: ("dim", "unflattened_size"),
        nn.Identity: (),
        nn.ReLU: (),
        nn.LeakyReLU: ("negative_slope",),
        nn.ELU: ("alpha",),
        nn.GELU: ("approximate",),
        nn.SiLU: (),
        nn.Tanh: (),
        nn.Sigmoid: (),
        nn.Softplus: ("beta", "threshold"),
    }
)
"""What is to be said of every kind of module, beside whether it has a bias."""
_GATHERING = (SelectInputs, PlaceOutputs)
_GATHERED = ("index", "positions", "constants")
_KNOWN = (*_ARGUMENTS, *_GATHERING)
_KINDS = MappingProxyType({kind.__name__: kind for kind in _ARGUMENTS})


def described(
    module: nn.Module, shape: tuple[int, ...]
) -> tuple[Description, nn.Sequential] | None:
    """Describe a network.

    Args:
        module: any.
        shape: of a row of what it gets.

    Returns:
        One entry per layer, ``module`` the name of a class of `torch.nn` (or ``SelectInputs`` or
        ``PlaceOutputs``) and ``arguments`` its keywords; and the same layers as one
        `nn.Sequential`, under whose names weights go with the description. None where the
        network is no plain chain.

    Examples:
        >>> described(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), (3,))[0][1]
        {'module': 'ReLU', 'arguments': {}}
    """
    steps = [module]
    with suppress(Exception):  # a module of one's own need not take rows of zeros
        steps = [step.module for step in read_steps(module, "encoder", shape)]
    if any(type(step) not in _KNOWN or is_hooked(step) for step in steps):
        return None
    plain = nn.Sequential(*steps)
    plain.training = module.training
    return [_entry(step) for step in steps], plain


def built(description: object, tensors: Mapping[str, Tensor]) -> nn.Sequential:
    """Make the modules that a description says, with their weights.

    Args:
        description: what `described` gave, or anything.
        tensors: weights and buffers by their names.

    Raises:
        ValueError: it says something else, or other weights belong to it.
    """
    if not isinstance(description, list):
        raise ValueError(f"a chain is a list, not {type(description).__name__}")
    modules = [_module(entry, tensors, f"{number}.") for number, entry in enumerate(description)]
    network = nn.Sequential(*modules)
    try:
        network.load_state_dict(dict(tensors), assign=True)
    except RuntimeError as error:
        raise ValueError(" ".join(str(error).split())) from error
    return network


def _entry(step: nn.Module) -> dict[str, Any]:
    kind = type(step)
    if kind in _GATHERING:
        return {"module": kind.__name__, "arguments": {}}
    arguments = {name: _plain(getattr(step, name)) for name in _ARGUMENTS[kind]}
    if "weight" in step._parameters:
        arguments["bias"] = step.bias is not None
    return {"module": kind.__name__, "arguments": arguments}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _module(entry: object, tensors: Mapping[str, Tensor], prefix: str) -> nn.Module:
    if not isinstance(entry, dict) or not isinstance(entry.get("arguments"), dict):
        raise ValueError(f"layer {entry!r} has no arguments")
    name, given = entry.get("module"), entry["arguments"]
    own = {path: tensors.get(f"{prefix}{path}", torch.empty(0)) for path in _GATHERED}
    if name == "SelectInputs":
        return SelectInputs(_index(own["index"]))
    if name == "PlaceOutputs":
        return PlaceOutputs(_index(own["positions"]), own["constants"])
    if not isinstance(name, str) or name not in _KINDS:
        raise ValueError(f"{name!r} is not a layer; known are {', '.join(_KINDS)}")
    kind = _KINDS[name]
    weighted = "in_features" in _ARGUMENTS[kind] or "in_channels" in _ARGUMENTS[kind]
    wanted = {*_ARGUMENTS[kind], "bias"} if weighted else {*_ARGUMENTS[kind]}
    if set(given) != wanted:
        raise ValueError(f"{name} has the arguments {sorted(given)}, not {sorted(wanted)}")
    # Without memory: sizes that are read are only trusted when weights of that size come along.
    options = {"device": "meta"} if weighted else {}
    try:
        return kind(**{key: _given(value) for key, value in given.items()}, **options)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: {error}") from error


def _given(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _index(numbers: Tensor) -> Tensor:
    if numbers.dtype != torch.int64 or numbers.dim() != 1 or bool((numbers < 0).any()):
        raise ValueError("places are not whole numbers >= 0")
    return numbers
