"""Success memories of F and CR: what worked before is tried again.

SHADE (Tanabe & Fukunaga 2013), L-SHADE (2014) with the terminal value of CR, jSO (Brest, Maucec
& Boskovic 2017) with averaged entries. A memory has entries; every trial draws around one of
them, and each generation with a success overwrites the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

__all__ = ["TERMINAL", "CrossoverMean", "MemoryRule", "SuccessMemory", "Successes", "lehmer_mean"]

CrossoverMean: TypeAlias = Literal["lehmer", "arithmetic"]

TERMINAL = -1.0
"""An entry of CR that stays: CR is 0 there."""

_SMALLEST = 1e-8  # keeps an entry of F positive, so that a positive F can be drawn around it


@dataclass(frozen=True)
class Successes:
    """The trials of a generation, pooled by memory.

    Attributes:
        gains: ``[memories, n]`` float64 >= 0, by how much a trial is better than its parent; 0
            for trials that are not. Infinite gains count as the largest number.
        scales: ``[memories, n]`` float64, the trials' F.
        rates: ``[memories, n]`` float64, their CR.
    """

    gains: Tensor
    scales: Tensor
    rates: Tensor

    def weights(self) -> Tensor:
        """Shares of the gains, ``[memories, n]``; all 0 where nothing was gained."""
        # Divided by the largest first: gains may be so small or large that their sum is not exact.
        finite = self.gains.nan_to_num(nan=0.0, posinf=torch.finfo(self.gains.dtype).max)
        largest = finite.amax(-1, keepdim=True)
        share = finite / torch.where(largest > 0, largest, 1.0)
        return share / share.sum(-1, keepdim=True).clamp(min=1.0)


@dataclass(frozen=True)
class MemoryRule:
    """How an entry follows from successes.

    Attributes:
        crossover_mean: of CR; F always has the Lehmer mean.
        terminal: whether an entry of CR ends at `TERMINAL` once all successful CRs were 0.
        averaged: whether the new entry is the mean of the old one and of what SHADE would write.
    """

    crossover_mean: CrossoverMean = "lehmer"
    terminal: bool = True
    averaged: bool = False


@dataclass(frozen=True)
class SuccessMemory:
    """Entries of many memories.

    Attributes:
        scales: ``[memories, entries]`` float64, of F, in (0, 1].
        rates: ``[memories, entries]`` float64, of CR, in [0, 1], or `TERMINAL`.
        position: ``[memories]`` int64, the entry that is overwritten next.
    """

    scales: Tensor
    rates: Tensor
    position: Tensor

    def learned(self, successes: Successes, rule: MemoryRule) -> SuccessMemory:
        """The memories after a generation; where nothing was better, as they were.

        Examples:
            >>> memory = SuccessMemory(*torch.full((2, 1, 2), 0.5).double(), torch.tensor([1]))
            >>> rows = torch.tensor([[1.0, 3.0]]), torch.tensor([[0.2, 0.6]]), torch.ones(1, 2)
            >>> after = memory.learned(Successes(*(row.double() for row in rows)), MemoryRule())
            >>> after.scales, after.position
            (tensor([[0.5000, 0.5600]], dtype=torch.float64), tensor([0]))
        """
        weights = successes.weights()
        place = self.position.unsqueeze(-1)
        scale = lehmer_mean(weights, successes.scales).clamp(min=_SMALLEST, max=1.0)
        rate = (weights * successes.rates).sum(-1)
        if rule.crossover_mean == "lehmer":
            rate = lehmer_mean(weights, successes.rates)
        old_scale = self.scales.gather(-1, place).squeeze(-1)
        old_rate = self.rates.gather(-1, place).squeeze(-1)
        if rule.averaged:
            scale, rate = (scale + old_scale) / 2.0, (rate + old_rate) / 2.0
        if rule.terminal:
            none = (successes.rates * (weights > 0)).amax(-1) == 0
            rate = torch.where(none | (old_rate == TERMINAL), TERMINAL, rate)
        better = weights.amax(-1) > 0
        scale, rate = torch.where(better, scale, old_scale), torch.where(better, rate, old_rate)
        return SuccessMemory(
            self.scales.scatter(-1, place, scale.unsqueeze(-1)),
            self.rates.scatter(-1, place, rate.unsqueeze(-1)),
            (self.position + better) % self.scales.shape[-1],
        )


def lehmer_mean(weights: Tensor, values: Tensor) -> Tensor:
    """The weighted Lehmer mean, sum(w v^2) / sum(w v), over the last dimension; 0 for zeros.

    Examples:
        >>> lehmer_mean(torch.tensor([0.25, 0.75]), torch.tensor([0.2, 0.6]))
        tensor(0.5600)
    """
    above, below = (weights * values.square()).sum(-1), (weights * values).sum(-1)
    return torch.where(below != 0, above / torch.where(below != 0, below, 1.0), 0.0)
