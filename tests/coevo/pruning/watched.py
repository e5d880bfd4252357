"""Networks to look into, and rows for them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from coevo.networks import build_stacked
from coevo.population import Population

__all__ = ["CELLS", "ROWS", "Build", "rows_of", "stacked"]

Build = Callable[[], nn.Module]
CELLS, ROWS = 3, 4


def stacked(build: Build) -> Population:
    return build_stacked(build).initialize([11, 12, 13], dtype=torch.float64)


def rows_of(shape: tuple[int, ...]) -> Tensor:
    generator = torch.Generator().manual_seed(8)
    return torch.randn(CELLS, ROWS, *shape, generator=generator, dtype=torch.float64)
