"""Random choices of the sources: a function of the seed and the purpose alone.

All numbers are taken from the raw bits of Philox, whose stream numpy promises to keep, and
not from numpy's distributions, whose algorithms may change between its versions.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coevo.errors import CoevoError

__all__ = ["Bits", "bernoulli", "permutation", "split_rows"]

Bits: TypeAlias = NDArray[np.bool_]


def bernoulli(
    seed: int, stream: tuple[int, ...], probability: float, shape: tuple[int, ...]
) -> Bits:
    """Draw independent bits.

    Args:
        seed: whole number >= 0.
        stream: says what the bits are for; other streams are independent.
        probability: of True, in [0, 1).
        shape: shape of the result.

    Returns:
        ``shape`` bool.
    """
    below = np.uint64(int(probability * 2**64))
    return (_raw(seed, stream, math.prod(shape)) < below).reshape(shape)


def permutation(seed: int, rows: int) -> Tensor:
    """Draw an order of rows: ``[rows]`` int64.

    Examples:
        >>> sorted(permutation(3, 4).tolist())
        [0, 1, 2, 3]
    """
    return torch.from_numpy(np.argsort(_raw(seed, (), rows), kind="stable"))


def split_rows(
    rows: int, *, validation_share: float, test_share: float, seed: int, what: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Share out rows at random.

    Held-out shares are rounded to whole rows, at least one each; a share of 0 gives none.

    Args:
        rows: how many there are.
        validation_share: in [0, 1).
        test_share: in [0, 1).
        seed: decides the order.
        what: names the rows in the message.

    Returns:
        Row numbers for training, validation and test: disjoint int64, together all rows.

    Raises:
        CoevoError: no row is left for training.
    """
    validation, test = (max(1, round(rows * s)) if s else 0 for s in (validation_share, test_share))
    train = rows - validation - test
    if train < 1:
        raise CoevoError(
            f"{what}: {rows} rows are too few; holding out {validation} for validation and "
            f"{test} for test leaves none to train on"
        )
    first, second, third = torch.split(permutation(seed, rows), [train, validation, test])
    return first, second, third


def _raw(seed: int, stream: tuple[int, ...], count: int) -> NDArray[np.uint64]:
    sequence = np.random.SeedSequence(seed, spawn_key=stream)
    return np.random.Philox(sequence).random_raw(count).astype(np.uint64, copy=False)
