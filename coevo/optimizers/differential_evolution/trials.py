"""What trials are made of: genomes, recipes of mutants, and crossover."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.keys import Key
from coevo.random import bits, uniform
from operators.bounds import Bounds
from operators.crossover import crossed, halves, thresholds
from operators.differential import Recipe

__all__ = ["Crossing", "Genomes", "Variation"]


@dataclass(frozen=True, eq=False)
class Genomes:
    """What trials are made of.

    Attributes:
        targets: ``[n, genes]`` float, the target of each trial; they may be the members.
        members: ``[m, genes]`` float.
        archive: ``[a, genes]`` float, rows m, m + 1, ... of recipes; or nothing.
        mask: ``[n, genes]`` bool, False where a trial's gene is to be zero; or nothing.
    """

    targets: Tensor
    members: Tensor
    archive: Tensor | None = None
    mask: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Crossing:
    """Binomial crossover of one of the tensors that genomes consist of.

    Groups of genes are numbered over all tensors. Group g of a trial crosses if half g of its
    stream (`operators.crossover.halves`) is below the threshold of its rate.

    Attributes:
        rates: ``[n]`` float in [0, 1].
        key: of n streams; what they are used for belongs to this crossover alone.
        forced: ``[n]`` int64, the group that crosses in any case, over all tensors.
        group: how many genes are one group, at least 1; the last may be cut off.
        first: the number of this tensor's first group.
    """

    rates: Tensor
    key: Key
    forced: Tensor
    group: int = 1
    first: int = 0

    def crossed(self, groups: range) -> Tensor:
        """Which of this tensor's groups come from the mutant: ``[n, groups]`` bool."""
        start, stop = self.first + groups.start, self.first + groups.stop
        words = bits(self.key, (-(-stop // 2) - start // 2,), start=start // 2)
        numbers = halves(words)[:, start % 2 : start % 2 + len(groups)]
        return crossed(numbers, thresholds(self.rates), self.forced - start)

    def redraws(self) -> Key:
        """The streams that genes are drawn anew from, a number for each gene of the tensor."""
        return self.key.of("redraw").of(str(self.first))

    def redrawn(self, genes: range, dtype: torch.dtype) -> Tensor:
        """Numbers in [0, 1) for genes of this tensor that are drawn anew: ``[n, genes]``."""
        return uniform(self.redraws(), (len(genes),), start=genes.start, dtype=dtype)


@dataclass(frozen=True, eq=False)
class Variation:
    """All that trials follow from.

    Attributes:
        genomes: read-only.
        recipe: of n mutants, in one leading dimension.
        crossing: of n trials.
        bounds: of the mutants' genes; or nothing.
    """

    genomes: Genomes
    recipe: Recipe
    crossing: Crossing
    bounds: Bounds | None = None
