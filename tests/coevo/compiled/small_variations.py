"""Small trials of all kinds, for loops that must make them alike."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import Tensor

from coevo.compiled.conventions import GENES_AT_ONCE
from coevo.optimizers.differential_evolution.trials import Crossing, Genomes, Variation
from coevo.random import Key, integers, uniform
from operators import BOUND_RULES, OWN, Bounds, Recipe

__all__ = ["FEW", "MANY", "crossings", "numbers", "variations"]

FEW = st.integers(1, 70)
# On both sides of the borders of chunks.
MANY = st.sampled_from([*(GENES_AT_ONCE + k for k in (-1, 0, 1, 17)), 2 * GENES_AT_ONCE + 3])

_SEEDS = st.integers(0, 2**62)


def numbers(seed: int, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Numbers in [-1, 1)."""
    key = Key.for_worlds(torch.tensor([seed])).of("numbers")
    return uniform(key, shape, low=-1.0, high=1.0, dtype=dtype)[0]


@st.composite
def crossings(draw: st.DrawFn, trials: int, genes: int) -> Crossing:
    """Rates of 0, 1 and between; groups of any size; forced groups here and elsewhere."""
    rate = st.sampled_from([0.0, 1.0, 1e-6, 0.3, 0.9, 1 - 1e-6])
    group = draw(st.sampled_from([1, 1, 2, 3, 8, genes, genes + 5]))
    first = draw(st.sampled_from([0, 0, 1, 7, 8, 13, 1001]))
    groups = -(-genes // group)
    forced = st.integers(first - 2, first + groups + 2)
    seeds, cells = (
        draw(st.lists(of, min_size=trials, max_size=trials))
        for of in (_SEEDS, st.integers(0, 2**32 - 1))
    )
    key = Key(torch.tensor(seeds), torch.tensor(cells), draw(st.integers(0, 2**32 - 1)))
    return Crossing(
        torch.tensor(draw(st.lists(rate, min_size=trials, max_size=trials))).double(),
        key.of("crossover"),
        torch.tensor(draw(st.lists(forced, min_size=trials, max_size=trials))),
        group,
        first,
    )


@st.composite
def recipes(draw: st.DrawFn, trials: int, rows: int) -> Recipe:
    """Up to three terms; `OWN` among the rows, and terms of weight 0 of rows that are nowhere."""
    terms, seed = draw(st.integers(0, 3)), draw(_SEEDS)
    key = Key.for_cells(torch.full((trials,), seed), torch.arange(trials))
    row = integers(key.of("rows"), (1 + 2 * terms,), rows, low=OWN)
    weights = uniform(key.of("weights"), (terms,), low=-1.0, high=1.0, dtype=torch.float64)
    weights = weights.masked_fill(weights.abs() < 0.2, 0.0)
    first = row[:, 1 : 1 + terms].masked_fill(weights == 0, 999)
    return Recipe(row[:, 0], first, row[:, 1 + terms :], weights)


@st.composite
def variations(draw: st.DrawFn, sizes: st.SearchStrategy[int]) -> Variation:
    """Genomes in [-1, 1) with any archive and mask; bounds that about half of the mutants leave."""
    trials, members, archived = (draw(st.integers(low, 4)) for low in (1, 1, 0))
    genes, seed = draw(sizes), draw(_SEEDS)
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    rows = numbers(seed, (2 * trials + members + archived, genes), dtype)
    targets, mask, known, archive = rows.split([trials, trials, members, archived])
    low, high = -0.6, 0.7
    rule = draw(st.sampled_from(BOUND_RULES))
    bounds = draw(
        st.sampled_from(
            [
                None,
                Bounds(low, high, rule),
                Bounds(known[0] - 0.5, known[0].abs() + 0.2, rule),
                Bounds(torch.tensor(low), known[0].abs(), rule),
            ]
        )
    )
    if bounds is not None:
        targets = targets.clamp(*bounds.like(targets))
    genomes = Genomes(
        targets,
        known,
        archive if archived else None,
        mask > -0.5 if draw(st.booleans()) else None,
    )
    recipe = draw(recipes(trials, members + archived))
    return Variation(genomes, recipe, draw(crossings(trials, genes)), bounds)
