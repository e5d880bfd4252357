"""The random numbers of a trial, all drawn at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.random import Key, uniform

__all__ = ["DONORS", "Draws"]

DONORS = 5
"""The most donors that a strategy draws."""

_NAMES = (
    *("entry", "scale", "rate", "share", "pbest_share", "pbest", "outsider", "forced"),
    *("strategy", "coin", "frequency_entry", "frequency", "archive"),
)


@dataclass(frozen=True)
class Draws:
    """Fractions in [0, 1), float64, for all trials of some populations.

    Attributes:
        entry: chooses an entry of the memory.
        scale: the quantile of F.
        rate: the quantile of CR.
        share: the random share of current-to-rand/1.
        pbest_share: the share of the population that the p-best is from.
        pbest: the p-best among these.
        outsider: the donor that may be from the archive.
        forced: the gene that always crosses.
        strategy: which pointer a trial takes; of the first trial also where pointers start.
        coin: of the first trial, chooses a sinusoid for all.
        frequency_entry: chooses an entry of the memory of frequencies.
        frequency: the quantile of a frequency.
        archive: the place that a defeated parent takes.
        donors: ``[populations, members, 5]``; the others are ``[populations, members]``.
    """

    entry: Tensor
    scale: Tensor
    rate: Tensor
    share: Tensor
    pbest_share: Tensor
    pbest: Tensor
    outsider: Tensor
    forced: Tensor
    strategy: Tensor
    coin: Tensor
    frequency_entry: Tensor
    frequency: Tensor
    archive: Tensor
    donors: Tensor

    @staticmethod
    def of(key: Key, members: int) -> Draws:
        """Draw.

        Args:
            key: one stream per trial, those of a population behind each other.
            members: trials of a population.
        """
        count = len(_NAMES) + DONORS
        drawn = uniform(key.of("choices"), (count,), dtype=torch.float64)
        drawn = drawn.view(-1, members, count)
        named = dict(zip(_NAMES, drawn.unbind(-1), strict=False))
        return Draws(**named, donors=drawn[..., len(_NAMES) :])
