"""Cells on a rectangle whose opposite edges touch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from grids._whole_numbers import require_whole_number

__all__ = ["Torus"]


@dataclass(frozen=True)
class Torus:
    """A rectangle of cells that wraps around in both directions.

    Cells are numbered row by row: cell ``row * columns + column``.

    Attributes:
        rows: number of rows, at least 1.
        columns: number of columns, at least 1.

    Raises:
        ValueError: a size is not a whole number >= 1.

    Examples:
        >>> torus = Torus(rows=2, columns=3)
        >>> torus.cells
        6
        >>> torus.cell(1, 2), torus.cell(-1, -1), torus.cell(3, 5)
        (5, 5, 5)
    """

    rows: int
    columns: int

    def __post_init__(self) -> None:
        require_whole_number("torus.rows", self.rows, least=1)
        require_whole_number("torus.columns", self.columns, least=1)

    @property
    def cells(self) -> int:
        """Number of cells, ``rows * columns``."""
        return self.rows * self.columns

    def cell(self, row: int, column: int) -> int:
        """Return the cell at a place; places beyond an edge wrap around.

        Args:
            row: any whole number, taken modulo ``rows``.
            column: any whole number, taken modulo ``columns``.

        Returns:
            The cell id, in ``[0, cells)``.
        """
        return row % self.rows * self.columns + column % self.columns

    def coordinates(self) -> Tensor:
        """Return where each cell lies.

        Returns:
            ``[cells, 2]`` int64, the row and the column of each cell.

        Examples:
            >>> Torus(2, 2).coordinates().tolist()
            [[0, 0], [0, 1], [1, 0], [1, 1]]
        """
        cell_ids = torch.arange(self.cells)
        return torch.stack([cell_ids // self.columns, cell_ids % self.columns], dim=1)
