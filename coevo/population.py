"""A population: one network of one role per cell, stacked along the cells dimension."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from coevo.cells import CellTensors, concatenate, merge, select

__all__ = ["Population", "share_of_zeros"]


@dataclass(frozen=True)
class Population:
    """All networks of one role.

    Invariant: where a mask is False, the weight is exactly zero.

    Attributes:
        weights: trainable tensors by their name in the module, each ``[cells, *shape]`` float.
        buffers: the module's other tensors, each ``[cells, *shape]``; they travel with the
            network and are never trained.
        masks: for weights that were pruned, ``[cells, *shape]`` bool, True = kept. A name that
            is absent is kept whole.
        origins: for weights that a pruning operator compares with their first values, these:
            ``[cells, *shape]``; they travel with the network.
    """

    weights: CellTensors
    buffers: CellTensors = field(default_factory=dict)
    masks: CellTensors = field(default_factory=dict)
    origins: CellTensors = field(default_factory=dict)

    @property
    def cells(self) -> int:
        """Number of networks."""
        return next(iter(self.weights.values())).shape[0]

    def select(self, ids: Tensor) -> Population:
        """Copy the networks of some cells; ``ids`` is ``[n]`` int64 and may repeat."""
        return self._each(lambda tensors: select(tensors, ids))

    def chunk(self, cells: slice) -> Population:
        """View the networks of cells that follow each other, without copying them."""
        return self._each(lambda tensors: {name: t[cells] for name, t in tensors.items()})

    def merge(self, condition: Tensor, otherwise: Population) -> Population:
        """Keep a cell's network where ``condition`` (``[cells]`` bool) holds, else the other's."""
        theirs = otherwise._parts()
        return Population(
            **{part: merge(condition, own, theirs[part]) for part, own in self._parts().items()}
        )

    def copied(self, names: Collection[str]) -> Population:
        """The same networks with some weights, their masks and origins in memory of their own."""
        return replace(
            self,
            **{
                kind: {name: t.clone() if name in names else t for name, t in tensors.items()}
                for kind, tensors in self._pruned_parts().items()
            },
        )

    def put(self, ids: Tensor, part: Population, names: Collection[str]) -> None:
        """Overwrite weights of some cells in place, with their masks and origins.

        Args:
            ids: ``[n]`` int64, distinct cells.
            part: their new networks.
            names: of the weights that are new; `copied` before, unless nobody else has them.
        """
        theirs = part._pruned_parts()
        for kind, tensors in self._pruned_parts().items():
            for name, tensor in tensors.items():
                if name in names:
                    tensor.index_copy_(0, ids, theirs[kind][name])

    def masked(self) -> Population:
        """Set every weight under a False mask to exactly zero."""
        kept = {
            name: weight * self.masks[name] if name in self.masks else weight
            for name, weight in self.weights.items()
        }
        return replace(self, weights=kept)

    def density(self) -> Tensor:
        """Share of weights kept, over all weights of a network: ``[cells]`` float64 in [0, 1]."""
        total = sum(weight[0].numel() for weight in self.weights.values())
        removed = torch.zeros(self.cells, dtype=torch.int64, device=self.device)
        for mask in self.masks.values():
            removed += (~mask).reshape(self.cells, -1).sum(1)
        return 1.0 - removed.double() / total

    def finite(self) -> Tensor:
        """Whether all weights of a network are finite: ``[cells]`` bool."""
        result = torch.ones(self.cells, dtype=torch.bool, device=self.device)
        for weight in self.weights.values():
            # Some weight is not finite exactly when the largest or the smallest is not (NaN is
            # both), and these are found without a tensor of the size of the weights.
            row = weight.reshape(self.cells, -1)
            result &= row.amax(1).isfinite() & row.amin(1).isfinite()
        return result

    @property
    def device(self) -> torch.device:
        """Where the weights live."""
        return next(iter(self.weights.values())).device

    def to(self, device: torch.device | str) -> Population:
        """The same networks on another device."""
        return self._each(lambda tensors: {name: t.to(device) for name, t in tensors.items()})

    def tensors(self) -> dict[str, Tensor]:
        """All tensors under names of the form ``weights/NAME``: what a checkpoint stores."""
        return {
            f"{part}/{name}": tensor
            for part, named in self._parts().items()
            for name, tensor in named.items()
        }

    @staticmethod
    def from_tensors(tensors: CellTensors) -> Population:
        """Rebuild what `tensors` flattened."""
        parts: dict[str, dict[str, Tensor]] = {"weights": {}}
        for path, tensor in tensors.items():
            part, name = path.split("/", 1)
            parts.setdefault(part, {})[name] = tensor
        return Population(**parts)

    @staticmethod
    def concatenate(parts: Sequence[Population]) -> Population:
        """Join chunks of cells that follow each other."""
        split = [part._parts() for part in parts]
        return Population(**{name: concatenate([one[name] for one in split]) for name in split[0]})

    def _pruned_parts(self) -> dict[str, CellTensors]:
        return {"weights": self.weights, "masks": self.masks, "origins": self.origins}

    def _parts(self) -> dict[str, CellTensors]:
        return {
            "weights": self.weights,
            "buffers": self.buffers,
            "masks": self.masks,
            "origins": self.origins,
        }

    def _each(self, change: Callable[[CellTensors], CellTensors]) -> Population:
        return Population(**{part: change(tensors) for part, tensors in self._parts().items()})


def share_of_zeros(pair: Sequence[Population]) -> Tensor:
    """The share of all weights and biases of a pairing that are exactly zero.

    Args:
        pair: encoders and decoders of the same cells.

    Returns:
        ``[cells]`` float64 in [0, 1].
    """
    weights = [weight for population in pair for weight in population.weights.values()]
    zeros = torch.stack([(w == 0).reshape(len(w), -1).sum(1) for w in weights]).sum(0)
    return zeros.double() / sum(weight[0].numel() for weight in weights)
