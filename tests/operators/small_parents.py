"""A few genomes, and parents among them, that mutants are worked out from by hand."""

from __future__ import annotations

import torch
from torch import Tensor

from operators import STRATEGIES, Parents, Recipe, combine

__all__ = ["ARCHIVE", "MEMBERS", "PARENTS", "mutant", "mutants", "recipe_of"]

# Two genes each. The target is the first.
MEMBERS = torch.tensor(
    [[1.0, 10.0], [2.0, 20.0], [4.0, 0.0], [8.0, -10.0], [16.0, 30.0], [32.0, 40.0]],
    dtype=torch.float64,
)
ARCHIVE = torch.tensor([[64.0, 100.0]], dtype=torch.float64)
PARENTS = Parents(
    best=torch.tensor([2]),
    pbest=torch.tensor([1]),
    drawn=torch.tensor([[3, 4, 5, 1, 2]]),
    outsider=torch.tensor([6]),
    losses=torch.tensor([[1.0, 2.0, 1.0, 5.0, 6.0]], dtype=torch.float64),
    ranked=torch.tensor([[2, 1, 3]]),
    share=torch.tensor([0.25], dtype=torch.float64),
)


def recipe_of(strategy: str, parents: Parents = PARENTS, scale: float = 0.5) -> Recipe:
    """What a strategy makes of parents, with the same F for all trials."""
    return STRATEGIES[strategy].function(parents, torch.full_like(parents.share, scale))


def mutant(recipe: Recipe) -> list[float]:
    """The one mutant of the first member."""
    made: list[float] = combine(MEMBERS[:1], MEMBERS, ARCHIVE, recipe)[0].tolist()
    return made


def mutants(recipe: Recipe, genomes: Tensor, members: int) -> Tensor:
    """Mutants of the first genomes, of which those behind the members are an archive."""
    targets = genomes[: len(recipe.base)]
    return combine(targets, genomes[:members], genomes[members:], recipe)
