"""How large a pairing is, and what one row costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial

import torch
from safetensors.torch import save as safetensors_bytes
from torch import Tensor, nn

from coevo.compaction.agreement import Pair
from coevo.compaction.chain import untouched_buffers
from coevo.layers import PrunableLayer, prunable_layers

__all__ = [
    "PairingSize",
    "pairing_size",
    "parameter_counts",
    "state_tensors",
    "stored_size",
    "weight_bytes",
]


@dataclass(frozen=True)
class PairingSize:
    """Numbers of an encoder and its decoder together.

    Attributes:
        parameters: weights and biases that are stored.
        nonzero_parameters: those of them that are not zero.
        multiply_adds: of one row, zeros multiplied like all others; of linear layers and
            convolutions.
        nonzero_multiply_adds: those with a weight that is not zero.
    """

    parameters: int
    nonzero_parameters: int
    multiply_adds: int
    nonzero_multiply_adds: int


def pairing_size(
    encoder: nn.Module, decoder: nn.Module, input_shape: tuple[int, ...]
) -> PairingSize:
    """Count the weights of a pairing and how often they are used.

    Args:
        encoder: from ``[batch, *input_shape]`` to codes.
        decoder: from codes to outputs.
        input_shape: of one row.

    Examples:
        >>> pairing_size(nn.Linear(3, 2), nn.Linear(2, 3), (3,)).multiply_adds
        12
    """
    row = torch.zeros(1, *input_shape, dtype=next(encoder.parameters()).dtype)
    with torch.no_grad(), untouched_buffers(encoder):
        code_shape = encoder(row).shape[1:]
    used = []
    for module, shape in ((encoder, input_shape), (decoder, code_shape)):
        named = dict(module.named_parameters(remove_duplicate=False))
        with untouched_buffers(module):
            found = prunable_layers(partial(_itself, module), shape)
        used += [(named[layer.weight], _uses(layer)) for layer in found]
    return PairingSize(
        **parameter_counts((encoder, decoder)),
        multiply_adds=sum(weight.numel() * uses for weight, uses in used),
        nonzero_multiply_adds=sum(_nonzero(weight) * uses for weight, uses in used),
    )


def parameter_counts(pair: Pair) -> dict[str, int]:
    """What can be said of a pairing without calling it: two numbers of its `PairingSize`."""
    weights = [weight for module in pair for weight in module.parameters()]
    return {
        "parameters": sum(weight.numel() for weight in weights),
        "nonzero_parameters": sum(map(_nonzero, weights)),
    }


def stored_size(pair: Pair, input_shape: tuple[int, ...]) -> dict[str, int]:
    """The `pairing_size` of a pairing by name, with the ``bytes`` of its weight files."""
    stored = sum(len(weight_bytes(module)) for module in pair)
    return {**asdict(pairing_size(*pair, input_shape)), "bytes": stored}


def weight_bytes(module: nn.Module) -> bytes:
    """All weights and buffers of a module as the content of a safetensors file."""
    return safetensors_bytes(state_tensors(module))


def state_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Copies of the weights and buffers of a module, by name, as files hold them.

    Two names of one tensor get a copy each. What a module keeps beside tensors is left out.
    """
    state: dict[str, object] = module.state_dict()
    return {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in state.items()
        if isinstance(value, Tensor)
    }


def _itself(module: nn.Module) -> nn.Module:
    return module


def _uses(layer: PrunableLayer) -> int:
    return layer.uses * layer.calls


def _nonzero(weight: Tensor) -> int:
    return int(torch.count_nonzero(weight))
