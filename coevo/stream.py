"""Which rows of the training split each cell sees at each step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from coevo.random import Key, choice, integers, permutation
from coevo.tasks import Task, draw_noise

__all__ = ["Batch", "Batches", "DataOrder", "TrainingRows", "drawn_batch", "with_size"]

_NOISE_BLOCK = 1 << 20  # numbers of noise drawn at once: few calls, bounded memory


@dataclass(frozen=True)
class Batch:
    """Rows of one step.

    Attributes:
        inputs: ``[cells, batch, *input_shape]``, corrupted where the task says so.
        targets: ``[cells, batch, *target_shape]``.
    """

    inputs: Tensor
    targets: Tensor


@dataclass(frozen=True)
class TrainingRows:
    """The training split on the device.

    Attributes:
        inputs: ``[rows, *input_shape]``.
        targets: ``[rows, *target_shape]``; the inputs themselves for autoencoders.
    """

    inputs: Tensor
    targets: Tensor

    @property
    def rows(self) -> int:
        """Number of training rows."""
        return len(self.inputs)


@dataclass(frozen=True)
class DataOrder:
    """An endless sequence of row numbers per stream: one permutation after the other.

    Attributes:
        rows: number of training rows.
        batch_size: rows of one step.
        steps: steps of one generation.
        kept_rows: how many of the rows a stream uses (its subset).
    """

    rows: int
    batch_size: int
    steps: int
    kept_rows: int

    def positions(self, key: Key, generation: int) -> Tensor:
        """Positions among a stream's own rows, for one generation.

        Args:
            key: streams that the order is drawn from (one per cell or one per world).
            generation: from 0.

        Returns:
            ``[streams, steps, batch_size]`` int64 in ``[0, kept_rows)``.
        """
        used = self.steps * self.batch_size
        first, last = generation * used, (generation + 1) * used
        pieces = []
        for epoch in range(first // self.kept_rows, (last - 1) // self.kept_rows + 1):
            begin = epoch * self.kept_rows
            whole = permutation(key.at(epoch).of("order"), self.kept_rows)
            pieces.append(whole[:, max(first - begin, 0) : last - begin])
        return torch.cat(pieces, 1).view(-1, self.steps, self.batch_size)

    def members(self, key: Key) -> Tensor | None:
        """The rows that each stream uses: ``[streams, kept_rows]`` int64; None for all rows."""
        if self.kept_rows == self.rows:
            return None
        return choice(key.at(0).of("subset"), self.rows, self.kept_rows)


class Batches:
    """The batches of one generation, step by step. Can be read once."""

    def __init__(
        self, data: TrainingRows, indices: Tensor, task: Task, noise: Key, noise_of: Tensor
    ) -> None:
        """Say what the batches are made of.

        Args:
            data: the training split.
            indices: ``[cells, steps, batch]`` int64 row numbers.
            task: says whether inputs are corrupted.
            noise: one stream per world, at the generation.
            noise_of: ``[cells]`` int64, the stream of each cell.
        """
        self.indices = indices
        self._data, self._task, self._noise, self._noise_of = data, task, noise, noise_of
        self._made = self._make()

    def __iter__(self) -> Iterator[Batch]:
        """These batches."""
        return self

    def __next__(self) -> Batch:
        """The batch of the next step."""
        return next(self._made)

    @property
    def rows(self) -> TrainingRows | None:
        """What `indices` are numbers of, where batches are nothing but these rows; else None."""
        return self._data if self._task.noise is None else None

    def _make(self) -> Iterator[Batch]:
        _, steps, size = self.indices.shape
        data, shape = self._data, tuple(self._data.inputs.shape[1:])
        block = max(1, _NOISE_BLOCK // (size * max(1, shape_count(shape)) * self._noise.streams))
        drawn = torch.empty(0)
        for step in range(steps):
            rows = self.indices[:, step].flatten()
            inputs = data.inputs.index_select(0, rows).view(-1, size, *shape)
            targets = inputs
            if data.targets is not data.inputs:
                targets = data.targets.index_select(0, rows)
                targets = targets.view(-1, size, *data.targets.shape[1:])
            if self._task.noise is not None:
                if step % block == 0:
                    drawn = self._draw(step, min(block, steps - step))
                noise = drawn[:, step % block].index_select(0, self._noise_of)
                inputs = self._task.corrupt(inputs, noise)
            yield Batch(inputs, targets)

    def _draw(self, step: int, count: int) -> Tensor:
        """Noise of some steps: ``[worlds, count, batch, *input_shape]``."""
        assert self._task.noise is not None
        shape = (self.indices.shape[2], *self._data.inputs.shape[1:])
        return draw_noise(
            self._task.noise,
            self._noise,
            (count, *shape),
            dtype=self._data.inputs.dtype,
            start=step * shape_count(shape),
        )


def drawn_batch(
    data: TrainingRows, rows: Key, count: int, task: Task, noise: Key, noise_of: Tensor | None
) -> Batch:
    """Rows drawn with replacement, corrupted as the task says.

    Args:
        data: a split.
        rows: one stream per batch, that draws its rows.
        count: rows of a batch.
        task: says whether inputs are corrupted.
        noise: one stream per world.
        noise_of: ``[batches]`` int64, the stream of each batch; None where they are the same.
    """
    drawn = integers(rows, (count,), data.rows)
    inputs, targets = data.inputs[drawn], data.targets[drawn]
    if task.noise is not None:
        shape = tuple(inputs.shape[1:])
        numbers = draw_noise(task.noise, noise, shape, dtype=inputs.dtype)
        inputs = task.corrupt(inputs, numbers if noise_of is None else numbers[noise_of])
    return Batch(inputs, targets)


def shape_count(shape: tuple[int, ...]) -> int:
    """Numbers in one row of a shape."""
    return int(torch.Size(shape).numel())


def with_size(batches: Iterator[Batch]) -> tuple[Iterator[Batch], int]:
    """Batches of one size, and how many rows each has."""
    if isinstance(batches, Batches):
        return batches, batches.indices.shape[2]
    first = next(batches)
    return chain([first], batches), first.inputs.shape[1]
