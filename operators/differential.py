"""What a trial of differential evolution (Storn and Price 1997) is made of, and its making.

A mutant is the sum of a base and of weighted differences between rows of genomes. Which rows and
weights is data, so that trials of several strategies are made in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["OWN", "Parents", "Recipe", "combine"]

OWN = -1
"""Stands for a trial's own target where a row of the genomes is named."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """What mutants are made of: ``base + sum over terms of weights * (first - second)``.

    Rows are those of the members, then those of the archive behind them, or `OWN`.

    Attributes:
        base: ``[*]`` int64, rows.
        first: ``[*, terms]`` int64, rows.
        second: ``[*, terms]`` int64, rows.
        weights: ``[*, terms]`` float. A term of weight 0 is not read.
    """

    base: Tensor
    first: Tensor
    second: Tensor
    weights: Tensor

    def flat(self) -> Recipe:
        """The same with one leading dimension."""
        terms = self.weights.shape[-1]
        return Recipe(
            self.base.reshape(-1),
            *(part.reshape(-1, terms) for part in (self.first, self.second, self.weights)),
        )

    def select(self, ids: Tensor | slice) -> Recipe:
        """Those of the trials at ``ids`` of the first dimension, int64 or a slice."""
        return Recipe(self.base[ids], self.first[ids], self.second[ids], self.weights[ids])

    @staticmethod
    def choose(recipes: Sequence[Recipe], chosen: Tensor) -> Recipe:
        """Take each trial's recipe from one of several.

        Args:
            recipes: of the same leading shape; terms that one lacks have weight 0.
            chosen: ``[*]`` int64, places in ``recipes``.

        Returns:
            A recipe with as many terms as the longest.

        Examples:
            >>> rows = torch.tensor([0, 1])
            >>> still = Recipe(rows, rows[:, None], rows[:, None], torch.zeros(2, 1))
            >>> moved = Recipe(rows + 2, rows[:, None], rows[:, None], torch.ones(2, 1))
            >>> Recipe.choose([still, moved], torch.tensor([1, 0])).base
            tensor([2, 1])
        """
        terms = max(recipe.weights.shape[-1] for recipe in recipes)
        padded = [recipe._padded(terms) for recipe in recipes]
        wide = chosen[None, ..., None].expand(1, *chosen.shape, terms)
        return Recipe(
            torch.stack([recipe.base for recipe in padded]).gather(0, chosen[None])[0],
            torch.stack([recipe.first for recipe in padded]).gather(0, wide)[0],
            torch.stack([recipe.second for recipe in padded]).gather(0, wide)[0],
            torch.stack([recipe.weights for recipe in padded]).gather(0, wide)[0],
        )

    def _padded(self, terms: int) -> Recipe:
        room = (0, terms - self.weights.shape[-1])
        return Recipe(
            self.base,
            functional.pad(self.first, room, value=OWN),
            functional.pad(self.second, room, value=OWN),
            functional.pad(self.weights, room),
        )


@dataclass(frozen=True, eq=False)
class Parents:
    """What a strategy may choose from, for each trial. All but losses and share are rows.

    Attributes:
        best: ``[*]`` int64, the best member of the trial's population.
        pbest: ``[*]`` int64, one of its best few, drawn at random.
        drawn: ``[*, r]`` int64, members drawn at random: distinct, none of them the target.
        outsider: ``[*]`` int64, a member or a row of the archive, drawn at random: neither the
            target nor the first of ``drawn``.
        losses: ``[*, r]`` float >= 0, of ``drawn``.
        ranked: ``[*, k]`` int64, the k best members, the best first.
        share: ``[*]`` float, drawn uniformly from [0, 1).
    """

    best: Tensor
    pbest: Tensor
    drawn: Tensor
    outsider: Tensor
    losses: Tensor
    ranked: Tensor
    share: Tensor


def combine(
    targets: Tensor,
    members: Tensor,
    archive: Tensor | None,
    recipe: Recipe,
    *,
    genes_at_once: int = 1 << 16,
    out: Tensor | None = None,
) -> Tensor:
    """Make mutants.

    Beside the result it needs room for ``genes_at_once`` genes of all rows and mutants.

    Args:
        targets: ``[n, genes]`` float, the target of each trial.
        members: ``[m, genes]`` float.
        archive: ``[a, genes]`` float, or nothing.
        recipe: of n trials, in one leading dimension.
        genes_at_once: how many are worked on together.
        out: ``[n, genes]``, where the result is to be; not one of the others.

    Returns:
        ``[n, genes]`` mutants, in the type of the targets.

    Examples:
        >>> members = torch.tensor([[1.0, 1.0], [2.0, 4.0], [0.0, 8.0]])
        >>> recipe = Recipe(*(torch.tensor(x) for x in ([OWN], [[1]], [[2]], [[0.5]])))
        >>> combine(members[:1], members, None, recipe)
        tensor([[ 2., -1.]])
    """
    result = torch.empty_like(targets) if out is None else out
    known = [targets, members] if archive is None else [targets, members, archive]
    weights, base, first, second = _places(recipe, targets)
    for start in range(0, targets.shape[1], genes_at_once):
        part = slice(start, start + genes_at_once)
        rows = torch.cat([matrix[:, part] for matrix in known])
        mutants = rows.index_select(0, base)
        for term in range(weights.shape[1]):
            weight = weights[:, term, None]
            difference = rows.index_select(0, first[:, term])
            difference -= rows.index_select(0, second[:, term])
            # What is not read may be anything, infinite too.
            mutants += difference.mul_(weight).masked_fill_(weight == 0, 0.0)
        result[:, part] = mutants
    return result


def _places(recipe: Recipe, targets: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights, and places of base, first and second among targets, members and archive."""
    weights = recipe.weights.to(targets.dtype)
    own = torch.arange(len(targets), device=targets.device)
    unread = weights == 0
    first = recipe.first.masked_fill(unread, OWN)
    second = recipe.second.masked_fill(unread, OWN)
    return (
        weights,
        own.where(recipe.base == OWN, recipe.base + len(targets)),
        own[:, None].where(first == OWN, first + len(targets)),
        own[:, None].where(second == OWN, second + len(targets)),
    )
