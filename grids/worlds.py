"""Independent tori of one shape, stacked along one dimension of cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from grids._whole_numbers import require_whole_number
from grids.neighborhoods import Offsets, custom, neighbor_table
from grids.torus import Torus

__all__ = ["Grid"]


@dataclass(frozen=True)
class Grid:
    """Worlds of one torus and one neighborhood, stacked so that all cells are one dimension.

    World ``w`` owns the cells ``[w * cells_per_world, (w + 1) * cells_per_world)``. No cell
    sees a cell of another world. `dataclasses.replace` gives the same grid on another device.

    Attributes:
        torus: the shape of each world.
        offsets: whom a cell sees, as for `custom`; kept with the center first.
        worlds: how many independent worlds are stacked, at least 1.
        device: where the tensors live.

    Raises:
        ValueError: the offsets are refused by `custom`, or ``worlds`` is not a whole
            number >= 1.

    Examples:
        >>> grid = Grid(Torus(1, 3), offsets=((0, 0), (0, 1)), worlds=2)
        >>> grid.cells
        6
        >>> grid.neighbors.tolist()
        [[0, 1], [1, 2], [2, 0], [3, 4], [4, 5], [5, 3]]
        >>> grid.world_of.tolist(), grid.cell_of.tolist()
        ([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2])
    """

    torus: Torus
    offsets: Offsets
    worlds: int = 1
    device: torch.device | str = "cpu"

    def __post_init__(self) -> None:
        require_whole_number("worlds", self.worlds, least=1)
        object.__setattr__(self, "offsets", custom(self.offsets))

    @property
    def cells_per_world(self) -> int:
        """Number of cells of one world."""
        return self.torus.cells

    @property
    def cells(self) -> int:
        """Number of cells of all worlds together."""
        return self.worlds * self.torus.cells

    @cached_property
    def neighbors(self) -> Tensor:
        """``[cells, k]`` int64, the stacked ids of each neighborhood, the cell itself first."""
        first_cell = torch.arange(self.worlds)[:, None, None] * self.cells_per_world
        table = neighbor_table(self.torus, self.offsets)
        return (first_cell + table).flatten(0, 1).to(self.device)

    @cached_property
    def world_of(self) -> Tensor:
        """``[cells]`` int64, the world of each cell, in ``[0, worlds)``."""
        return torch.arange(self.cells, device=self.device) // self.cells_per_world

    @cached_property
    def cell_of(self) -> Tensor:
        """``[cells]`` int64, the id of each cell inside its own world."""
        return torch.arange(self.cells, device=self.device) % self.cells_per_world
