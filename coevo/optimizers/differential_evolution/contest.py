"""Trials against the networks that they are to replace, scored on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.cells import in_slots
from coevo.networks import NetworkPair
from coevo.optimizers.types import CellProblem
from coevo.population import Population
from coevo.random import choice
from coevo.stream import Batch
from coevo.tasks import Task

__all__ = ["Pair", "Partners", "Verdict", "joined", "judged", "scores"]

Pair = Mapping[str, Population]
"""The encoders and the decoders of some cells, by their role."""


@dataclass(frozen=True)
class Partners:
    """With whom networks of one role are scored, beside the cell's own partner.

    Attributes:
        encoders: of neighbors, as they were at the start of the generation.
        decoders: likewise.
    """

    encoders: tuple[Population, ...] = ()
    decoders: tuple[Population, ...] = ()

    @staticmethod
    def drawn(problem: CellProblem, count: int) -> Partners:
        """Draw different neighbors for every cell, the same for all trials of a generation."""
        if count == 0:
            return Partners()
        slots = choice(problem.key.of("partners"), problem.neighbors.shape[1] - 1, count) + 1
        drawn = [in_slots(problem.neighbors, slot) for slot in slots.unbind(1)]
        return Partners(
            tuple(problem.encoders.select(ids) for ids in drawn),
            tuple(problem.decoders.select(ids) for ids in drawn),
        )


@dataclass(frozen=True)
class Verdict:
    """How a trial did.

    Attributes:
        accepted: ``[n]`` bool.
        loss: ``[n]`` float64, the trial's.
        gain: ``[n]`` float64 >= 0, relative to the target's loss; 0 where it was not accepted.
    """

    accepted: Tensor
    loss: Tensor
    gain: Tensor

    def only(self, condition: Tensor) -> Verdict:
        """The same where a condition, ``[n]`` bool, holds; elsewhere nothing was accepted."""
        return Verdict(self.accepted & condition, self.loss, self.gain * condition)


def joined(batches: Sequence[Batch]) -> Batch:
    """The rows of several batches as one."""
    if len(batches) == 1:
        return batches[0]
    return Batch(
        torch.cat([batch.inputs for batch in batches], 1),
        torch.cat([batch.targets for batch in batches], 1),
    )


def scores(
    networks: NetworkPair, task: Task, pairs: Sequence[tuple[Population, Population]], batch: Batch
) -> Tensor:
    """Losses of every row, averaged over pairs: ``[n, rows]``.

    Args:
        networks: the architectures.
        task: gives the loss.
        pairs: one network of each cell with all its partners.
        batch: of the cells.
    """
    total: Tensor | None = None
    for encoders, decoders in pairs:
        losses = task.row_losses(networks(encoders, decoders, batch.inputs), batch.targets)
        total = losses if total is None else total + losses
    assert total is not None
    return total / len(pairs)


def judged(target: Tensor, trial: Tensor, *, margin: float) -> Verdict:
    """Compare two networks on the same rows.

    Args:
        target: ``[n, rows]`` losses.
        trial: likewise.
        margin: how many standard errors of the mean difference a trial has to be better.
    """
    difference = (target - trial).double()
    mean, loss = difference.mean(1), target.double().mean(1)
    needed = torch.zeros_like(mean)
    if margin > 0 and target.shape[1] > 1:
        needed = margin * difference.std(1) / target.shape[1] ** 0.5
    accepted = (mean > needed) & trial.isfinite().all(1)
    # A target that is not finite loses against any that is.
    accepted |= ~loss.isfinite() & trial.isfinite().all(1)
    relative = (mean / loss.abs().clamp(min=torch.finfo(torch.float32).tiny)).nan_to_num(nan=1.0)
    return Verdict(accepted, trial.double().mean(1), torch.where(accepted, relative, 0.0))
