"""Searches of small populations, generation by generation, and random numbers set by hand."""

from __future__ import annotations

from dataclasses import fields

import torch
from torch import Tensor

from coevo.optimizers.differential_evolution import Rules
from coevo.optimizers.differential_evolution.draws import DONORS, Draws
from coevo.optimizers.differential_evolution.search import Budget, Search
from coevo.random import Key, uniform
from operators import Bounds

__all__ = ["draws", "search_of", "sphere"]


def sphere(genomes: Tensor) -> Tensor:
    return genomes.square().sum(-1)


def search_of(
    rules: Rules, *, populations: int = 2, size: int = 8, genes: int = 3, evaluations: int = 400
) -> Search:
    """A search whose first members are drawn from [-4, 5)."""
    key = Key.for_worlds(torch.arange(populations) + 7)
    genomes = uniform(key.of("first"), (size, genes), low=-4.0, high=5.0, dtype=torch.float64)
    budget = Budget(size, evaluations, rules.reduces, rules.smallest)
    return Search(rules, key, Bounds(-4.0, 5.0, rules.bounds), genomes, budget)


def draws(populations: int, members: int, **given: Tensor | float) -> Draws:
    """Numbers that are one half where they are not given."""
    numbers = {
        field.name: torch.full((populations, members), 0.5, dtype=torch.float64)
        for field in fields(Draws)
    }
    numbers["donors"] = torch.full((populations, members, DONORS), 0.5, dtype=torch.float64)
    for name, value in given.items():
        numbers[name] = torch.as_tensor(value, dtype=torch.float64).expand_as(numbers[name])
    return Draws(**numbers)
