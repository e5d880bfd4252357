"""Hyperparameters that differ between cells, drawn around one number."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo.optimizers.gradient import PerCell
from coevo.random import Key, uniform

__all__ = ["spread_out"]


def spread_out(number: PerCell, factor: PerCell, ends: tuple[PerCell, PerCell], key: Key) -> Tensor:
    """Draw a number of every cell log-uniformly from ``[number / factor, number * factor]``.

    Args:
        number: >= 0, of all cells, or ``[cells]``.
        factor: >= 1, likewise; where it is 1, a cell has the number itself.
        ends: what is drawn is clipped to these, each likewise.
        key: one stream per cell.

    Returns:
        ``[cells]`` float64.

    Examples:
        >>> key = Key.for_cells(torch.tensor([7, 7]), torch.tensor([0, 1]))
        >>> spread_out(0.1, 1.0, (0.0, 1.0), key).tolist()
        [0.1, 0.1]
        >>> bool(((spread_out(0.1, 2.0, (0.0, 1.0), key) - 0.125).abs() <= 0.075).all())
        True
    """
    exponent = 2.0 * uniform(key, (), dtype=torch.float64) - 1.0
    center, ratio, least, most = (
        torch.as_tensor(one, dtype=torch.float64, device=exponent.device)
        for one in (number, factor, *ends)
    )
    return torch.minimum(torch.maximum(center * ratio**exponent, least), most)
