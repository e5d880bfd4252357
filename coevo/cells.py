"""Named tensors with a leading cells dimension: the form of everything that a cell owns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

__all__ = ["CellTensors", "concatenate", "expand", "in_slots", "merge", "select"]

CellTensors: TypeAlias = Mapping[str, Tensor]


def select(tensors: CellTensors, ids: Tensor) -> dict[str, Tensor]:
    """Copy the rows of some cells.

    Args:
        tensors: each ``[cells, *shape]``.
        ids: ``[n]`` int64, in ``[0, cells)``; may repeat.

    Returns:
        The same names, each ``[n, *shape]``, in memory of their own.

    Examples:
        >>> select({"a": torch.tensor([10, 20, 30])}, torch.tensor([2, 0]))
        {'a': tensor([30, 10])}
    """
    return {name: tensor.index_select(0, ids) for name, tensor in tensors.items()}


def expand(values: Tensor, like: Tensor) -> Tensor:
    """View one value per cell so that it broadcasts against that cell's tensor.

    Args:
        values: ``[cells]``.
        like: ``[cells, *shape]``.

    Returns:
        ``[cells, 1, ..., 1]`` with the number of dimensions of ``like``.
    """
    return values.view(-1, *[1] * (like.dim() - 1))


def merge(condition: Tensor, chosen: CellTensors, otherwise: CellTensors) -> dict[str, Tensor]:
    """Take each cell's rows from one of two sources.

    Args:
        condition: ``[cells]`` bool.
        chosen: each ``[cells, *shape]``, taken where the condition holds.
        otherwise: the same names and shapes, taken elsewhere.

    Returns:
        The same names, each ``[cells, *shape]``.
    """
    return {
        name: torch.where(expand(condition, tensor), tensor, otherwise[name])
        for name, tensor in chosen.items()
    }


def concatenate(parts: Sequence[CellTensors]) -> dict[str, Tensor]:
    """Join chunks of cells that follow each other.

    Args:
        parts: at least one; the same names in all, each ``[cells of the chunk, *shape]``.

    Returns:
        The same names, each ``[cells of all chunks, *shape]``.
    """
    if len(parts) == 1:
        return dict(parts[0])
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def in_slots(neighbors: Tensor, slots: Tensor) -> Tensor:
    """The cells that stand in some slots of their neighborhoods.

    Args:
        neighbors: ``[n, k]`` int64, the cells of each neighborhood.
        slots: ``[n]`` int64 in ``[0, k)``.

    Returns:
        ``[n]`` int64.

    Examples:
        >>> in_slots(torch.tensor([[0, 1, 2], [1, 2, 0]]), torch.tensor([2, 0]))
        tensor([2, 1])
    """
    return neighbors.gather(1, slots.unsqueeze(1)).squeeze(1)
