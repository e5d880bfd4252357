"""Loss of pairings on rows that no training step sees."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.networks import NetworkPair
from coevo.population import Population
from coevo.random import Key
from coevo.tasks import METRICS, LossName, Task, draw_noise

__all__ = ["HeldOut"]

_NUMBERS_AT_ONCE = 1 << 22  # output numbers per forward pass: bounds memory, fits caches


@dataclass(frozen=True)
class HeldOut:
    """The validation or the test split, its inputs already corrupted.

    Attributes:
        inputs: ``[rows, *input_shape]``.
        targets: ``[rows, *target_shape]``.
    """

    inputs: Tensor
    targets: Tensor

    @staticmethod
    def prepare(inputs: Tensor, targets: Tensor, task: Task, key: Key) -> HeldOut:
        """Corrupt the inputs once and for all.

        Args:
            inputs: ``[rows, *input_shape]`` clean.
            targets: ``[rows, *target_shape]``.
            task: says how.
            key: one stream; not the experiment's seed, so that all runs see the same noise.
        """
        if task.noise is None:
            return HeldOut(inputs, targets)
        noise = draw_noise(task.noise, key, tuple(inputs.shape), dtype=inputs.dtype)
        return HeldOut(task.corrupt(inputs, noise[0]), targets)

    def first(self, rows: int | None) -> HeldOut:
        """The first rows; all of them for None."""
        return self if rows is None else HeldOut(self.inputs[:rows], self.targets[:rows])

    def metrics(
        self,
        networks: NetworkPair,
        task: Task,
        encoders: Population,
        decoders: Population,
        *,
        names: tuple[LossName, ...] = METRICS,
    ) -> dict[str, Tensor]:
        """Loss of every pairing (encoder i with decoder i), averaged over the rows.

        Args:
            networks: the architectures.
            task: gives the losses.
            encoders: ``[cells, ...]``.
            decoders: ``[cells, ...]``.
            names: which losses.

        Returns:
            ``[cells]`` float64 for each name.
        """
        cells, rows = encoders.cells, len(self.inputs)
        numbers = int(torch.Size(self.targets.shape[1:]).numel())
        cells_at_once = max(1, min(cells, _NUMBERS_AT_ONCE // (numbers * min(rows, 256))))
        rows_at_once = max(1, _NUMBERS_AT_ONCE // (numbers * cells_at_once))
        parts = []
        with torch.no_grad():
            for first in range(0, cells, cells_at_once):
                chunk = slice(first, min(first + cells_at_once, cells))
                pair = encoders.chunk(chunk), decoders.chunk(chunk)
                parts.append(self._sums(networks, task, pair, rows_at_once, names))
        return {name: torch.cat([part[name] for part in parts]) / rows for name in names}

    def _sums(
        self,
        networks: NetworkPair,
        task: Task,
        pair: tuple[Population, Population],
        rows_at_once: int,
        names: tuple[LossName, ...],
    ) -> dict[str, Tensor]:
        cells = pair[0].cells
        sums: dict[str, Tensor] = {
            name: torch.zeros(cells, dtype=torch.float64, device=self.inputs.device)
            for name in names
        }
        for first in range(0, len(self.inputs), rows_at_once):
            inputs = self.inputs[first : first + rows_at_once]
            targets = self.targets[first : first + rows_at_once].unsqueeze(0)
            outputs = networks(*pair, inputs.expand(cells, *inputs.shape))
            for name in names:
                sums[name] += task.row_losses(outputs, targets, name).double().sum(1)
        return sums
