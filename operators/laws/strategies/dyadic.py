"""From bytes to small tensors of numbers with few binary digits.

Hypothesis draws and shrinks one text of bytes faster than many numbers. Sums and products of a few
such numbers, and their products with powers of two, are exact in float32, so that nothing that is
compared depends on rounding.
"""

from __future__ import annotations

from math import prod
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Shape", "bits", "dyadic", "size_of"]

Shape: TypeAlias = tuple[int, ...]

_HEAD = 2  # bytes that say how many different values there are, and which of them are equal
_COUNTS = (4, 16, 256)


def _values() -> NDArray[np.float32]:
    """256 different numbers from -15.875 to 16, the simplest first."""
    first = [0.0, 1.0, -1.0, -0.0, 0.5, 2.0, -0.5, -2.0, 4.0, -4.0, 0.25, -0.25]
    rest = [sign * eighth / 8 for eighth in range(1, 129) for sign in (1, -1)]
    return np.array([*first, *(n for n in rest if n not in first)][:256], np.float32)


_VALUES = _values()


def size_of(limits: Shape) -> int:
    """How many bytes `dyadic` makes a tensor of."""
    return _HEAD + prod(limits)


def dyadic(data: bytes, limits: Shape, shape: Shape) -> Tensor:
    """Numbers for bytes: mostly with ties, with zeros of both signs, sometimes with equal rows.

    Args:
        data: `size_of` ``limits`` many. Those of all 0 give zeros.
        limits: the largest shape that the bytes are for; a smaller one keeps the numbers at
            the places that it has, so that shapes shrink by themselves.
        shape: of the result.

    Returns:
        ``shape`` float32, from -15.875 to 16.
    """
    different = _COUNTS[data[0] % len(_COUNTS)]
    block = np.frombuffer(data, np.uint8, offset=_HEAD).reshape(limits).astype(np.intp)
    found = _VALUES[block[tuple(map(slice, shape))] % different]
    equal_along = data[1] % 8 - 1
    if 0 <= equal_along < len(shape):
        found = np.repeat(found.take([0], equal_along), shape[equal_along], equal_along)
    return torch.from_numpy(found)


def bits(data: bytes, limits: Shape, shape: Shape) -> NDArray[np.bool_]:
    """One bit per place: ``shape`` bool; of as many bytes as hold ``limits`` many bits."""
    block = np.unpackbits(np.frombuffer(data, np.uint8), count=prod(limits)).reshape(limits)
    return block[tuple(map(slice, shape))].astype(np.bool_)
