"""A population: one network of one role per cell, stacked along the cells dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from coevo.cells import CellTensors, concatenate, merge, select

__all__ = ["Population"]


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
    """

    weights: CellTensors
    buffers: CellTensors = field(default_factory=dict)
    masks: CellTensors = field(default_factory=dict)

    @property
    def cells(self) -> int:
        """Number of networks."""
        return next(iter(self.weights.values())).shape[0]

    def select(self, ids: Tensor) -> Population:
        """Copy the networks of some cells; ``ids`` is ``[n]`` int64 and may repeat."""
        return Population(
            select(self.weights, ids), select(self.buffers, ids), select(self.masks, ids)
        )

    def chunk(self, cells: slice) -> Population:
        """View the networks of cells that follow each other, without copying them."""
        return Population(
            {name: tensor[cells] for name, tensor in self.weights.items()},
            {name: tensor[cells] for name, tensor in self.buffers.items()},
            {name: tensor[cells] for name, tensor in self.masks.items()},
        )

    def merge(self, condition: Tensor, otherwise: Population) -> Population:
        """Keep a cell's network where ``condition`` (``[cells]`` bool) holds, else the other's."""
        return Population(
            merge(condition, self.weights, otherwise.weights),
            merge(condition, self.buffers, otherwise.buffers),
            merge(condition, self.masks, otherwise.masks),
        )

    def masked(self) -> Population:
        """Set every weight under a False mask to exactly zero."""
        kept = {
            name: weight * self.masks[name] if name in self.masks else weight
            for name, weight in self.weights.items()
        }
        return Population(kept, self.buffers, self.masks)

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
            # The largest magnitude is not finite exactly when some weight is not, and it is
            # found without a boolean tensor of the size of the weights.
            result &= weight.reshape(self.cells, -1).abs().amax(1).isfinite()
        return result

    @property
    def device(self) -> torch.device:
        """Where the weights live."""
        return next(iter(self.weights.values())).device

    def to(self, device: torch.device | str) -> Population:
        """The same networks on another device."""
        return Population(
            {name: tensor.to(device) for name, tensor in self.weights.items()},
            {name: tensor.to(device) for name, tensor in self.buffers.items()},
            {name: tensor.to(device) for name, tensor in self.masks.items()},
        )

    def tensors(self) -> dict[str, Tensor]:
        """All tensors under names of the form ``weights/NAME``: what a checkpoint stores."""
        parts = {"weights": self.weights, "buffers": self.buffers, "masks": self.masks}
        return {f"{part}/{name}": t for part, named in parts.items() for name, t in named.items()}

    @staticmethod
    def from_tensors(tensors: CellTensors) -> Population:
        """Rebuild what `tensors` flattened."""
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "buffers": {}, "masks": {}}
        for path, tensor in tensors.items():
            part, name = path.split("/", 1)
            parts[part][name] = tensor
        return Population(**parts)

    @staticmethod
    def concatenate(parts: Sequence[Population]) -> Population:
        """Join chunks of cells that follow each other."""
        return Population(
            concatenate([part.weights for part in parts]),
            concatenate([part.buffers for part in parts]),
            concatenate([part.masks for part in parts]),
        )
