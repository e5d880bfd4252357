"""Small layers to prune, written as lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import torch
from torch import Tensor

from operators import Draws, Layer

__all__ = ["drawn", "gone", "layer_of", "numbers", "streams"]


def numbers(values: Any) -> Tensor:
    """Lists as a float64 tensor."""
    return torch.as_tensor(values, dtype=torch.float64)


def streams(*cells: int) -> Draws:
    """A stream of random numbers per cell, known by its number."""

    def draws(purpose: str, shape: Sequence[int]) -> Tensor:
        found = []
        for cell in cells:
            generator = torch.Generator().manual_seed(crc32(purpose.encode()) + cell)
            found.append(torch.rand(*shape, generator=generator))
        return torch.stack(found)

    return draws


def drawn(values: Mapping[str, Any]) -> Draws:
    """These numbers and no others, by their purpose: each ``[cells, *shape]``."""

    def draws(purpose: str, shape: Sequence[int]) -> Tensor:
        found = numbers(values[purpose])
        assert found.shape[1:] == torch.Size(shape)
        return found

    return draws


def layer_of(weights: Any, masks: Any = None, *, draws: Draws | None = None, **known: Any) -> Layer:
    """A layer of lists or tensors ``[cells, units, inputs]``; all kept where there are no masks."""
    own = numbers(weights)
    kept = torch.ones_like(own, dtype=torch.bool) if masks is None else torch.as_tensor(masks)
    tensors = {name: numbers(values) for name, values in known.items()}
    return Layer(own, kept.bool(), draws or streams(*range(len(own))), **tensors)


def gone(before: Tensor, after: Tensor) -> list[set[tuple[int, ...]]]:
    """Where each cell lost something: its positions, without the cell's number."""
    assert after.dtype == torch.bool
    assert not (after & ~before).any()
    lost = before & ~after
    return [{tuple(place) for place in cell.nonzero().tolist()} for cell in lost]
