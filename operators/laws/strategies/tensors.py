"""Hypothesis strategies for the tensors that operators see: masks, weights, activations, quotas."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from numpy.typing import NDArray
from torch import Tensor

from operators.laws.strategies.dyadic import Shape, bits, dyadic, size_of

__all__ = [
    "LARGEST",
    "MOST_CASES",
    "MOST_POSITIONS",
    "WIDEST",
    "activations",
    "mask_bytes",
    "masks",
    "masks_from",
    "quotas",
    "quotas_from",
    "weights",
]

LARGEST = (3, 4, 5)
"""The most cells, units and inputs of a layer."""
WIDEST = (3, 2, 10)
"""The same of the few layers with many inputs: as many weights, from the same bytes."""
MOST_CASES = 3
MOST_POSITIONS = 2

_shapes = st.tuples(*(st.integers(1, most) for most in LARGEST))


def weights(shape: Shape | None = None) -> SearchStrategy[Tensor]:
    """Weights: dyadic numbers from -15.875 to 16, with ties, zeros of both signs and equal rows.

    Args:
        shape: ``(cells, units, inputs)``; any up to `LARGEST` by default.

    Returns:
        ``[cells, units, inputs]`` float32.
    """
    return _any_shape(weights) if shape is None else _dyadics(shape)


def masks(shape: Shape | None = None) -> SearchStrategy[Tensor]:
    """Masks: full ones, thinned ones, with units and cells that have nothing left.

    Args:
        shape: ``(cells, units, inputs)``; any up to `LARGEST` by default.

    Returns:
        ``[cells, units, inputs]`` bool, True = kept.
    """
    if shape is None:
        return _any_shape(masks)
    size = mask_bytes(shape)
    return st.binary(min_size=size, max_size=size).map(
        partial(masks_from, limits=shape, shape=shape)
    )


def activations(shape: Shape | None = None) -> SearchStrategy[Tensor]:
    """Outputs of units: dyadic numbers with ties, zeros, and units or cases that are equal.

    Args:
        shape: ``(cells, cases, units, positions)``; any up to `LARGEST`, `MOST_CASES` and
            `MOST_POSITIONS` by default.

    Returns:
        ``[cells, cases, units, positions]`` float32.
    """
    if shape is not None:
        return _dyadics(shape)
    most = (LARGEST[0], MOST_CASES, LARGEST[1], MOST_POSITIONS)
    return st.tuples(*(st.integers(1, n) for n in most)).flatmap(activations)


def quotas(masks: Tensor) -> SearchStrategy[Tensor]:
    """Quotas for masks: nothing, all that is kept, one less or more, and anything in between.

    Args:
        masks: ``[cells, units, inputs]`` bool, True = kept.

    Returns:
        ``[cells]`` int64 >= 0.
    """
    cells = len(masks)
    return st.binary(min_size=cells, max_size=cells).map(partial(quotas_from, masks=masks))


def mask_bytes(limits: Shape) -> int:
    """How many bytes `masks_from` makes masks of."""
    return 1 + sum(_mask_parts(limits))


def masks_from(data: bytes, limits: Shape, shape: Shape) -> Tensor:
    """Masks for bytes; those of all 0 give full masks.

    Args:
        data: `mask_bytes` of ``limits`` many.
        limits: the largest shape that the bytes are for.
        shape: of the result, ``(cells, units, inputs)``.
    """
    parts: list[NDArray[np.bool_]] = []
    start = 1
    for place, size in enumerate(_mask_parts(limits)):
        axes = 3 - place // 2
        parts.append(bits(data[start : start + size], limits[:axes], shape[:axes]))
        start += size
    one, other, unit, other_unit, cell, other_cell = parts
    rare, even, common = one & other, one, one | other
    gone = (np.zeros_like(one), rare, even, common)[data[0] % 4]
    structure = data[0] // 4 % 4
    if structure == 1:
        gone = gone | (unit & other_unit)[:, :, None]
    if structure == 2:
        gone = gone | (cell & other_cell)[:, None, None]
    return torch.from_numpy(~gone)


def quotas_from(data: bytes, masks: Tensor) -> Tensor:
    """Quotas for bytes; those of 0 give quotas of 0.

    Args:
        data: one byte for each cell, or more.
        masks: ``[cells, units, inputs]`` bool, True = kept.
    """
    kept = masks.flatten(1).sum(1).tolist()
    return torch.tensor([_quota(byte, n) for byte, n in zip(data, kept, strict=False)])


def _mask_parts(limits: Shape) -> list[int]:
    """Bytes with a bit for each weight, unit and cell, twice."""
    return [-(-prod(limits[:axes]) // 8) for axes in (3, 2, 1) for _ in range(2)]


def _quota(byte: int, kept: int) -> int:
    kind, number = byte % 8, byte // 8
    special = {5: kept, 6: kept + 1 + number, 7: max(kept - 1, 0)}
    return special.get(kind, number % (kept + 1))


def _dyadics(shape: Shape) -> SearchStrategy[Tensor]:
    size = size_of(shape)
    return st.binary(min_size=size, max_size=size).map(partial(dyadic, limits=shape, shape=shape))


def _any_shape(of: Callable[[Shape], SearchStrategy[Tensor]]) -> SearchStrategy[Tensor]:
    return _shapes.flatmap(of)
