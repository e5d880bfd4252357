"""How compiled loops want the weights of dense pairings in memory.

All weights of a cell stand in one row of numbers, one layer behind the other, each as a matrix
whose longer dimension is contiguous. A layer that has no fewer inputs than outputs is ``wide``: a
row of its matrix is an output, and holds the weights of all inputs and then the bias. In other
layers a row is an input, and the last one holds the biases. Rows and their number are filled up
with zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from coevo.cells import CellTensors
from coevo.compiled.conventions import ACTIVATIONS, LANES, ROW_BLOCK
from coevo.dense import DenseLayer
from coevo.networks import StackedNetwork

__all__ = ["DenseLayout", "Place"]


@dataclass(frozen=True)
class Place:
    """Where one layer stands.

    Attributes:
        layer: names its tensors.
        inputs: of the layer.
        outputs: likewise.
        start: its first number in a cell's row.
    """

    layer: DenseLayer
    inputs: int
    outputs: int
    start: int

    @property
    def wide(self) -> bool:
        """Whether rows are outputs."""
        return self.inputs >= self.outputs

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and width of the matrix."""
        rows, width = self.inputs + 1, self.outputs
        if self.wide:
            rows, width = width, rows
        return -(-rows // ROW_BLOCK) * ROW_BLOCK, -(-width // LANES) * LANES

    @property
    def end(self) -> int:
        """The first number behind it."""
        rows, width = self.shape
        return self.start + rows * width

    def views(self, numbers: Tensor) -> dict[str, Tensor]:
        """The layer's tensors by name, ``[n, *shape]``, within ``[n, numbers]``."""
        matrix = numbers[:, self.start : self.end].view(-1, *self.shape)
        if not self.wide:
            matrix = matrix.transpose(1, 2)
        found = {self.layer.weight: matrix[:, : self.outputs, : self.inputs]}
        if self.layer.bias is not None:
            found[self.layer.bias] = matrix[:, : self.outputs, self.inputs]
        return found

    def description(self) -> list[int]:
        """What compiled loops have to know of it."""
        biased, activation = int(self.layer.bias is not None), self.layer.activation
        place = ACTIVATIONS.index(activation)
        return [self.inputs, self.outputs, self.start, *self.shape, biased, place]


@dataclass(frozen=True)
class DenseLayout:
    """Where all layers of a pairing stand.

    Attributes:
        places: by role, in the order in which they are called.
    """

    places: tuple[tuple[Place, ...], ...]

    @staticmethod
    def of(networks: Sequence[StackedNetwork], weights: Sequence[CellTensors]) -> DenseLayout:
        """Lay out a pairing.

        Args:
            networks: of both roles, dense.
            weights: likewise, each ``[n, *shape]``.
        """
        places, start = [], 0
        for network, tensors in zip(networks, weights, strict=True):
            own: list[Place] = []
            for layer in network.dense or ():
                outputs, inputs = tensors[layer.weight].shape[1:]
                own.append(Place(layer, inputs, outputs, start))
                start = own[-1].end
            places.append(tuple(own))
        return DenseLayout(tuple(places))

    @cached_property
    def numbers(self) -> int:
        """Length of a cell's row."""
        return self.places[-1][-1].end

    def views(self, numbers: Tensor) -> tuple[dict[str, Tensor], ...]:
        """All tensors of each role by name, within ``[n, numbers]``."""
        return tuple(
            {name: view for place in role for name, view in place.views(numbers).items()}
            for role in self.places
        )

    def packed(self, weights: Sequence[CellTensors]) -> Tensor:
        """Copy weights into rows: ``[n, numbers]``.

        Args:
            weights: of both roles, each ``[n, *shape]``.
        """
        first = next(iter(weights[0].values()))
        result = first.new_zeros(len(first), self.numbers)
        for views, tensors in zip(self.views(result), weights, strict=True):
            for name, view in views.items():
                view.copy_(tensors[name])
        return result

    def packed_masks(self, masks: Sequence[CellTensors], cells: int) -> Tensor:
        """Copy masks into rows: ``[cells, numbers]`` bool; ``[cells, 0]`` where there are none.

        Args:
            masks: of both roles; what has none is kept.
            cells: how many rows.
        """
        if not any(masks):
            return torch.zeros(cells, 0, dtype=torch.bool)
        result = torch.zeros(cells, self.numbers, dtype=torch.bool)
        for views, tensors in zip(self.views(result), masks, strict=True):
            for name, view in views.items():
                if name in tensors:
                    view.copy_(tensors[name])
                else:
                    view.fill_(1)
        return result

    def description(self) -> list[list[int]]:
        """What compiled loops have to know of all layers, as they want it."""
        return [place.description() for role in self.places for place in role]
