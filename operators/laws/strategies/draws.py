"""Random numbers for generated layers: functions of cell, purpose and position, of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import prod

import numpy as np
import torch
from torch import Tensor

__all__ = ["HashedDraws"]


@dataclass(frozen=True)
class HashedDraws:
    """Draws for some cells, each by its identity; see `operators.Draws`.

    Attributes:
        seed: another one gives other numbers.
        cells: who they are. Equal cells draw equally, whatever other cells there are.
        levels: numbers are multiples of 1 / levels. With few levels, ties and zeros are common.

    Examples:
        >>> HashedDraws(seed=1, cells=(4, 7))("a purpose", [2])
        tensor([[0.8589, 0.1326],
                [0.5905, 0.1600]])
        >>> HashedDraws(seed=1, cells=(7,))("a purpose", [3])
        tensor([[0.5905, 0.1600, 0.3526]])
    """

    seed: int
    cells: tuple[int, ...]
    levels: int = 1 << 24

    def __call__(self, purpose: str, shape: Sequence[int]) -> Tensor:
        """Draw ``[cells, *shape]`` float32 from [0, 1)."""
        keys = [f"{self.seed} {cell} {purpose}".encode() for cell in self.cells]
        starts = [int.from_bytes(blake2b(key, digest_size=8).digest(), "little") for key in keys]
        # SplitMix64: Steele, Lea & Flood, OOPSLA 2014; products of arrays are taken modulo 2^64.
        words = np.arange(1, prod(shape) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        words = np.array(starts, np.uint64)[:, None] + words
        words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        words ^= words >> np.uint64(31)
        drawn = (words % np.uint64(self.levels)).astype(np.float32) / np.float32(self.levels)
        return torch.from_numpy(drawn).view(len(self.cells), *shape)
