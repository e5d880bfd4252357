"""The batches that the cells of a stack train on, and those that selection looks at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from torch import Tensor

from coevo.random import Key
from coevo.stream import Batch, Batches, DataOrder, TrainingRows, drawn_batch
from coevo.tasks import Task
from grids import Grid

__all__ = ["Batching", "Per"]

Per: TypeAlias = Literal["world", "cell"]


@dataclass(frozen=True)
class Batching:
    """Who sees which training rows, and when.

    Attributes:
        grid: cells and worlds.
        cell_key: one random stream per cell.
        world_key: one random stream per world.
        training: the training rows.
        task: says how inputs are corrupted.
        order: cuts the training rows into batches.
        order_per: who shares a data order.
        subset_per: who shares a data subset.
        evaluation_rows: size of the evaluation batch.
        evaluation_batch_per: who shares an evaluation batch.
    """

    grid: Grid
    cell_key: Key
    world_key: Key
    training: TrainingRows
    task: Task
    order: DataOrder
    order_per: Per
    subset_per: Per
    evaluation_rows: int
    evaluation_batch_per: Per

    @cached_property
    def members(self) -> Tensor | None:
        """The training rows of each world or cell: ``[streams, rows]``; None for all rows."""
        return self.order.members(self.cell_key if self.subset_per == "cell" else self.world_key)

    def evaluation(self, generation: int) -> Batch:
        """What selection looks at: ``[worlds, rows, *shape]``, or ``[cells, rows, *shape]``.

        Args:
            generation: from 0.
        """
        own = self.evaluation_batch_per == "cell"
        key = (self.cell_key if own else self.world_key).at(generation)
        rows, noise = key.of("evaluation"), self.world_key.at(generation).of("evaluation_noise")
        noise_of = self.grid.world_of if own else None
        return drawn_batch(self.training, rows, self.evaluation_rows, self.task, noise, noise_of)

    def steps(self, chunk: slice, generation: int) -> Batches:
        """What some cells train on in one generation, a batch for each step.

        Args:
            chunk: cells that follow each other.
            generation: from 0.
        """
        # Worlds are contiguous, so a chunk's worlds are known without asking the device.
        size = self.grid.cells_per_world
        worlds = slice(chunk.start // size, (chunk.stop - 1) // size + 1)
        world_of = self.grid.world_of[chunk] - worlds.start
        indices = self._indices(chunk, worlds, world_of, generation)
        noise = self.world_key.select(worlds).at(generation).of("noise")
        return Batches(self.training, indices, self.task, noise, world_of)

    def _indices(self, chunk: slice, worlds: slice, world_of: Tensor, generation: int) -> Tensor:
        if self.order_per == "cell":
            positions = self.order.positions(self.cell_key.select(chunk), generation)
        else:
            positions = self.order.positions(self.world_key.select(worlds), generation)[world_of]
        if self.members is None:
            return positions
        members = self.members[chunk]
        if self.subset_per == "world":
            members = self.members[worlds][world_of]
        return members.gather(1, positions.flatten(1)).view_as(positions)
