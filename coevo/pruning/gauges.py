"""The gauges of a stack: one for each variant, because variants prune different weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.population import Population
from coevo.pruning.gauge import Gauge
from coevo.roles import ROLES, RoleName

__all__ = ["Gauges"]

# Counting makes boolean matrices of the size of the weights.
_CELLS_AT_ONCE = 256


@dataclass(frozen=True)
class Gauges:
    """Counts what remains of the networks of all cells of a stack.

    Attributes:
        parts: a gauge, and how many cells that follow each other it is for; together all cells.
    """

    parts: tuple[tuple[Gauge, int], ...]

    @property
    def whole(self) -> dict[str, dict[str, int]]:
        """What each role has where nothing is removed, as `Gauge.whole`."""
        return self.parts[0][0].whole

    def of_cell(self, cell: int) -> Gauge:
        """The gauge of a cell."""
        for gauge, cells in self.parts:
            if cell < cells:
                return gauge
            cell -= cells
        raise IndexError(f"cell {cell} is beyond the last one")

    def measures(self, pair: Mapping[RoleName, Population]) -> dict[str, Tensor]:
        """Count, as `Gauge.measures` does.

        Args:
            pair: the networks of all cells.

        Returns:
            ``[cells]`` each; NaN for the sparsity of what the variant of a cell does not prune.
        """
        found: list[tuple[dict[str, Tensor], int]] = []
        first = 0
        for gauge, cells in self.parts:
            for begin in range(first, first + cells, _CELLS_AT_ONCE):
                chunk = slice(begin, min(begin + _CELLS_AT_ONCE, first + cells))
                part = {role: pair[role].chunk(chunk) for role in ROLES}
                found.append((gauge.measures(part), chunk.stop - chunk.start))
            first += cells
        names = dict.fromkeys(name for measures, _ in found for name in measures)
        return {
            name: torch.cat(
                [
                    measures[name] if name in measures else _unknown(measures, cells)
                    for measures, cells in found
                ]
            )
            for name in names
        }


def _unknown(like: Mapping[str, Tensor], cells: int) -> Tensor:
    device = next(iter(like.values())).device
    return torch.full((cells,), torch.nan, dtype=torch.float64, device=device)
