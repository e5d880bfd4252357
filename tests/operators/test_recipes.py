"""Recipes: mutants are a base and weighted differences of rows, whatever is asked for at once."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from coevo.random import Key, integers, uniform
from operators import OWN, Recipe, combine

MEMBERS = torch.tensor([[1.0, 1.0], [2.0, 4.0], [0.0, 8.0]])


def recipe(base: list[int], *terms: list[tuple[int, int, float]]) -> Recipe:
    """Of trials with these bases; each has one list of terms."""
    first, second, weights = (
        torch.tensor([[term[k] for term in trial] for trial in terms]) for k in range(3)
    )
    return Recipe(torch.tensor(base), first, second, weights)


def drawn(seed: int, trials: int, rows: int, genes: int) -> tuple[Recipe, Tensor]:
    """A recipe of two terms, `OWN` among the rows and 0 among the weights, and genomes."""
    key = Key.for_cells(torch.full((trials,), seed), torch.arange(trials))
    row = integers(key.of("rows"), (5,), rows, low=OWN)
    weights = uniform(key.of("weights"), (2,), dtype=torch.float64)
    weights = weights.masked_fill(weights < 0.2, 0.0)
    genomes = uniform(Key.for_worlds(torch.arange(rows + trials)), (genes,), dtype=torch.float64)
    return Recipe(row[:, 0], row[:, 1:3], row[:, 3:], weights), genomes


def test_a_mutant_is_a_base_and_weighted_differences() -> None:
    made = combine(MEMBERS[:1], MEMBERS, None, recipe([1], [(2, 0, 0.5), (0, 1, 2.0)]))
    assert made.tolist() == [[2 + 0.5 * (0 - 1) + 2 * (1 - 2), 4 + 0.5 * (8 - 1) + 2 * (1 - 4)]]


def test_own_is_the_target_of_each_trial() -> None:
    targets = torch.tensor([[10.0, 20.0], [30.0, 40.0]])
    made = combine(targets, MEMBERS, None, recipe([OWN, 0], [(1, OWN, 0.5)], [(OWN, 1, 1.0)]))
    # (10, 20) + 0.5 ((2, 4) - (10, 20)), and (1, 1) + (30, 40) - (2, 4)
    assert made.tolist() == [[6.0, 12.0], [29.0, 37.0]]


def test_rows_behind_the_members_are_the_archive() -> None:
    archive = torch.tensor([[5.0, 5.0], [7.0, 9.0]])
    made = combine(MEMBERS[:1], MEMBERS, archive, recipe([3], [(4, 0, 1.0)]))
    assert made.tolist() == [[11.0, 13.0]]


@pytest.mark.parametrize("unsound", [math.nan, math.inf, -math.inf])
def test_a_term_of_weight_0_is_not_read(unsound: float) -> None:
    members = torch.cat([MEMBERS, torch.full((1, 2), unsound)])
    nowhere = 999
    for first, second in ((3, 0), (0, 3), (3, 3), (nowhere, 0), (0, nowhere)):
        made = combine(members[:1], members, None, recipe([0], [(first, second, 0.0), (1, 0, 1.0)]))
        assert made.tolist() == [[2.0, 4.0]]


def test_an_unsound_target_spoils_no_mutant_that_is_not_made_of_it() -> None:
    targets = torch.full((1, 2), math.nan)
    made = combine(targets, MEMBERS, None, recipe([1], [(2, 0, 1.0), (OWN, OWN, 0.0)]))
    assert made.tolist() == [[1.0, 11.0]]


@given(st.integers(0, 2**40), st.integers(1, 6), st.integers(1, 5), st.integers(1, 9))
def test_a_recipe_is_what_it_says_gene_by_gene(
    seed: int, trials: int, rows: int, genes: int
) -> None:
    made_of, genomes = drawn(seed, trials, rows, genes)
    targets, known = genomes[rows:], genomes[:rows]
    members = rows - rows // 2
    made = combine(targets, known[:members], known[members:], made_of)
    for i in range(trials):
        for gene in range(genes):

            def at(row: Tensor, i: int = i, gene: int = gene) -> float:
                return float(targets[i, gene] if row == OWN else known[row, gene])

            value = at(made_of.base[i])
            for term in range(2):
                difference = at(made_of.first[i, term]) - at(made_of.second[i, term])
                value += float(made_of.weights[i, term]) * difference
            assert float(made[i, gene]) == pytest.approx(value, abs=1e-12)


@given(st.integers(0, 2**40), st.integers(1, 12), st.integers(1, 13))
def test_genes_taken_in_chunks_make_the_same(seed: int, genes: int, at_once: int) -> None:
    made_of, genomes = drawn(seed, 4, 5, genes)
    targets, members, archive = genomes[5:], genomes[:3], genomes[3:5]
    whole = combine(targets, members, archive, made_of)
    out = torch.full_like(targets, math.nan)
    chunked = combine(targets, members, archive, made_of, genes_at_once=at_once, out=out)
    assert torch.equal(chunked, whole)
    assert chunked is out


def test_mutants_have_the_type_of_the_genomes() -> None:
    made_of, genomes = drawn(5, 2, 3, 4)
    made = combine(genomes[3:].float(), genomes[:3].float(), None, made_of)
    assert made_of.weights.dtype == torch.float64
    assert made.dtype == torch.float32


def test_each_trial_has_the_recipe_that_is_chosen_for_it() -> None:
    short = recipe([0, 1], [(1, 2, 0.5)], [(2, 0, 0.25)])
    long = recipe([2, OWN], [(0, 1, 1.0), (1, 2, 2.0)], [(1, 0, 3.0), (2, 1, 4.0)])
    chosen = Recipe.choose([short, long], torch.tensor([1, 0]))
    targets = MEMBERS[:2]
    expected = [combine(targets, MEMBERS, None, one) for one in (long, short)]
    assert torch.equal(
        combine(targets, MEMBERS, None, chosen), torch.stack([expected[0][0], expected[1][1]])
    )


def test_choosing_keeps_the_leading_shape() -> None:
    one = recipe([0, 1], [(1, 2, 0.5)], [(2, 0, 0.25)])
    grid = Recipe(
        one.base.view(1, 2), *(x.view(1, 2, 1) for x in (one.first, one.second, one.weights))
    )
    chosen = Recipe.choose([grid, grid], torch.tensor([[0, 1]]))
    assert chosen.base.shape == (1, 2)
    assert torch.equal(
        combine(MEMBERS[:2], MEMBERS, None, chosen.flat()), combine(MEMBERS[:2], MEMBERS, None, one)
    )


@given(st.integers(0, 2**40), st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_selected_trials_are_made_as_among_all(seed: int, ids: list[int]) -> None:
    made_of, genomes = drawn(seed, 5, 4, 3)
    targets, members = genomes[4:], genomes[:4]
    some = torch.tensor(ids)
    selected = combine(targets[some], members, None, made_of.select(some))
    assert torch.equal(selected, combine(targets, members, None, made_of)[some])


def test_what_mutants_are_made_of_is_left_alone() -> None:
    made_of, genomes = drawn(3, 4, 5, 6)
    parts = [made_of.base, made_of.first, made_of.second, made_of.weights, genomes]
    before = [part.clone() for part in parts]
    combine(genomes[5:], genomes[:3], genomes[3:5], made_of)
    assert all(torch.equal(*pair) for pair in zip(parts, before, strict=True))
