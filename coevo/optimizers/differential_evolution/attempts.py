"""A trial of every cell against its target, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.optimizers.differential_evolution.adaptation import Parameters
from coevo.optimizers.differential_evolution.contest import Verdict
from coevo.population import Population

__all__ = ["Attempt", "Challenger", "best_of"]


@dataclass(frozen=True)
class Challenger:
    """Networks that were tried.

    Attributes:
        networks: by role.
        verdict: how they did.
    """

    networks: Mapping[str, Population]
    verdict: Verdict


@dataclass(frozen=True)
class Attempt:
    """What became of a trial of every cell; each ``[n]`` but for the first.

    Attributes:
        chosen: how trials were made, each ``[n, 1]``.
        made: bool, whether the cell made one.
        success: bool, whether it beat its target.
        gain: float64, by how much, relative to the target's loss; 0 without success.
        beats: bool, whether it beat the best of the neighborhood.
        soup: bool, whether an extra trial beat the target; None where there was no extra trial.
        loss: of the networks that stayed.
    """

    chosen: Parameters
    made: Tensor
    success: Tensor
    gain: Tensor
    beats: Tensor
    soup: Tensor | None
    loss: Tensor


def best_of(
    target: Mapping[str, Population], loss: Tensor, challengers: Sequence[Challenger]
) -> tuple[dict[str, Population], Tensor, Tensor]:
    """The networks that stay.

    Args:
        target: by role.
        loss: ``[n]``, of the target.
        challengers: each takes the place where it was accepted and no other one is better.

    Returns:
        The networks, their losses ``[n]``, and whether they are new ``[n]`` bool.
    """
    stayed, lowest = dict(target), loss
    new = torch.zeros_like(loss, dtype=torch.bool)
    for one in challengers:
        # A target whose loss is not a number is no better than any.
        wins = one.verdict.accepted & ~(lowest <= one.verdict.loss)
        stayed = {role: one.networks[role].merge(wins, own) for role, own in stayed.items()}
        lowest = torch.where(wins, one.verdict.loss, lowest)
        new = new | wins
    return stayed, lowest, new
