"""Names of streams of random numbers: who draws, in which generation and what for.

A number is a function of (seed, cell, generation, purpose, position), so a `Key` holds the
first four and no state. `coevo.random` draws with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2s

import torch
from torch import Tensor

from coevo.errors import CoevoError

__all__ = ["WORLD", "Key", "require_within"]

WORLD = 0xFFFFFFFF
"""Stands for the cell in streams that belong to a whole world."""


@dataclass(frozen=True, eq=False)
class Key:
    """The streams of random numbers of some cells or worlds, for one generation and purpose.

    A world is known by its seed alone, so it draws the same alone and in a stack.

    Attributes:
        seeds: ``[streams]`` int64 in [0, 2^63), the seed of each stream's world.
        cells: ``[streams]`` int64 in [0, 2^32), the cell inside its own world, or `WORLD`.
        generation: in [0, 2^32).
        purpose: what the numbers are for; grows by `of`.

    Raises:
        CoevoError: seeds or cells are no int64 vectors of one length and device, or
            generation is out of range. Values are checked by `for_cells` and `for_worlds`
            only, since to look at them makes the host wait for the device.

    Examples:
        >>> key = Key.for_cells(seeds=torch.tensor([7, 7, 8]), cells=torch.tensor([0, 1, 0]))
        >>> key = key.at(3).of("mutation")
        >>> key.streams, key.generation, key.purpose
        (3, 3, '/mutation')
        >>> key.select(torch.tensor([2])).seeds
        tensor([8])
    """

    seeds: Tensor
    cells: Tensor
    generation: int = 0
    purpose: str = ""

    def __post_init__(self) -> None:
        for name, tensor in (("seeds", self.seeds), ("cells", self.cells)):
            if tensor.dtype != torch.int64 or tensor.ndim != 1:
                shape = list(tensor.shape)
                raise CoevoError(f"{name}: got {tensor.dtype} {shape}; give an int64 vector")
        if self.seeds.shape != self.cells.shape or self.seeds.device != self.cells.device:
            raise CoevoError(
                f"cells: got {len(self.cells)} on {self.cells.device} for {len(self.seeds)} "
                f"seeds on {self.seeds.device}; give one per seed, on the same device"
            )
        require_within("generation", self.generation, 1 << 32)

    @classmethod
    def for_cells(cls, seeds: Tensor, cells: Tensor) -> Key:
        """One stream per cell.

        Args:
            seeds: ``[streams]`` int64, not negative, the seed of each cell's world.
            cells: ``[streams]`` int64 in [0, 2^32 - 1), counted within each world.

        Raises:
            CoevoError: a seed or a cell is out of range, or as in `Key`.
        """
        key = cls(seeds, cells)
        for name, tensor, end in (("seeds", seeds, 1 << 63), ("cells", cells, WORLD)):
            if len(tensor):
                require_within(name, int(tensor.min()), end)
                require_within(name, int(tensor.max()), end)
        return key

    @classmethod
    def for_worlds(cls, seeds: Tensor) -> Key:
        """One stream per world; ``seeds`` is ``[worlds]`` int64, not negative.

        Raises:
            CoevoError: a seed is negative, or as in `Key`.
        """
        key = cls.for_cells(seeds, torch.zeros_like(seeds))
        return replace(key, cells=torch.full_like(seeds, WORLD))

    @property
    def streams(self) -> int:
        """How many streams, which is the first dimension of every draw."""
        return len(self.seeds)

    @property
    def purpose_word(self) -> int:
        """32 bits of the purpose, the same in every process; two share them with chance 2^-32."""
        return int.from_bytes(blake2s(self.purpose.encode(), digest_size=4).digest(), "big")

    def at(self, generation: int) -> Key:
        """The same streams in another generation, in [0, 2^32)."""
        return replace(self, generation=generation)

    def of(self, purpose: str) -> Key:
        """The same streams for a purpose within this one.

        Purposes nest as in a JSON Pointer (RFC 6901), so any two sequences of names differ.

        Examples:
            >>> worlds = Key.for_worlds(torch.tensor([1]))
            >>> worlds.of("pruning").of("layer/0").purpose
            '/pruning/layer~10'
        """
        name = purpose.replace("~", "~0").replace("/", "~1")
        return replace(self, purpose=f"{self.purpose}/{name}")

    def select(self, ids: Tensor | slice) -> Key:
        """The streams at ``ids``, int64 or a slice: those of a chunk of the cells."""
        return replace(self, seeds=self.seeds[ids], cells=self.cells[ids])

    def to(self, device: torch.device | str) -> Key:
        """The same streams, drawn on another device: the same numbers."""
        return replace(self, seeds=self.seeds.to(device), cells=self.cells.to(device))


def require_within(name: str, value: int, end: int) -> None:
    """Raise a `CoevoError` that names the argument unless ``0 <= value < end``."""
    if not 0 <= value < end:
        raise CoevoError(f"{name}: got {value}; give a whole number in [0, {end})")
