"""Makes a pruned pairing smaller without changing what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from coevo.compaction.chain import Step, read_chain
from coevo.compaction.folding import folded, without_dead_units
from coevo.compaction.layers import chain_layers
from coevo.compaction.rebuilding import rebuilt
from coevo.problems import first_line

__all__ = ["Compacted", "compact"]


@dataclass(frozen=True)
class Compacted:
    """A pairing after compaction.

    Attributes:
        encoder: from inputs to codes, which may be shorter than before.
        decoder: from these codes to outputs.
        reason: why both are what was given, the same objects; None where they are smaller.
    """

    encoder: nn.Module
    decoder: nn.Module
    reason: str | None


def compact(encoder: nn.Module, decoder: nn.Module, input_shape: Sequence[int]) -> Compacted:
    """Remove what has no effect from a pairing with weights that are exactly zero.

    Units that give the same for every row are folded into the biases behind them, units that
    nothing reads are removed, and so on through both networks, which count as one chain. Where
    it is faster, inputs that nothing reads are left out and outputs that are constant are not
    computed. Outputs stay the same up to the rounding of sums in another order.

    What is no plain chain (an `nn.Sequential` of linear layers, convolutions without groups,
    elementwise activations, `nn.Flatten` and `nn.Unflatten`) is left alone, with the units
    beside it.

    Args:
        encoder: from ``[batch, *input_shape]`` to codes; left as it is.
        decoder: from codes to outputs; left as it is.
        input_shape: of one row.

    Returns:
        New modules, in the mode of the given ones and without anything in common with them; or
        the given ones where there is nothing to remove.

    Examples:
        >>> import torch
        >>> encoder, decoder = nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Linear(3, 1)
        >>> with torch.no_grad():
        ...     _ = encoder[0].weight[1].zero_(), decoder.weight[0, 2].zero_()
        >>> compact(encoder, decoder, [2]).encoder[0]
        Linear(in_features=2, out_features=1, bias=True)
    """
    chain = read_chain(encoder, decoder, tuple(input_shape))
    layers = chain_layers(chain)
    if not layers:
        return Compacted(encoder, decoder, f"there is no plain chain: {_unknown(chain)}")
    shrunk = without_dead_units(folded(layers), select=_selects(chain), place=_places(chain))
    if all(bool(layer.kept.all()) and bool(layer.read.all()) for layer in shrunk):
        beside = [step for step in chain if step.kind == "unknown"]
        more = f"; {_unknown(chain)}" if beside else ""
        return Compacted(encoder, decoder, f"there is no unit to remove{more}")
    try:
        modules = rebuilt(chain, shrunk)
    except Exception as error:  # noqa: BLE001 - not all that modules of one's own hold can be copied
        return Compacted(encoder, decoder, f"a module cannot be copied ({first_line(error)})")
    pair = _network(encoder, modules["encoder"]), _network(decoder, modules["decoder"])
    if _parameters(*pair) > _parameters(encoder, decoder):
        # Layers without a bias may need one, and lose less than that.
        return Compacted(encoder, decoder, "without dead units it would not be smaller")
    return Compacted(*pair, None)


def _selects(chain: Sequence[Step]) -> bool:
    """Whether inputs may be selected: before a dense layer of the encoder."""
    first = next(step for step in chain if step.kind in ("layer", "unknown"))
    return first.dense and first.role == "encoder"


def _places(chain: Sequence[Step]) -> bool:
    """Whether outputs may be placed: behind a dense layer of the decoder."""
    last = next(step for step in reversed(chain) if step.kind in ("layer", "unknown"))
    return last.dense and last.role == "decoder"


def _unknown(chain: Sequence[Step]) -> str:
    names = sorted({type(step.module).__name__ for step in chain if step.kind == "unknown"})
    return f"{', '.join(names)} and what is beside is left alone" if names else "no layers"


def _network(original: nn.Module, modules: list[nn.Module]) -> nn.Module:
    if len(modules) == 1 and type(original) is not nn.Sequential:
        return modules[0]
    network = nn.Sequential(*modules)
    network.training = original.training
    return network


def _parameters(*modules: nn.Module) -> int:
    return sum(weight.numel() for module in modules for weight in module.parameters())
